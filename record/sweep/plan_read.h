/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PLAN_READ_H
#define ERG_RECORD_PLAN_READ_H

#include "record/sweep/plan.h"

/* Fills a plan that holds defaults from its document; checks what concerns the whole. */
int erg_plan_fill(struct erg_plan *plan, const struct erg_yaml *y, struct erg_err *err);

#endif
