/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Intervals by the moving-block bootstrap (Kuensch 1989) over Gram blocks: a round draws runs of
 * neighbouring blocks with replacement, adds up their sums and solves again. It never looks at a
 * reading, so a round costs blocks x columns^2, not the length of the run. How many neighbours stay
 * together follows from the autocorrelation of the blocks' residuals (Politis and White 2004, with
 * the correction of Patton, Politis and White 2009).
 *
 * Beyond ATTR_SCORE_COLUMNS a round is the first Newton step from the full solution instead (the score
 * bootstrap), which is linear in the blocks' scores: what each of those moves the solution by is found
 * once, and a round costs blocks x columns.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/loops.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/rare.h"
#include "analyze/attribution/rng.h"
#include "formats/base/memory.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define BATCH 8 /* rounds whose sums are formed together, so that a block is fetched once for all */

static double autocovariance(const double *x, size_t n, double mean, size_t lag)
{
	double c = 0;

	for (size_t i = lag; i < n; i++)
		c += (x[i] - mean) * (x[i - lag] - mean);
	return c / (double)n;
}

/* Flat-top lag window of Politis and Romano 1995. */
static double flat_top(double t)
{
	t = fabs(t);
	return t <= 0.5 ? 1 : t <= 1 ? 2 * (1 - t) : 0;
}

double attr_block_length(const double *x, size_t n)
{
	double mean = 0, c0, limit, g0, g1 = 0, d;
	size_t kn, m = 0, quiet = 0, max;

	if (n < 10)
		return 1;
	for (size_t i = 0; i < n; i++)
		mean += x[i] / (double)n;
	c0 = autocovariance(x, n, mean, 0);
	if (c0 <= 0)
		return 1;
	kn = (size_t)fmax(5, sqrt(log10((double)n)));
	limit = 2 * sqrt(log10((double)n) / (double)n);
	max = (size_t)ceil(sqrt((double)n)) + kn;
	for (size_t k = 1; k < max && k < n && quiet < kn; k++) {
		bool small = fabs(autocovariance(x, n, mean, k) / c0) < limit;

		quiet = small ? quiet + 1 : 0;
		if (!small)
			m = k;
	}
	m = m ? 2 * m : 1;
	g0 = c0;
	for (size_t k = 1; k <= m && k < n; k++) {
		double w = flat_top((double)k / (double)m) * autocovariance(x, n, mean, k);

		g0 += 2 * w;
		g1 += 2 * w * (double)k;
	}
	d = 4.0 / 3 * g0 * g0;
	if (d <= 0)
		return 1;
	d = cbrt(2 * g1 * g1 / d * (double)n);
	return fmin(fmax(d, 1), fmin(3 * sqrt((double)n), (double)n / 3));
}

/* How often each block is drawn in one round; the series is closed to a circle, so that its ends
 * are drawn as often as its middle (Politis and Romano 1992). */
static void draw(struct attr_rng *rng, size_t n, size_t length, double *weight)
{
	memset(weight, 0, n * sizeof(double));
	for (size_t drawn = 0; drawn < n;) {
		size_t from = attr_rng_below(rng, (uint32_t)n);

		for (size_t i = 0; i < length && drawn < n; i++, drawn++)
			weight[(from + i) % n] += 1;
	}
}

/* What was known beforehand was not known exactly: another value in each round. */
static void draw_known(const struct attr_gram *g, struct attr_rng *rng, double *h)
{
	size_t cols = g->dim - g->n_extra;

	for (size_t i = 0; i < g->n_extra; i++)
		if (g->prior[i] > 0)
			h[cols + i] += sqrt(g->prior[i] * g->sigma2) * attr_rng_normal(rng);
}

static int solve_rounds(const struct attr_gram *g, const struct attr_nnls *full,
	const struct attr_rare *rare, size_t length, uint64_t seed, struct attr_boot *ret,
	struct erg_err *err)
{
	_cleanup_(erg_freep) double *weight = erg_noted(malloc(BATCH * g->n * sizeof(double)));
	_cleanup_(erg_freep) double *totals = erg_noted(malloc(BATCH * g->stride * sizeof(double)));
	size_t dim = g->dim, cols = dim - g->n_extra;
	struct attr_nnls s;
	struct attr_rng rng;
	int r = attr_nnls_init(&s, dim, full->n_free, err);

	if (r < 0)
		return r;
	if (!weight || !totals) {
		attr_nnls_release(&s);
		return erg_fail(err, -ENOMEM, "out of memory for %zu blocks", g->n);
	}
	attr_rng_seed(&rng, seed);
	for (size_t i = 0; i < ret->rounds; i++) {
		double *rep = ret->rep + i * dim, *total = totals + i % BATCH * g->stride;
		size_t batch = ret->rounds - i < BATCH ? ret->rounds - i : BATCH;

		erg_progress("bootstrap", i, ret->rounds);
		if (i % BATCH == 0) {
			for (size_t k = 0; k < batch; k++) {
				draw(&rng, g->n, length, weight + k * g->n);
				attr_rare_weight(g, rare, weight + k * g->n);
			}
			attr_gram_total(g, weight, batch, totals);
		}
		draw_known(g, &rng, attr_sum_h(total, dim));
		attr_rare_draw(g, rare, &rng, attr_sum_h(total, dim));
		memcpy(s.passive, full->passive, dim);
		memcpy(s.x, full->x, dim * sizeof(double));
		attr_nnls_solve(&s, total, attr_sum_h(total, dim));
		memcpy(rep, s.x, dim * sizeof(double));
		for (size_t c = 0; c < cols; c++)
			if (total[attr_tri(dim, c, c)] <= 0)
				rep[c] = full->x[c];
	}
	attr_nnls_release(&s);
	return 0;
}

