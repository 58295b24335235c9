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

#include "analyze/attribution/internal.h"
#include "formats/base/util.h"

/* RSS of a block and the sum of its residuals, for coefficients X. */
static void block_residual(const struct attr_gram *g, double *sum, const double *x, double *ret_rss,
	double *ret_sum)
{
	size_t dim = g->dim;
	const double *h = attr_sum_h(sum, dim), *s = attr_sum_s(sum, dim);
	const double *n = attr_sum_n(sum, dim), *line = sum;
	double rss = n[2], e = n[1];

	for (size_t i = 0; i < dim; i++) {
		double q = 0;

		for (size_t j = i + 1; j < dim; j++)
			q += line[j - i] * x[j];
		rss += x[i] * (line[0] * x[i] + 2 * q - 2 * h[i]);
		e -= s[i] * x[i];
		line += dim - i;
	}
	*ret_rss = fmax(rss, 0);
	*ret_sum = e;
}

/* Moments: sigma^2 within blocks, tau^2 between. */
static void variances(struct attr_gram *g, const double *x, struct attr_solution *ret)
{
	double within = 0, dof = 0, between = 0, weight = 0;

	for (size_t b = 0; b < g->n; b++) {
		double *sum = g->sum + b * g->stride, n = attr_sum_n(sum, g->dim)[0], rss, e;

		block_residual(g, sum, x, &rss, &e);
		within += rss - e * e / n;
		dof += n - 1;
	}
	dof -= (double)g->dim - 1;
	ret->sigma2 = dof > 0 ? within / dof : 0;
	for (size_t b = 0; b < g->n; b++) {
		double *sum = g->sum + b * g->stride, n = attr_sum_n(sum, g->dim)[0], rss, e;

		block_residual(g, sum, x, &rss, &e);
		between += e * e / (n * n) - ret->sigma2 / n;
		weight += 1;
	}
	ret->tau2 = weight > 4 ? fmax(between / weight, 0) : 0;
}

static void apply_baseline(struct attr_gram *g, const struct attr_solution *v)
{
	size_t dim = g->dim;

	if (v->tau2 <= 0)
		return;
	for (size_t b = 0; b < g->n; b++) {
		double *sum = g->sum + b * g->stride, *h = attr_sum_h(sum, dim);
		double *s = attr_sum_s(sum, dim), *n = attr_sum_n(sum, dim), *line = sum;
		double theta = v->tau2 / (v->sigma2 + n[0] * v->tau2);

		for (size_t i = 0; i < dim; i++) {
			for (size_t j = i; j < dim; j++)
				line[j - i] -= theta * s[i] * s[j];
			h[i] -= theta * s[i] * n[1];
			line += dim - i;
		}
		n[2] -= theta * n[1] * n[1];
	}
}

void attr_raw_total(const struct attr_gram *g, double sigma2, double tau2, double *out)
{
	size_t dim = g->dim;

	attr_gram_total(g, NULL, 1, out);
	for (size_t b = 0; b < g->n && tau2 > 0; b++) {
		double *sum = g->sum + b * g->stride, *line = out;
		const double *s = attr_sum_s(sum, dim);
		double theta = tau2 / (sigma2 + attr_sum_n(sum, dim)[0] * tau2);

		for (size_t i = 0; i < dim; i++) {
			for (size_t j = i; j < dim; j++)
				line[j - i] += theta * s[i] * s[j];
			line += dim - i;
		}
	}
}

/* Of the sums TOTAL with coefficients X, per row. */
static double rss_of(const struct attr_gram *g, double *total, const double *x)
{
	double rss, sum, n = attr_sum_n(total, g->dim)[0];

	block_residual(g, total, x, &rss, &sum);
	return n > 0 ? rss / n : 0;
}

/* The residual without the further columns. */
static double plain_rss(const struct attr_gram *g, struct attr_nnls *s, const double *total,
	double *scratch)
{
	size_t cols = g->dim - g->n_extra;
	double rss;

	memcpy(scratch, total, g->stride * sizeof(double));
	for (size_t i = cols; i < g->dim; i++)
		scratch[attr_tri(g->dim, i, i)] = 0;
	attr_nnls_solve(s, scratch, attr_sum_h(scratch, g->dim));
	rss = rss_of(g, scratch, s->x);
	return rss;
}

int attr_solve(struct attr_gram *g, struct attr_nnls *s, struct attr_solution *ret,
	struct erg_err *err)
{
	_cleanup_(erg_freep) double *total = malloc(g->stride * sizeof(double));
	_cleanup_(erg_freep) double *scratch = malloc(g->stride * sizeof(double));
	size_t dim = g->dim, cols = dim - g->n_extra;

	if (!total || !scratch)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", dim);
	for (int pass = 0; pass < 2; pass++) {
		attr_gram_total(g, NULL, 1, total);
		if (!pass)
			ret->rss_plain = plain_rss(g, s, total, scratch);
		attr_nnls_solve(s, total, attr_sum_h(total, dim));
		if (pass)
			break;
		ret->rss = rss_of(g, total, s->x);
		variances(g, s->x, ret);
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
		double *sum = g->sum + b * g->stride, *n = attr_sum_n(sum, dim);
		const double *s = attr_sum_s(sum, dim);

		e[b] = n[1];
		for (size_t i = 0; i < dim; i++)
			e[b] -= s[i] * x[i];
		e[b] /= n[0];
		noise += v->sigma2 / n[0] / (double)g->n;
	}
	if (v->tau2 < 4 * noise)
		return 0;
	for (size_t b = 0; b < g->n; b++) {
		double *sum = g->sum + b * g->stride, *n = attr_sum_n(sum, dim);
		double *s = attr_sum_s(sum, dim), *h = attr_sum_h(sum, dim);
		double theta = v->tau2 / (v->sigma2 + n[0] * v->tau2), u = smooth(e, g->n, b);

		for (size_t i = 0; i < dim; i++)
			h[i] -= s[i] * u * (1 - theta * n[0]);
		n[1] -= n[0] * u;
	}
	return 0;
}
