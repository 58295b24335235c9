/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Intervals by the moving-block bootstrap (Kuensch 1989) over Gram blocks: a round draws runs of
 * neighbouring blocks with replacement, adds up their sums and solves again. It never looks at a
 * reading, so a round costs blocks x columns^2, not the length of the run. How many neighbours stay
 * together follows from the autocorrelation of the blocks' residuals (Politis and White 2004, with
 * the correction of Patton, Politis and White 2009).
 *
 * Beyond SCORE_COLUMNS a round is the first Newton step from the full solution instead (the score
 * bootstrap): columns^2 in place of columns^3.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "formats/base/memory.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define SCORE_COLUMNS 150
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

/* score[b] = h_b - G_b x, on the columns of the passive set. */
static void scores(const struct attr_gram *g, const struct attr_nnls *full, double *score)
{
	size_t dim = g->dim;

	for (size_t b = 0; b < g->n; b++) {
		double *sum = g->sum + b * g->stride, *u = score + b * dim, *line = sum;

		memcpy(u, attr_sum_h(sum, dim), dim * sizeof(double));
		for (size_t i = 0; i < dim; i++) {
			for (size_t j = i; j < dim; j++) {
				u[i] -= line[j - i] * full->x[j];
				if (j > i)
					u[j] -= line[j - i] * full->x[i];
			}
			line += dim - i;
		}
	}
}

static int score_rounds(const struct attr_gram *g, const struct attr_nnls *full,
	const struct attr_rare *rare, size_t length, uint64_t seed, struct attr_boot *ret,
	struct erg_err *err)
{
	size_t dim = g->dim;
	_cleanup_(erg_freep) double *weight = erg_noted(malloc(g->n * sizeof(double)));
	_cleanup_(erg_freep) double *total = malloc(g->stride * sizeof(double));
	_cleanup_(erg_freep) double *inverse = malloc(dim * dim * sizeof(double));
	_cleanup_(erg_freep) double *score = malloc(g->n * dim * sizeof(double));
	_cleanup_(erg_freep) double *u = malloc(dim * sizeof(double));
	struct attr_rng rng;

	if (!weight || !total || !inverse || !score || !u)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", dim);
	attr_gram_total(g, NULL, 1, total);
	attr_nnls_inverse(full, total, inverse);
	scores(g, full, score);
	attr_rng_seed(&rng, seed);
	for (size_t i = 0; i < ret->rounds; i++) {
		double *rep = ret->rep + i * dim;

		erg_progress("bootstrap", i, ret->rounds);
		draw(&rng, g->n, length, weight);
		attr_rare_weight(g, rare, weight);
		memset(u, 0, dim * sizeof(double));
		draw_known(g, &rng, u);
		attr_rare_draw(g, rare, &rng, u);
		for (size_t b = 0; b < g->n; b++)
			for (size_t c = 0; c < dim && weight[b] > 0; c++)
				u[c] += weight[b] * score[b * dim + c];
		for (size_t c = 0; c < dim; c++) {
			rep[c] = full->x[c];
			for (size_t j = 0; j < dim && full->passive[c]; j++)
				rep[c] += inverse[c * dim + j] * u[j];
			if (c + full->n_free < dim)
				rep[c] = fmax(rep[c], 0);
		}
	}
	return 0;
}

int attr_bootstrap(const struct attr_gram *g, const struct attr_nnls *full, size_t length,
	unsigned int rounds, uint64_t seed, struct attr_boot *ret, struct erg_err *err)
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
	if (!r && g->dim > SCORE_COLUMNS)
		r = score_rounds(g, full, &rare, length, seed, ret, err);
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
