/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * One regression, with all rows and without each group. The rows of a group become one triangle;
 * the triangles of the groups before and after one merge into the fit that leaves it out. So the
 * rows are read once, however many groups there are.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "analyze/model/fit.h"
#include "formats/base/util.h"

/*
 * Weights by the inverse square of the measured response would favour what erred downwards; so they
 * are by the fitted one, and found by repeating (iteratively reweighted least squares).
 */
#define RELATIVE_PASSES 4

/* Triangles of: each group, then all groups from each on (one more, empty, at the end). */
struct triangles {
	size_t n;
	struct erg_lsq *group, *from;
};

static void triangles_done(struct triangles *t)
{
	for (size_t i = 0; t->group && i < t->n; i++)
		erg_lsq_done(&t->group[i]);
	for (size_t i = 0; t->from && i <= t->n; i++)
		erg_lsq_done(&t->from[i]);
	free(t->group);
	free(t->from);
	*t = (struct triangles){0};
}

static int triangles_init(struct triangles *t, size_t n, size_t p)
{
	int r = 0;

	t->n = n;
	t->group = calloc(n, sizeof(*t->group));
	t->from = calloc(n + 1, sizeof(*t->from));
	if (!t->group || !t->from)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = erg_lsq_init(&t->group[i], p);
	for (size_t i = 0; r >= 0 && i <= n; i++)
		r = erg_lsq_init(&t->from[i], p);
	return r;
}

void erg_model_row_values(const struct erg_model_fitting *f, const struct erg_model *m, size_t i,
	double *values)
{
	for (size_t v = 0; v < m->n_vars; v++)
		values[v] = f->d->col[f->column[v]][i];
}

static bool is_last(const struct erg_model *m, size_t s)
{
	return s + 1 == m->n_stages;
}

/* NaN before the first pass. */
static double fitted_value(const struct erg_model_stage *s, const double *x)
{
	double y = 0;

	for (size_t j = 0; s->fit.b && j < s->p; j++)
		y += s->fit.b[j] * x[j];
	return s->fit.b ? y : NAN;
}

static double row_weight(const struct erg_model_fitting *f, const struct erg_model *m, size_t s,
	size_t i, double y, double fitted)
{
	double sigma, size;

	switch (m->weights) {
	case ERG_MODEL_RELATIVE:
		/* By the fit of the pass before; far from it, or before the first, by itself. */
		size = fmax(fabs(fitted), 0.1 * fabs(y));
		return isnan(fitted) ? 1 / (y * y) : 1 / (size * size);
	case ERG_MODEL_SIGMA:
		sigma = f->d->sigma[i];
		return is_last(m, s) ? 1 / (sigma * sigma) : 1;
	default:
		return 1;
	}
}

/* The rows of group G into L; equal weights when PLAIN. */
static int add_group(const struct erg_model_fitting *f, const struct erg_model *m, size_t s,
	size_t g, bool plain, struct erg_lsq *l)
{
	const struct erg_model_stage *stage = &m->stage[s];
	double values[ERG_MODEL_VARS], x[ERG_LSQ_MAX];
	int r = 0;

	for (size_t k = f->first[g]; r >= 0 && k < f->first[g + 1]; k++) {
		size_t i = f->order[k];
		double y;

		erg_model_row_values(f, m, i, values);
		erg_model_expand(stage, values, x);
		y = values[stage->response];
		r = erg_lsq_add(l, x, y,
			plain ? 1 : row_weight(f, m, s, i, y, fitted_value(stage, x)));
	}
	erg_lsq_flush(l);
	free(l->block);
	l->block = NULL;
	return r;
}

static int read_rows(const struct erg_model_fitting *f, const struct erg_model *m, size_t s,
	struct triangles *t)
{
	for (size_t g = 0; g < t->n; g++) {
		int r = add_group(f, m, s, g, false, &t->group[g]);

		if (r < 0)
			return r;
	}
	for (size_t g = t->n; g-- > 0;) {
		erg_lsq_copy(&t->from[g], &t->from[g + 1]);
		erg_lsq_merge(&t->from[g], &t->group[g]);
	}
	return 0;
}

static int explain_dependence(const struct erg_model *m, const struct erg_model_stage *s,
	const struct erg_lsq *l, struct erg_err *err)
{
	char a[128], b[128];
	size_t i, j;

	erg_lsq_dependent(l, &i, &j);
	if (i == l->p)
		return erg_fail(err, -EDOM,
			"%s: the predictors are linearly dependent; leave one out, or use ridge",
			m->title);
	if (i == j)
		return erg_fail(err, -EDOM, "%s: predictor %s is zero in every row; leave it out",
			m->title, erg_model_term_name(m, s, i, a, sizeof(a)));
	if (s->intercept && i == l->p - 1)
		return erg_fail(err, -EDOM,
			"%s: predictor %s is constant: it cannot be told from the intercept; leave "
			"out one of them",
			m->title, erg_model_term_name(m, s, j, a, sizeof(a)));
	return erg_fail(err, -EDOM,
		"%s: predictors %s and %s are identical but for a factor; leave out one of them",
		m->title, erg_model_term_name(m, s, j, b, sizeof(b)),
		erg_model_term_name(m, s, i, a, sizeof(a)));
}

