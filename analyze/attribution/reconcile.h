/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_RECONCILE_H
#define ERG_ANALYZE_ATTRIBUTION_RECONCILE_H

/* Parts that make up the whole. */
#include "analyze/attribution/attribution.h"

/* What the sums need beside the replicates. */
int attr_sums_prepare(struct erg_attr *a, struct erg_err *err);
/* Moves the classes, by their covariance with it, so that together they are TOTAL, which is better
 * known than ALL, their sum. */
int attr_reconcile(struct erg_attr *a, const struct erg_est *total, const struct erg_est *all,
	struct erg_err *err);

#endif
