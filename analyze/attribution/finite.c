/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The run is the population. The bootstrap tells how the estimate would vary over other runs, but
 * the question is what this run spent: where the sensor saw every instance, instances that differ
 * by 10 % leave no doubt about their sum. With p^ the estimate and p- the mean of the run's own
 * instances, Cov(p^, p-) = Var(p-) for a linear unbiased p^, so
 *
 *     Var(p^ - p-) = Var(p^) - sigma_k^2 / n_k          (Cochran 1977, chapter 2)
 *
 * The variance sigma_k^2 between instances comes from the residuals: E e_m^2 = sum_k a_mk^2
 * sigma_k^2 + sigma_0^2, non-negative least squares once more. It is a small difference where the
 * sensor's noise is not: what counts is what it is at least, or noise is taken off the interval.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/finite.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/solve.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define ROWS_MAX 20000 /* a variance needs no more; evenly taken from the run */
#define KEEP_MIN 0.3   /* share of the variance that always stays */
#define AT_LEAST 2     /* standard errors below the estimate */

/* Turns a row into one of the variance problem. */
static void square_row(struct attr_row *row, const double *power, double delta)
{
	double e = row->y - row->x[0] * delta;

	for (size_t i = 0; i < row->n; i++) {
		e -= row->a[i] * power[row->col[i]];
		row->a[i] *= row->a[i];
	}
	row->y = e * e;
	row->x[0] = 1;
}

/* Of each of the N columns of the variance problem G, solved by S, what it is at least. Readings whose windows
 * overlap have alike residuals, EACH of them as one. */
static int at_least(const struct attr_gram *g, const struct attr_nnls *s, double each, size_t n,
	double *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) double *inverse = malloc((g->dim + 1) * sizeof(double));
	double dof = fmax((double)g->rows - (double)g->dim, 1), s2;

	if (!inverse || attr_nnls_diagonal(s, g->sum, inverse) < 0)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", g->dim);
	s2 = each * attr_sum_residual(g, g->sum, s->x) / dof;
	for (size_t c = 0; c < n; c++)
		ret[c] = fmax(s->x[c] - AT_LEAST * sqrt(s2 * fmax(inverse[c], 0)), 0);
	return 0;
}

static int components(struct erg_attr_state *st, const double *slope_power, double delta,
	double *ret, struct erg_err *err)
{
	size_t dim = st->view.n_cols + 1;
	struct attr_nnls s;
	struct attr_kernel k;
	struct attr_gram g;
	struct attr_row *row;
	int r = attr_gram_init(&g, dim - 1, 1, st->view.t0, attr_begin(&st->view, st->view.n), 1e30,
		1, err);

	if (r < 0)
		return r;
	r = attr_nnls_init(&s, dim, 0, err);
	if (!r)
		r = attr_kernel_open(&k, &st->view, &st->readings, &st->shape, 0, st->readings.n,
			err);
	if (!r) {
		k.power = slope_power;
		k.stride = st->readings.n / ROWS_MAX + 1;
		while ((row = attr_kernel_next(&k)))
			if (attr_row_counts(&st->view, row)) {
				square_row(row, st->power, delta);
				attr_gram_add(&g, row);
			}
		attr_kernel_close(&k);
		attr_nnls_solve(&s, g.sum, attr_sum_h(g.sum, dim));
		r = at_least(&g, &s,
			fmax(st->memory_ns / (st->readings.spacing_ns * (double)k.stride), 1),
			dim - 1, ret, err);
	}
	attr_nnls_release(&s);
	attr_gram_release(&g);
	return r;
}

int attr_finite(struct erg_attr_state *st, struct attr_boot *boot, const double *slope_power,
	double delta, struct erg_err *err)
{
	const struct attr_view *v = &st->view;
	_cleanup_(erg_freep) double *sigma2 = calloc(v->n_cols + 1, sizeof(double));
	size_t dim = v->n_cols + 1, all = st->gram.dim;
	int r;

	if (!sigma2)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", dim);
	r = components(st, slope_power, delta, sigma2, err);
	for (size_t c = 0; c + 1 < dim && !r; c++) {
		uint32_t k = v->col_class[c];
		double calls, var = 0, keep;

		for (size_t i = 0; i < boot->rounds; i++) {
			double d = boot->rep[i * all + c] - st->power[c];

			var += d * d / (double)boot->rounds;
		}
		calls = (double)v->class_calls[k] * v->col_time[c] / v->class_time[k];
		if (var <= 0 || !(calls >= 1))
			continue;
		keep = sqrt(fmax(1 - sigma2[c] / (calls * var), KEEP_MIN));
		for (size_t i = 0; i < boot->rounds; i++)
			boot->rep[i * all + c] =
				st->power[c] + keep * (boot->rep[i * all + c] - st->power[c]);
	}
	return r;
}