/* Scores of the blocks, then one unit of each further column, as the right sides of a solution: dim x
 * *RET_N. */
static double *sides_of(const struct attr_gram *g, const double *score, size_t *ret_n)
{
	size_t dim = g->dim, n = g->n + g->n_extra, cols = dim - g->n_extra;
	double *side = erg_noted(calloc(dim * n + 1, sizeof(double)));

	for (size_t b = 0; side && b < g->n; b++)
		for (size_t c = 0; c < dim; c++)
			side[c * n + b] = score[b * dim + c];
	for (size_t i = 0; side && i < g->n_extra; i++)
		side[(cols + i) * n + g->n + i] = 1;
	*ret_n = n;
	return side;
}

/* Adds to the rounds what the solution moves by for the errors of rare columns that each of them drew: DRAWN,
 * dim x rounds, or NULL where there are none. */
static void rare_moves(const struct attr_gram *g, const struct attr_nnls *full, const double *total,
	double *drawn, struct attr_boot *ret)
{
	size_t dim = g->dim;

	if (!drawn)
		return;
	attr_nnls_spread(full, total, drawn, ret->rounds);
	for (size_t i = 0; i < ret->rounds; i++)
		for (size_t c = 0; c < dim; c++)
			ret->rep[i * dim + c] += drawn[c * ret->rounds + i];
}

/* The errors of round I into its column of DRAWN. */
static void draw_rare(const struct attr_gram *g, const struct attr_rare *rare, struct attr_rng *rng,
	size_t i, size_t rounds, double *h, double *drawn)
{
	if (!drawn)
		return;
	memset(h, 0, g->dim * sizeof(double));
	attr_rare_draw(g, rare, rng, h);
	for (size_t c = 0; c < g->dim; c++)
		drawn[c * rounds + i] = h[c];
}

static int score_rounds(const struct attr_gram *g, const struct attr_nnls *full,
	const double *score, const struct attr_rare *rare, size_t length, uint64_t seed,
	struct attr_boot *ret, struct erg_err *err)
{
	size_t dim = g->dim, n, cols = dim - g->n_extra;
	_cleanup_(erg_freep) double *total = malloc(g->stride * sizeof(double));
	_cleanup_(erg_freep) double *side = sides_of(g, score, &n);
	_cleanup_(erg_freep) double *weight = erg_noted(calloc(n + dim + 1, sizeof(double)));
	_cleanup_(erg_freep) double *move = erg_noted(malloc((n * dim + 1) * sizeof(double)));
	_cleanup_(erg_freep) double *drawn =
		rare->n ? erg_noted(malloc(dim * ret->rounds * sizeof(double))) : NULL;
	struct attr_rng rng;

	if (!weight || !total || !side || !move || (rare->n && !drawn))
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", dim);
	attr_gram_total(g, NULL, 1, total);
	attr_nnls_spread(full, total, side, n);
	for (size_t b = 0; b < n; b++)
		for (size_t c = 0; c < dim; c++)
			move[b * dim + c] = side[c * n + b];
	attr_rng_seed(&rng, seed);
	for (size_t i = 0; i < ret->rounds; i++) {
		double *rep = ret->rep + i * dim, *known = weight + n;

		erg_progress("bootstrap", i, ret->rounds);
		draw(&rng, g->n, length, weight);
		attr_rare_weight(g, rare, weight);
		memset(known, 0, dim * sizeof(double));
		draw_known(g, &rng, known);
		memcpy(weight + g->n, known + cols, g->n_extra * sizeof(double));
		draw_rare(g, rare, &rng, i, ret->rounds, known, drawn);
		memcpy(rep, full->x, dim * sizeof(double));
		for (size_t b = 0; b < n; b++)
			if (weight[b] != 0)
				attr_add_scaled(rep, move + b * dim, weight[b], dim);
	}
	rare_moves(g, full, total, drawn, ret);
	for (size_t i = 0; i < ret->rounds; i++)
		for (size_t c = 0; c + full->n_free < dim; c++)
			ret->rep[i * dim + c] = fmax(ret->rep[i * dim + c], 0);
	return 0;
}

int attr_bootstrap(const struct attr_gram *g, const struct attr_nnls *full, const double *score,
	size_t length, unsigned int rounds, uint64_t seed, struct attr_boot *ret,
	struct erg_err *err)
{
	struct attr_rare rare;
	int r;

	ret->rounds = rounds;
	ret->n_cols = g->dim - g->n_extra;
	ret->rep = calloc((size_t)rounds * g->dim + 1, sizeof(double));
	if (!ret->rep)
		return erg_fail(err, -ENOMEM, "out of memory for %u rounds", rounds);
	length = length < 1 ? 1 : length > g->n ? g->n : length;
	r = attr_rare_find(g, full->x, &rare, err);
	if (!r && score)
		r = score_rounds(g, full, score, &rare, length, seed, ret, err);
	else if (!r)
		r = solve_rounds(g, full, &rare, length, seed, ret, err);
	attr_rare_release(&rare);
	erg_progress("bootstrap", rounds, rounds);
	if (r < 0) {
		free(ret->rep);
		ret->rep = NULL;
	}
	return r;
}
