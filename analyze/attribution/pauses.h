/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_PAUSES_H
#define ERG_ANALYZE_ATTRIBUTION_PAUSES_H

/* What pauses begin and end with. */
#include <stdbool.h>

struct attr_run;

/* Whether the readings follow by far better from pauses that begin or end as shorter gaps are: R->gap_ends says for how
 * long, for the next view. 0 or a failure. */
int attr_pauses_look(struct attr_run *r, bool *ret_better);
/* Where that is not known, adds what the ends of pauses may have taken to the slack of the time in no layer. 0 or
 * -ENOMEM. */
int attr_pauses_effect(struct attr_run *r);

#endif
