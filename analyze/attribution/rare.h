/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_RARE_H
#define ERG_ANALYZE_ATTRIBUTION_RARE_H

/* For bootstrap.c: columns that few blocks saw. */
#include <stddef.h>
#include <stdint.h>

struct attr_gram;
struct attr_rng;
struct erg_err;

struct attr_rare {
	size_t n;       /* blocks that stay in every round */
	uint8_t *stays; /* per block of the sums */
	double *factor; /* n x dim x dim: of the covariance of their sums with residuals */
};
/* X: the solution. */
int attr_rare_find(const struct attr_gram *g, const double *x, struct attr_rare *ret,
	struct erg_err *err);
void attr_rare_release(struct attr_rare *r);
/* WEIGHT: how often each block is drawn. */
void attr_rare_weight(const struct attr_gram *g, const struct attr_rare *r, double *weight);
/* Adds to H (dim) what those blocks may be off by. */
void attr_rare_draw(const struct attr_gram *g, const struct attr_rare *r, struct attr_rng *rng,
	double *h);

#endif
