/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From sums to power. Slow drift (temperature) is a random baseline b of the blocks with variance
 * tau^2 beside the noise sigma^2 of a reading: generalised least squares with the covariance
 * sigma^2 I + tau^2 11' inside a block (Laird and Ware 1982, random intercept). Its inverse only
 * needs the column sums of the block:
 *
 *     G~ = G - theta s s',  h~ = h - theta s y,  theta = tau^2 / (sigma^2 + n tau^2)
 *
 * so no column is spent on the baseline, an idle block that has nothing to compare with still
 * counts (with weight 1/tau^2), and without drift theta is 0. Both variances are moments of the
 * residuals of a first fit.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/solve.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/loops.h"
#include "analyze/attribution/nnls.h"
#include "formats/base/util.h"

double attr_sum_residual(const struct attr_gram *g, double *sum, const double *x)
{
	size_t dim = g->dim;
	const double *h = attr_sum_h(sum, dim), *line = sum;
	double rss = attr_sum_n(sum, dim)[2];

	for (size_t i = 0; i < dim; i++) {
		double q = 0;

		for (size_t j = i + 1; j < dim; j++)
			q += line[j - i] * x[j];
		rss += x[i] * (line[0] * x[i] + 2 * q - 2 * h[i]);
		line += dim - i;
	}
	return fmax(rss, 0);
}

/* Sum of the residuals of block B. */
static double residual_sum(const struct attr_gram *g, size_t b, const double *x)
{
	const double *s = attr_block_s(g, b);
	double e = attr_block_n(g, b)[1];

	for (size_t i = 0; i < g->dim; i++)
		e -= s[i] * x[i];
	return e;
}

#define TELLING 20    /* degrees of freedom within blocks */
#define EXPLAINED 0.5 /* of the readings' variance is left, or less: the powers say something */

/* Moments: sigma^2 within blocks, tau^2 between. */
static void variances(struct attr_gram *g, const double *x, double whole, struct attr_solution *ret)
{
	double within = g->thin ? whole : 0, dof = 0, between = 0, weight = 0, means = 0, rows = 0;
	double sum = 0, square = 0;

	for (size_t b = 0; b < g->n; b++) {
		double n = attr_block_n(g, b)[0], e = residual_sum(g, b, x);

		within += (g->thin ? 0 : attr_sum_residual(g, g->sum + b * g->pace, x)) - e * e / n;
		means += e * e / n;
		rows += n;
		sum += attr_block_n(g, b)[1];
		square += attr_block_n(g, b)[2];
		dof += n - 1;
	}
	dof -= (double)g->dim - 1;
	if (dof < TELLING && within + means < EXPLAINED * (square - sum * sum / rows)) {
		/* blocks of hardly more than a reading each: what is left is noise, as all of it would be drift */
		ret->sigma2 = (within + means) / fmax(rows - (double)g->dim, 1);
		ret->tau2 = 0;
		return;
	}
	ret->sigma2 = dof > 0 ? within / dof : 0;
	for (size_t b = 0; b < g->n; b++) {
		double n = attr_block_n(g, b)[0], e = residual_sum(g, b, x);

		between += e * e / (n * n) - ret->sigma2 / n;
		weight += 1;
	}
	ret->tau2 = weight > 4 ? fmax(between / weight, 0) : 0;
}

static double theta_of(const struct attr_gram *g, size_t b, double sigma2, double tau2)
{
	return tau2 / (sigma2 + attr_block_n(g, b)[0] * tau2);
}

/* FACTOR theta s s' of the blocks FROM .. TO onto the triangle SUM, a line of it after the other, so that a
 * line stays in the cache for all of them. */
static void add_baseline(const struct attr_gram *g, size_t from, size_t to, double factor,
	double sigma2, double tau2, double *sum)
{
	size_t dim = g->dim;

	for (size_t i = 0; i < dim; i++) {
		for (size_t b = from; b < to; b++) {
			const double *s = attr_block_s(g, b);
			double w = factor * (theta_of(g, b, sigma2, tau2) * s[i]);

			if (w != 0)
				attr_add_scaled(sum, s + i, w, dim - i);
		}
		sum += dim - i;
	}
}

static void apply_baseline(struct attr_gram *g, const struct attr_solution *v)
{
	if (v->tau2 <= 0)
		return;
	if (g->thin)
		add_baseline(g, 0, g->n, -1, v->sigma2, v->tau2, g->whole);
	for (size_t b = 0; b < g->n; b++) {
		double *h = attr_block_h(g, b), *s = attr_block_s(g, b), *n = attr_block_n(g, b);
		double theta = theta_of(g, b, v->sigma2, v->tau2);

		if (g->thin)
			g->theta[b] = theta;
		else
			add_baseline(g, b, b + 1, -1, v->sigma2, v->tau2, g->sum + b * g->pace);
		for (size_t i = 0; i < g->dim; i++)
			h[i] -= theta * s[i] * n[1];
		n[2] -= theta * n[1] * n[1];
	}
}

void attr_raw_total(const struct attr_gram *g, double sigma2, double tau2, double *out)
{
	attr_gram_total(g, NULL, 1, out);
	if (tau2 > 0)
		add_baseline(g, 0, g->n, 1, sigma2, tau2, out);
}

