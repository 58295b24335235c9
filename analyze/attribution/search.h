/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SEARCH_H
#define ERG_ANALYZE_ATTRIBUTION_SEARCH_H

/* A search for the sensor that the readings follow from. */
#include <stdbool.h>

struct attr_run;

/* Looks everywhere for a sensor that the readings follow from; R is then fitted with the best. FINE: among
 * many windows and lags, which takes longer, and no low-passes. */
int attr_search(struct attr_run *r, bool fine);

enum attr_audit {
	ATTR_AUDIT_ALIKE, /* whether no other sensor far from the one fitted does as well on a stretch of the run */
	ATTR_AUDIT_ALIKE_OF_ALL, /* the same, and with all readings, also those outside of the work */
	ATTR_AUDIT_SHIFTED, /* the same of windows alone that differ by whole iterations of the work */
	ATTR_AUDIT_BY_FAR, /* whether none does plainly better on the stretch */
};
/* Whether the fit holds in that. It stays as it is. 0 or a failure. */
int attr_audit(struct attr_run *r, enum attr_audit how, bool *ret_held);

#endif
