/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_MEND_TIMES_H
#define ERG_ANALYZE_ATTRIBUTION_MEND_TIMES_H

/* A fit, judged once its readings have weights and times that hold beside each other. */
#include <stdbool.h>

struct attr_run;

/* 0 or a failure; what is wrong with the fit is in R->misfit. */
int attr_weigh_and_judge(struct attr_run *r);
/* A lag that the data hold well within what was searched. */
bool attr_lag_found(const struct attr_run *r);

#endif
