/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What makes the readings of this run unlike each other, from the residuals of a fit (weights.c says how
 * it is used).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_statistics.h>

#include "analyze/attribution/weights.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/quantum.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define ROWS_MAX 20000
#define ROUNDS 6
#define OUTLIER 25  /* of a squared residual, in variances */
#define BY_CHANCE 3 /* of 1 / sqrt(n): a share of the variance that may be none */
#define UNLIKE 1.3  /* a variance this far from the median is worth a weight */

struct pile {
	size_t n;
	double *r2, *vary, *slope2, *v; /* n */
};

static void free_pile(struct pile *p)
{
	free(p->r2);
	free(p->vary);
	free(p->slope2);
	free(p->v);
}

static double mean_power(const struct erg_attr_state *st)
{
	const struct attr_view *v = &st->view;
	double energy = 0, time = 0;

	for (size_t c = 0; c < v->n_cols; c++) {
		if (v->col_apart[c])
			continue;
		energy += st->power[c] * v->col_time[c];
		time += v->col_time[c];
	}
	return time > 0 ? energy / time : 0;
}

static int collect(struct attr_run *r, struct pile *p)
{
	struct attr_rows rows;
	struct attr_row *row;
	size_t cap = r->st->readings.n < ROWS_MAX ? r->st->readings.n : ROWS_MAX;
	int rc;

	p->r2 = calloc(cap + 2, sizeof(double));
	p->vary = calloc(cap + 2, sizeof(double));
	p->slope2 = calloc(cap + 2, sizeof(double));
	p->v = calloc(cap + 2, sizeof(double));
	if (!p->r2 || !p->vary || !p->slope2 || !p->v)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu residuals", cap);
	rc = attr_rows_open(&rows, r, &r->st->shape, r->st->power);
	rows.k.stride = attr_rows_count(r) / ROWS_MAX + 1;
	while (!rc && p->n <= cap && (rc = attr_rows_next(&rows, &row)) > 0) {
		double e = row->y, vary = 0;

		rc = 0;
		for (size_t i = 0; i < row->n; i++) {
			double w = r->st->power[row->col[i]];

			e -= row->a[i] * w;
			vary += attr_instance_square(&r->weights, row->a[i], w);
		}
		for (size_t i = 0; i < r->n_extra; i++)
			e -= row->x[i] * r->sol.delta[i];
		p->r2[p->n] = e * e;
		p->vary[p->n] = vary;
		p->slope2[p->n++] = row->slope * row->slope;
	}
	attr_rows_close(&rows);
	return rc < 0 ? rc : 0;
}

/* s of E r^2 = s0 + s1 vary + s2 slope^2, weights 1 / v^2 (the variance of a squared residual). */
static int moments(const struct pile *p, struct attr_weights *w, struct erg_err *err)
{
	double g[6] = {0}, h[3] = {0};
	struct attr_nnls s;
	int rc = attr_nnls_init(&s, 3, 0, err);

	if (rc < 0)
		return rc;
	for (size_t m = 0; m < p->n; m++) {
		double z[3] = {1, p->vary[m], p->slope2[m]}, q = fmin(p->r2[m], OUTLIER * p->v[m]);
		double f = 1 / (p->v[m] * p->v[m]);

		for (size_t i = 0; i < 3; i++) {
			for (size_t j = i; j < 3; j++)
				g[attr_tri(3, i, j)] += f * z[i] * z[j];
			h[i] += f * z[i] * q;
		}
	}
	attr_nnls_solve(&s, g, h);
	memcpy(w->s, s.x, sizeof(w->s));
	attr_nnls_release(&s);
	return 0;
}

/* Of the variance of all readings, that of their times. */
static double share_of_times(const struct pile *p, const struct attr_weights *w)
{
	double times = 0, all = 0;

	for (size_t m = 0; m < p->n; m++) {
		times += w->s[2] * p->slope2[m];
		all += p->v[m];
	}
	return all > 0 && times > BY_CHANCE / sqrt((double)p->n) * all ? times / all : 0;
}

static int estimate(struct pile *p, struct attr_weights *w, struct erg_err *err)
{
	_cleanup_(erg_freep) double *x = malloc((p->n + 1) * sizeof(double));
	double mean = 0, inverse = 0, floor, median;

	if (!x)
		return erg_fail(err, -ENOMEM, "out of memory for %zu residuals", p->n);
	for (size_t m = 0; m < p->n; m++)
		mean += p->r2[m] / (double)p->n;
	floor = 1e-3 * mean;
	for (size_t m = 0; m < p->n; m++)
		p->v[m] = mean;
	for (int round = 0; round < ROUNDS; round++) {
		int rc = moments(p, w, err);

		if (rc < 0)
			return rc;
		w->s[0] = fmax(w->s[0], floor);
		for (size_t m = 0; m < p->n; m++)
			p->v[m] = w->s[0] + w->s[1] * p->vary[m] + w->s[2] * p->slope2[m];
	}
	for (size_t m = 0; m < p->n; m++)
		inverse += 1 / p->v[m];
	w->level = (double)p->n / inverse;
	memcpy(x, p->v, p->n * sizeof(double));
	erg_sort_doubles(x, p->n);
	median = gsl_stats_median_from_sorted_data(x, 1, p->n);
	w->time_share = share_of_times(p, w);
	w->used = x[(size_t)(0.95 * (double)p->n)] > UNLIKE * median ||
		x[(size_t)(0.05 * (double)p->n)] < median / UNLIKE;
	return 0;
}

int attr_reweigh(struct attr_run *r, bool *ret_changed)
{
	struct attr_weights *w = &r->weights;
	struct pile p = {0};
	bool had = w->used;
	int rc;

	*ret_changed = false;
	if (r->sol.sigma2 <= 0 || r->st->gram.rows < 200)
		return 0;
	if (attr_coarse_quantum(r)) {
		*ret_changed = true;
		return attr_fit_cells(r);
	}
	memset(w, 0, sizeof(*w));
	w->mean_w = mean_power(r->st);
	rc = collect(r, &p);
	if (!rc && p.n >= 200)
		rc = estimate(&p, w, r->err);
	free_pile(&p);
	*ret_changed = w->used || had; /* the sums are of the weights that it had */
	return rc;
}
