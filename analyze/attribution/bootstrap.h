/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_BOOTSTRAP_H
#define ERG_ANALYZE_ATTRIBUTION_BOOTSTRAP_H

/* Replicates of the solution, from blocks of time that are drawn. */
#include <stddef.h>
#include <stdint.h>

struct attr_gram;
struct attr_nnls;
struct erg_err;

#define ATTR_MIN_BLOCKS 20 /* of a bootstrap */
/* Politis-White (2004) length for the mean of the series, in elements, at least 1. */
double attr_block_length(const double *x, size_t n);
#define ATTR_SCORE_COLUMNS 150 /* beyond, a round is one Newton step */

struct attr_boot {
	size_t rounds, n_cols;
	double *rep; /* rounds x dim: power, then the further columns */
};
/* SCORE: of each block, h - G x at the solution of FULL (n x dim); NULL: each round is solved. */
int attr_bootstrap(const struct attr_gram *g, const struct attr_nnls *full, const double *score,
	size_t length, unsigned int rounds, uint64_t seed, struct attr_boot *ret,
	struct erg_err *err);

#endif
