/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A change of level in mid-run that no counter recorded: a clock that was lowered, a fan that came on. Then
 * each layer has one power before and another after, and a fit with one for both is wrong in both. It is
 * found by where in time to cut: the sums of the blocks before a place and of those after it are two fits,
 * whose residuals together are compared with that of the one. Where they are smaller by far the change is
 * placed between two readings, and the columns are told apart by it as they are by a recorded frequency.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/change.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define LESS 0.8       /* the residual of two fits, of that of one */
#define F_LEAST 10     /* of the columns that a cut adds: blocks are alike for a while, so not 1 */
#define ENDS 0.05      /* share of the blocks before the first place and after the last */
#define ENDS_BLOCKS 4  /* and so many at least */
#define WORK_MAX 3e9   /* operations of all fits together */
#define ROUNDING 1e-9  /* of a difference of sums */
#define PLACES_LEAST 8 /* fewer find nothing */
#define FOUNDED 10     /* readings a column on either side: fewer tell no power of each */

struct cutter {
	struct attr_run *r;
	const struct attr_gram *g;
	struct attr_nnls nnls;
	double *all, *left, *right; /* sums */
	double *x[2];               /* best: power before and after */
	double rss, rss_all;
	size_t shared; /* columns that it cuts */
};

static int open_cutter(struct cutter *c, struct attr_run *r)
{
	const struct attr_gram *g = &r->st->gram;
	int rc;

	*c = (struct cutter){.r = r, .g = g, .rss = INFINITY};
	rc = attr_nnls_init(&c->nnls, g->dim, g->n_extra, r->err);
	if (rc < 0)
		return rc;
	c->all = erg_noted(calloc(g->stride, sizeof(double)));
	c->left = erg_noted(calloc(g->stride, sizeof(double)));
	c->right = erg_noted(calloc(g->stride, sizeof(double)));
	c->x[0] = erg_noted(calloc(g->dim + 1, sizeof(double)));
	c->x[1] = erg_noted(calloc(g->dim + 1, sizeof(double)));
	if (c->all && c->left && c->right && c->x[0] && c->x[1])
		return 0;
	return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", g->dim);
}

static void close_cutter(struct cutter *c)
{
	attr_nnls_release(&c->nnls);
	free(c->all);
	free(c->left);
	free(c->right);
	free(c->x[0]);
	free(c->x[1]);
}

/* Squared residuals of the fit of the classes to the sums SUM, whose further columns are left out. */
static double rss_of(struct cutter *c, double *sum)
{
	size_t dim = c->g->dim, cols = dim - c->g->n_extra;
	double rss = attr_sum_n(sum, dim)[2];
	const double *h = attr_sum_h(sum, dim);

	for (size_t i = cols; i < dim; i++)
		sum[attr_tri(dim, i, i)] = 0;
	attr_nnls_solve(&c->nnls, sum, h);
	for (size_t i = 0; i < cols; i++)
		rss -= h[i] * c->nnls.x[i];
	return fmax(rss, 0);
}

/* The fits to the blocks so far and to the others. */
static void try_cut(struct cutter *c)
{
	size_t dim = c->g->dim, cols = dim - c->g->n_extra;
	double left, right;

	for (size_t i = 0; i < c->g->stride; i++)
		c->right[i] = c->all[i] - c->left[i];
	for (size_t i = 0; i < cols; i++) {
		double *diagonal = c->right + attr_tri(dim, i, i);

		if (*diagonal < ROUNDING * c->all[attr_tri(dim, i, i)])
			*diagonal = 0;
	}
	right = rss_of(c, c->right);
	if (right >= c->rss)
		return;
	memcpy(c->right, c->nnls.x, cols * sizeof(double));
	left = rss_of(c, c->left);
	if (left + right >= c->rss)
		return;
	c->rss = left + right;
	memcpy(c->x[0], c->nnls.x, cols * sizeof(double));
	memcpy(c->x[1], c->right, cols * sizeof(double));
	c->shared = 0;
	for (size_t i = 0; i < cols; i++)
		c->shared += c->left[attr_tri(dim, i, i)] > 0 &&
			c->all[attr_tri(dim, i, i)] > c->left[attr_tri(dim, i, i)] * (1 + ROUNDING);
}

/* All places that there is time for. False: too few. */
static bool scan_cuts(struct cutter *c)
{
	const struct attr_gram *g = c->g;
	size_t ends = (size_t)fmax(ENDS * (double)g->n, ENDS_BLOCKS), step;
	double dim = (double)g->dim, work = dim * dim * dim / 3 + 2 * (double)g->stride, places;

	if (g->thin || g->n < 2 * ends + PLACES_LEAST)
		return false;
	places = fmin((double)(g->n - 2 * ends), WORK_MAX / work);
	if (places < PLACES_LEAST)
		return false;
	step = (size_t)ceil((double)(g->n - 2 * ends) / places);
	for (size_t b = 0; b < g->n; b++)
		for (size_t i = 0; i < g->stride; i++)
			c->all[i] += g->sum[b * g->pace + i];
	memcpy(c->right, c->all, g->stride * sizeof(double));
	c->rss_all = rss_of(c, c->right);
	for (size_t b = 0; b + ends < g->n; b++) {
		if (b >= ends && (b - ends) % step == 0)
			try_cut(c);
		/* the fit leaves the further columns out of the diagonal: they are not looked at again */
		for (size_t i = 0; i < g->stride; i++)
			c->left[i] += g->sum[b * g->pace + i];
	}
	return true;
}

static bool worth(const struct cutter *c)
{
	double rows = (double)c->g->rows, q = (double)c->shared;
	double dof = rows - (double)(c->g->dim - c->g->n_extra) - q;

	return c->rss < LESS * c->rss_all && q > 0 && dof > 4 * q &&
		(c->rss_all - c->rss) / q > F_LEAST * c->rss / dof;
}

/* Squared residual of a row by the powers X. */
static double square(const struct attr_row *row, const double *x)
{
	double e = attr_row_left(row, x);

	return e * e;
}

/* Between which two readings, by the powers of the best place: their times by the layers' clock. */
static int place(struct cutter *c, struct erg_attr_span *ret)
{
	struct attr_run *r = c->r;
	const struct attr_view *v = &r->st->view;
	struct attr_rows rows;
	struct attr_row *row;
	double sum = 0, best = INFINITY, before = -1;
	size_t n = 0, at = 0, least = FOUNDED * c->shared;
	int rc = attr_rows_open(&rows, r, &r->st->shape, NULL);

	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		double t = attr_lagged(v, &r->st->shape, row->t);

		rc = 0;
		/* the change is after the reading before, whose sum is known, and before this one */
		if (before >= 0 && sum < best) {
			best = sum;
			at = n;
			ret->begin = v->t0 + (uint64_t)fmax(before, 0);
			ret->end = v->t0 + (uint64_t)fmax(t, before + 1);
		}
		sum += square(row, c->x[0]) - square(row, c->x[1]);
		before = t;
		n++;
	}
	attr_rows_close(&rows);
	return rc < 0 ? rc : isfinite(best) && at >= least && n - at >= least;
}

int attr_find_change(struct attr_run *r, struct erg_attr_span *ret)
{
	struct cutter c;
	int rc = open_cutter(&c, r);

	if (!rc && scan_cuts(&c) && worth(&c))
		rc = place(&c, ret);
	close_cutter(&c);
	return rc;
}
