/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Columns that few blocks saw (the first iterations, which are cold; a mode that came once). Blocks drawn
 * with replacement leave them out of every third round, or see them in one block alone, and the rounds then
 * differ by far more than the estimate does. So such blocks stay in every round, and what may be wrong in
 * them is drawn instead: their sums with residuals, which have the covariance s^2 G for readings that are off
 * by s independently of each other; s^2 is the block's own, and no less than the run's.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/rare.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/solve.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define BLOCKS_FEW                                                                                 \
	8          /* (sum g)^2 / sum g^2 of a column's squares by block, below which it is rare */
#define HOLDS 0.02 /* of a rare column's squares: a block with more stays */
#define SHARE_MAX 0.25  /* of the blocks; more are not few */
#define DIM_MAX 400     /* a factor of each block's matrix takes too long beyond */
#define DEPENDENT 1e-10 /* of a column's square: what is left of it is rounding */

static double square_of(const struct attr_gram *g, size_t b, size_t c)
{
	return g->sum[b * g->pace + attr_tri(g->dim, c, c)];
}

/* Marks the blocks that a column lies in which is in fewer than FEW; returns how many. */
static size_t mark(const struct attr_gram *g, double few, uint8_t *stays)
{
	size_t n = 0;

	memset(stays, 0, g->n);
	for (size_t c = 0; c + g->n_extra < g->dim; c++) {
		double sum = 0, squares = 0;

		for (size_t b = 0; b < g->n; b++) {
			sum += square_of(g, b, c);
			squares += square_of(g, b, c) * square_of(g, b, c);
		}
		if (!(sum > 0) || sum * sum >= few * squares)
			continue;
		for (size_t b = 0; b < g->n; b++) {
			n += !stays[b] && square_of(g, b, c) > HOLDS * sum;
			stays[b] |= square_of(g, b, c) > HOLDS * sum;
		}
	}
	return n;
}

/* The same of rare columns; where these are in too many blocks, of the rarest of them. */
static size_t mark_rare(const struct attr_gram *g, uint8_t *stays)
{
	double few = BLOCKS_FEW, most = SHARE_MAX * (double)g->n;
	size_t n = g->dim <= DIM_MAX ? mark(g, few, stays) : 0;

	while ((double)n > most) {
		few /= 2;
		n = mark(g, few, stays);
	}
	return n;
}

/* Lower triangle L, dim x dim, of L L' = SCALE x the block's matrix; what depends on the rest is left out. */
static void factor(const struct attr_gram *g, const double *sum, double scale, double *l)
{
	size_t n = g->dim;

	for (size_t i = 0; i < n; i++) {
		double own = sum[attr_tri(n, i, i)] * scale, *li = l + i * n;

		for (size_t j = 0; j <= i; j++) {
			const double *lj = l + j * n;
			double x = sum[attr_tri(n, j, i)] * scale;

			for (size_t k = 0; k < j; k++)
				x -= li[k] * lj[k];
			if (j < i)
				li[j] = lj[j] > 0 ? x / lj[j] : 0;
			else
				li[i] = x > DEPENDENT * own && own > 0 ? sqrt(x) : 0;
		}
	}
}

/* Mean squared residual of block B for the solution X. */
static double residual2(const struct attr_gram *g, size_t b, const double *x)
{
	double n = attr_block_n(g, b)[0];

	return n > 0 ? attr_sum_residual(g, g->sum + b * g->pace, x) / n : 0;
}

int attr_rare_find(const struct attr_gram *g, const double *x, struct attr_rare *ret,
	struct erg_err *err)
{
	size_t n, k = 0, square = g->dim * g->dim;

	*ret = (struct attr_rare){.stays = erg_noted(calloc(g->n + 1, 1))};
	if (!ret->stays)
		return erg_fail(err, -ENOMEM, "out of memory for %zu blocks", g->n);
	n = mark_rare(g, ret->stays);
	if (!n)
		return 0;
	ret->factor = erg_noted(calloc(n * square, sizeof(double)));
	if (!ret->factor)
		return erg_fail(err, -ENOMEM, "out of memory for %zu blocks of %zu columns", n,
			g->dim);
	for (size_t b = 0; b < g->n; b++)
		if (ret->stays[b])
			factor(g, g->sum + b * g->pace, fmax(g->sigma2, residual2(g, b, x)),
				ret->factor + k++ * square);
	ret->n = n;
	return 0;
}

void attr_rare_release(struct attr_rare *r)
{
	free(r->stays);
	free(r->factor);
	*r = (struct attr_rare){0};
}

void attr_rare_weight(const struct attr_gram *g, const struct attr_rare *r, double *weight)
{
	for (size_t b = 0; b < g->n && r->n; b++)
		if (r->stays[b])
			weight[b] = 1;
}

void attr_rare_draw(const struct attr_gram *g, const struct attr_rare *r, struct attr_rng *rng,
	double *h)
{
	size_t dim = g->dim;

	for (size_t k = 0; k < r->n; k++) {
		const double *l = r->factor + k * dim * dim;

		for (size_t j = 0; j < dim; j++) {
			double z = attr_rng_normal(rng);

			for (size_t i = j; i < dim; i++)
				h[i] += l[i * dim + j] * z;
		}
	}
}