/* Of the sums TOTAL with coefficients X, per row. */
static double rss_of(const struct attr_gram *g, double *total, const double *x)
{
	double n = attr_sum_n(total, g->dim)[0];

	return n > 0 ? attr_sum_residual(g, total, x) / n : 0;
}

/* The residual of the readings alone: of the sums TOTAL without what was known beforehand. */
static double without_known(const struct attr_gram *g, double *total, const double *x)
{
	size_t cols = g->dim - g->n_extra;
	double rss;

	if (!g->thin)
		return 0;
	rss = attr_sum_residual(g, total, x);
	for (size_t i = 0; i < g->n_extra; i++)
		if (total[attr_tri(g->dim, cols + i, cols + i)] > 0)
			rss -= x[cols + i] * (g->prior[i] * x[cols + i] - 2 * g->pull[i]);
	return fmax(rss, 0);
}

/* The residual without the further columns. */
static double plain_rss(const struct attr_gram *g, struct attr_nnls *s, const double *total,
	double *scratch)
{
	size_t cols = g->dim - g->n_extra;
	double rss;

	if (g->thin && attr_nnls_without(s, total, attr_sum_h((double *)total, g->dim), scratch))
		return rss_of(g, (double *)total, scratch);
	memcpy(scratch, total, g->stride * sizeof(double));
	for (size_t i = cols; i < g->dim; i++)
		scratch[attr_tri(g->dim, i, i)] = 0;
	attr_nnls_solve(s, scratch, attr_sum_h(scratch, g->dim));
	rss = rss_of(g, scratch, s->x);
	return rss;
}

bool attr_plain_tells(const struct attr_gram *g)
{
	return !g->thin; /* or plain_rss() begins with the solution that has the further columns */
}

int attr_solve_plain(const struct attr_gram *g, struct attr_nnls *s, double *ret_rss,
	struct erg_err *err)
{
	_cleanup_(erg_freep) double *total = malloc(g->stride * sizeof(double));
	_cleanup_(erg_freep) double *scratch = malloc(g->stride * sizeof(double));

	if (!total || !scratch)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", g->dim);
	attr_gram_total(g, NULL, 1, total);
	*ret_rss = plain_rss(g, s, total, scratch);
	return 0;
}

int attr_solve(struct attr_gram *g, struct attr_nnls *s, struct attr_solution *ret,
	struct erg_err *err)
{
	_cleanup_(erg_freep) double *total = malloc(g->stride * sizeof(double));
	_cleanup_(erg_freep) double *scratch = malloc(g->stride * sizeof(double));
	size_t dim = g->dim, cols = dim - g->n_extra;
	_cleanup_(erg_freep) double *x = malloc((dim + 1) * sizeof(double));

	if (!total || !scratch || !x)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", dim);
	for (int pass = 0; pass < 2; pass++) {
		attr_gram_total(g, NULL, 1, total);
		if (!pass && !g->thin)
			ret->rss_plain = plain_rss(g, s, total, scratch);
		attr_nnls_solve(s, total, attr_sum_h(total, dim));
		if (pass)
			break;
		if (g->thin) {
			memcpy(x, s->x, dim * sizeof(double));
			ret->rss_plain = plain_rss(g, s, total, scratch);
			memcpy(s->x, x, dim * sizeof(double));
		}
		ret->rss = rss_of(g, total, s->x);
		variances(g, s->x, without_known(g, total, s->x), ret);
		if (ret->tau2 <= 0)
			break;
		apply_baseline(g, ret);
	}
	memcpy(ret->power, s->x, cols * sizeof(double));
	memcpy(ret->delta, s->x + cols, g->n_extra * sizeof(double));
	return 0;
}

#define SMOOTH 3 /* neighbours on either side */

/* Mean of e over the neighbours of B and itself. */
static double smooth(const double *e, size_t n, size_t b)
{
	size_t from = b > SMOOTH ? b - SMOOTH : 0, to = b + SMOOTH < n ? b + SMOOTH : n - 1;
	double sum = 0;

	for (size_t i = from; i <= to; i++)
		sum += e[i];
	return sum / (double)(to - from + 1);
}

/*
 * The drift that this run had is no uncertainty of this run's energy, so rounds of the bootstrap
 * must not draw it: the smooth part of the blocks' mean residuals is taken out.
 */
int attr_center(struct attr_gram *g, const double *x, const struct attr_solution *v,
	struct erg_err *err)
{
	_cleanup_(erg_freep) double *e = calloc(g->n + 1, sizeof(double));
	size_t dim = g->dim;
	double noise = 0;

	if (!e)
		return erg_fail(err, -ENOMEM, "out of memory for %zu blocks", g->n);
	for (size_t b = 0; b < g->n; b++) {
		const double *n = attr_block_n(g, b);

		e[b] = residual_sum(g, b, x) / n[0];
		noise += v->sigma2 / n[0] / (double)g->n;
	}
	if (v->tau2 < 4 * noise)
		return 0;
	for (size_t b = 0; b < g->n; b++) {
		double *n = attr_block_n(g, b), *s = attr_block_s(g, b), *h = attr_block_h(g, b);
		double theta = v->tau2 / (v->sigma2 + n[0] * v->tau2), u = smooth(e, g->n, b);

		for (size_t i = 0; i < dim; i++)
			h[i] -= s[i] * u * (1 - theta * n[0]);
		n[1] -= n[0] * u;
	}
	return 0;
}
