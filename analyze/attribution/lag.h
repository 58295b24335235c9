/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_LAG_H
#define ERG_ANALYZE_ATTRIBUTION_LAG_H

/* A first lag and window, by a subset of the rows. */
#include <stdbool.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/kernel.h"

struct attr_readings;

struct attr_fit {
	struct attr_shape shape;
	double lag_u_ns; /* standard */
	bool estimated;  /* by this search */
	bool window_fitted;
	double *power; /* per column, at the minimum; owned */
	double rss;    /* per row, W^2 */
};
int attr_lag_search(const struct attr_view *v, const struct attr_readings *r,
	const struct erg_rail *rail, const struct erg_attr_options *opt,
	const struct attr_shape *start, struct attr_fit *ret, struct erg_err *err);

#endif
