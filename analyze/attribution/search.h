/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SEARCH_H
#define ERG_ANALYZE_ATTRIBUTION_SEARCH_H

/* A search for the sensor that the readings follow from. */
#include <stdbool.h>

struct attr_run;

/* Looks everywhere for a sensor that the readings follow from; R is then fitted with the best. FINE: among
 * many windows and lags, which takes longer, and no low-passes. */
int attr_search(struct attr_run *r, bool fine);
/* Whether no other sensor far from the one fitted does as well on a stretch of the run. The fit stays. */
int attr_audit(struct attr_run *r, bool *ret_held);

#endif