/* The median of the response's relative uncertainty. */
static int median_relative_sigma(const struct erg_model_fitting *f, size_t column, double *ret)
{
	_cleanup_(erg_freep) double *ratio = malloc((f->d->n + 1) * sizeof(*ratio));

	if (!ratio)
		return -ENOMEM;
	for (size_t i = 0; i < f->d->n; i++)
		ratio[i] = f->d->sigma[i] / fabs(f->d->col[column][i]);
	gsl_sort(ratio, 1, f->d->n);
	*ret = ratio[f->d->n / 2];
	return 0;
}

static int find_noise(const struct erg_model_fitting *f, const struct erg_model *m, size_t s,
	struct erg_model_stage *stage)
{
	double sd = sqrt(stage->fit.sigma2), median = 1;
	int r = 0;

	stage->noise_relative = m->weights == ERG_MODEL_RELATIVE;
	if (m->weights == ERG_MODEL_SIGMA && is_last(m, s)) {
		stage->noise_relative = true;
		r = median_relative_sigma(f, f->column[stage->response], &median);
	}
	stage->noise_sd = sd * median;
	return r;
}

/* The unweighted triangle and the largest leverage among the rows. */
static int find_hull(const struct erg_model_fitting *f, const struct erg_model *m, size_t s,
	const struct erg_lsq *all, struct erg_model_stage *stage)
{
	double values[ERG_MODEL_VARS], x[ERG_LSQ_MAX];
	int r = erg_lsq_init(&stage->hull, stage->p);

	if (r >= 0 && m->weights == ERG_MODEL_EQUAL)
		erg_lsq_copy(&stage->hull, all);
	else
		for (size_t g = 0; r >= 0 && g < f->d->n_groups; g++)
			r = add_group(f, m, s, g, true, &stage->hull);
	for (size_t i = 0; r >= 0 && i < f->d->n; i++) {
		erg_model_row_values(f, m, i, values);
		erg_model_expand(stage, values, x);
		stage->leverage_max = fmax(stage->leverage_max, erg_lsq_leverage(&stage->hull, x));
	}
	return r;
}

static size_t free_column(const struct erg_model_stage *s)
{
	return s->intercept ? s->p - 1 : s->p;
}

/* Fits without each group; those that cannot be made stay NaN. */
static int fit_folds(struct erg_model_fitting *f, const struct erg_model *m, size_t s,
	const struct triangles *t)
{
	const struct erg_model_stage *stage = &m->stage[s];
	struct erg_lsq before = {0}, others = {0};
	int r = erg_lsq_init(&before, stage->p);

	if (r >= 0)
		r = erg_lsq_init(&others, stage->p);
	for (size_t g = 0; r >= 0 && g < f->n_folds; g++) {
		double *b = f->fold_b + g * f->stride + s * ERG_LSQ_MAX;
		struct erg_lsq_fit fit = {0};

		erg_lsq_copy(&others, &before);
		erg_lsq_merge(&others, &t->from[g + 1]);
		if (erg_lsq_solve(&others, m->method, f->spec->lambda, free_column(stage), &fit) >=
			0)
			memcpy(b, fit.b, stage->p * sizeof(*b));
		erg_lsq_fit_done(&fit);
		erg_lsq_merge(&before, &t->group[g]);
	}
	erg_lsq_done(&before);
	erg_lsq_done(&others);
	return r;
}

static int fit_all(struct erg_model_fitting *f, struct erg_model *m, size_t s,
	const struct erg_lsq *all, struct erg_err *err)
{
	struct erg_model_stage *stage = &m->stage[s];
	int r;

	erg_lsq_fit_done(&stage->fit);
	r = erg_lsq_solve(all, m->method, f->spec->lambda, free_column(stage), &stage->fit);
	if (r == -EDOM)
		return explain_dependence(m, stage, all, err);
	if (r == -ENODATA)
		return erg_fail(err, r, "%s: %zu rows for %zu coefficients; expected at least %zu",
			m->title, all->n, stage->p, stage->p + 1);
	if (!stage->vif)
		stage->vif = calloc(stage->p, sizeof(*stage->vif));
	if (r < 0 || !stage->vif)
		return erg_fail_errno(err, -ENOMEM, "%s", m->title);
	for (size_t j = 0; j < stage->p; j++)
		if (!isfinite(stage->fit.b[j]))
			return erg_fail(err, -ERANGE, "%s: the values are too large to fit",
				m->title);
	stage->condition = erg_lsq_condition(all);
	if (erg_lsq_vif(all, free_column(stage), stage->vif) < 0)
		for (size_t j = 0; j < stage->p; j++)
			stage->vif[j] = HUGE_VAL;
	return 0;
}

int erg_model_fit_stage(struct erg_model_fitting *f, struct erg_model *m, size_t s,
	struct erg_err *err)
{
	struct erg_model_stage *stage = &m->stage[s];
	_cleanup_(triangles_done) struct triangles t = {0};
	int passes = m->weights == ERG_MODEL_RELATIVE ? RELATIVE_PASSES : 1, r = 0;

	for (int pass = 0; pass < passes; pass++) {
		triangles_done(&t);
		r = triangles_init(&t, f->d->n_groups, stage->p);
		if (r >= 0)
			r = read_rows(f, m, s, &t);
		if (r < 0)
			return erg_fail_errno(err, r, "%s", m->title);
		r = fit_all(f, m, s, &t.from[0], err);
		if (r < 0)
			return r;
	}
	r = find_noise(f, m, s, stage);
	if (r >= 0)
		r = find_hull(f, m, s, &t.from[0], stage);
	if (r >= 0)
		r = fit_folds(f, m, s, &t);
	return r < 0 ? erg_fail_errno(err, r, "%s", m->title) : 0;
}
