/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_FINITE_H
#define ERG_ANALYZE_ATTRIBUTION_FINITE_H

/* Replicates for this run instead of all runs like it. */
#include "analyze/attribution/attribution.h"

struct attr_boot;
struct erg_attr_state;

/* Shrinks the replicates by what the instances of this very run explain. */
int attr_finite(struct erg_attr_state *st, struct attr_boot *boot, const double *slope_power,
	double delta, struct erg_err *err);

#endif
