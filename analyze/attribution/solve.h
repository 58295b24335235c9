/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SOLVE_H
#define ERG_ANALYZE_ATTRIBUTION_SOLVE_H

/* Power per column by the sums, with a drift between the blocks. */
#include "analyze/attribution/kernel.h"

struct attr_gram;
struct attr_nnls;

struct attr_solution {
	double *power; /* n_cols */
	double delta
		[ATTR_EXTRA_MAX]; /* what the further columns ask for; [0]: shift of the lag, ns */
	double rss;               /* per row, before the baseline, with the further columns; W^2 */
	double rss_plain;         /* and without them */
	double sigma2;            /* of one reading, within blocks */
	double tau2;              /* of the baseline between blocks */
	double yy;
};
/* Applies the random baseline of the blocks to the sums of G (once), solves. */
int attr_solve(struct attr_gram *g, struct attr_nnls *s, struct attr_solution *ret,
	struct erg_err *err);
/* What attr_solve() has as rss_plain, of sums whose further columns are 0; where attr_plain_tells() says that
 * it is the same. */
int attr_solve_plain(const struct attr_gram *g, struct attr_nnls *s, double *ret_rss,
	struct erg_err *err);
bool attr_plain_tells(const struct attr_gram *g);
/* Squared residuals of the sums SUM, G in front, for the coefficients X, W^2. */
double attr_sum_residual(const struct attr_gram *g, double *sum, const double *x);
/* attr_gram_total as it was before the baseline was applied; G only. */
void attr_raw_total(const struct attr_gram *g, double sigma2, double tau2, double *out);
/* Takes the drift between blocks out of the sums, for the bootstrap. */
int attr_center(struct attr_gram *g, const double *x, const struct attr_solution *v,
	struct erg_err *err);

#endif
