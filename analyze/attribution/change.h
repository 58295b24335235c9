/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_CHANGE_H
#define ERG_ANALYZE_ATTRIBUTION_CHANGE_H

/* A change of the level of power that was not recorded. */
#include "analyze/attribution/attribution.h"

struct attr_run;

/* Whether the readings before some time follow from other powers than those after it: 1 and between which
 * times that is, 0, or an error. */
int attr_find_change(struct attr_run *r, struct erg_attr_span *ret);

#endif
