/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_OWN_PACE_H
#define ERG_ANALYZE_ATTRIBUTION_OWN_PACE_H

/* When a sensor that converts at a pace of its own, more often than it is read, made what each reading shows. */
#include <stdbool.h>

struct attr_run;

/* Where the fit leaves much: whether the readings are of such conversions, whose times are theirs from then on; the fit is
 * then to be made anew. 0 or a failure. */
int attr_own_pace(struct attr_run *r, bool *ret_found);

#endif
