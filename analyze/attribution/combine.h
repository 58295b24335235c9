/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_COMBINE_H
#define ERG_ANALYZE_ATTRIBUTION_COMBINE_H

/* Sums of classes with their intervals, by the replicates. */
#include <stdbool.h>

#include "analyze/attribution/attribution.h"

struct erg_attr_state;

struct attr_parts {
	double value, lo, hi; /* lo..hi statistical */
	double syst;          /* offset, gain, quantum, lag */
	double doubt;         /* half width of what merging could mend: statistical, quantum, lag */
};
void attr_parts_of(const struct erg_attr_state *st, const double *weight, bool above_idle,
	struct attr_parts *ret);
struct erg_est attr_parts_est(const struct attr_parts *p, double divisor, const char *method);
/* All classes, by the fit; unresolved where the gates say so, but for the limit of the interval. */
struct erg_est attr_combine_all(const struct erg_attr *a);

#endif
