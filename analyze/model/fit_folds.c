/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Leave one group out: each group's rows are predicted by the model that the other groups give.
 * Layers of one network are not exchangeable, so they are never split. What the coefficients do
 * when a group is left out also gives their uncertainty when the rows of a group err together: the
 * delete-a-group jackknife (Efron and Stein, 1981; Kott, 2001).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/model/fit.h"
#include "formats/base/util.h"

/* The response from the inputs in VALUES, with the coefficients at B (by stage). */
static double evaluate(const struct erg_model *m, const double *b, double *values)
{
	double y = NAN;

	for (size_t s = 0; s < m->n_stages; s++) {
		const struct erg_model_stage *stage = &m->stage[s];
		double x[ERG_LSQ_MAX];

		erg_model_expand(stage, values, x);
		y = 0;
		for (size_t j = 0; j < stage->p; j++)
			y += b[s * ERG_LSQ_MAX + j] * x[j];
		values[stage->response] = y;
	}
	return y;
}

/* Smallest and second smallest of the groups' extremes of one input, and whose the first is. */
struct extremes {
	double first, second;
	size_t group;
};

static void note_extreme(struct extremes *e, double v, size_t group)
{
	if (v < e->first) {
		e->second = e->group == group ? e->second : e->first;
		e->first = v;
		e->group = group;
	} else if (group != e->group && v < e->second) {
		e->second = v;
	}
}

static void mark_extrapolations(const struct erg_model_fitting *f, struct erg_model *m, size_t var)
{
	const double *col = f->d->col[f->column[var]];
	struct extremes lo = {HUGE_VAL, HUGE_VAL, SIZE_MAX}, hi = lo;

	for (size_t i = 0; i < f->d->n; i++) {
		note_extreme(&lo, col[i], f->d->group[i]);
		note_extreme(&hi, -col[i], f->d->group[i]);
	}
	for (size_t i = 0; i < f->d->n; i++) {
		size_t g = f->d->group[i];

		if (col[i] < (lo.group == g ? lo.second : lo.first) ||
			-col[i] < (hi.group == g ? hi.second : hi.first))
			m->fold[g].extrapolates = true;
	}
}

static void predict_rows(const struct erg_model_fitting *f, struct erg_model *m)
{
	size_t y = m->stage[m->n_stages - 1].response;
	double b[ERG_MODEL_COEFFICIENTS] = {0};

	for (size_t s = 0; s < m->n_stages; s++)
		memcpy(b + s * ERG_LSQ_MAX, m->stage[s].fit.b, m->stage[s].p * sizeof(*b));
	for (size_t i = 0; i < f->d->n; i++) {
		struct erg_model_fold *fold = f->n_folds ? &m->fold[f->d->group[i]] : NULL;
		double values[ERG_MODEL_VARS], measured;

		erg_model_row_values(f, m, i, values);
		measured = values[y];
		m->fitted[i] = evaluate(m, b, values);
		if (!fold)
			continue;
		m->held_out[i] = evaluate(m, f->fold_b + f->d->group[i] * f->stride, values);
		fold->rows++;
		fold->measured += measured;
		fold->predicted += m->held_out[i];
		fold->row_error += fabs(m->held_out[i] - measured) / fabs(measured);
	}
}

static void summarise(struct erg_model *m)
{
	double sum = 0, squares = 0, rows = 0;

	m->cv_folds = m->n_folds;
	m->cv_worst = m->n_folds ? 0 : NAN;
	for (size_t g = 0; g < m->n_folds; g++) {
		struct erg_model_fold *fold = &m->fold[g];

		fold->rel_error = fabs(fold->predicted - fold->measured) / fabs(fold->measured);
		sum += fold->rel_error;
		rows += fold->row_error;
		fold->row_error /= (double)fold->rows;
		if (!(fold->rel_error <= m->cv_worst))
			m->cv_worst = fold->rel_error;
	}
	m->cv_mean = sum / (double)m->n_folds;
	m->cv_row = rows / (double)m->n;
	for (size_t g = 0; g < m->n_folds; g++)
		squares += pow(m->fold[g].rel_error - m->cv_mean, 2);
	m->cv_sd = sqrt(squares / ((double)m->n_folds - 1));
	if (!m->n_folds)
		m->cv_mean = m->cv_sd = m->cv_row = NAN;
}

static int jackknife(const struct erg_model_fitting *f, struct erg_model *m)
{
	double groups = (double)f->n_folds;

	for (size_t s = 0; s < m->n_stages; s++) {
		struct erg_model_stage *stage = &m->stage[s];

		stage->se_group = calloc(stage->p, sizeof(*stage->se_group));
		if (!stage->se_group)
			return -ENOMEM;
		for (size_t j = 0; j < stage->p; j++) {
			const double *b = f->fold_b + s * ERG_LSQ_MAX + j;
			double mean = 0, squares = 0;

			for (size_t g = 0; g < f->n_folds; g++)
				mean += b[g * f->stride] / groups;
			for (size_t g = 0; g < f->n_folds; g++)
				squares += pow(b[g * f->stride] - mean, 2);
			stage->se_group[j] =
				f->n_folds > 1 ? sqrt(squares * (groups - 1) / groups) : NAN;
		}
	}
	return 0;
}

/* The share of each stage's variance about its mean that it explains from measured inputs. */
static void explain_variance(const struct erg_model_fitting *f, struct erg_model *m)
{
	for (size_t s = 0; s < m->n_stages; s++) {
		struct erg_model_stage *stage = &m->stage[s];
		const double *y = f->d->col[f->column[stage->response]];
		double mean = 0, total = 0, left = 0;

		for (size_t i = 0; i < f->d->n; i++)
			mean += y[i] / (double)f->d->n;
		for (size_t i = 0; i < f->d->n; i++) {
			double values[ERG_MODEL_VARS], x[ERG_LSQ_MAX], fitted = 0;

			erg_model_row_values(f, m, i, values);
			erg_model_expand(stage, values, x);
			for (size_t j = 0; j < stage->p; j++)
				fitted += stage->fit.b[j] * x[j];
			total += (y[i] - mean) * (y[i] - mean);
			left += (y[i] - fitted) * (y[i] - fitted);
		}
		stage->r2 = total > 0 ? 1 - left / total : NAN;
	}
}

int erg_model_fit_folds(struct erg_model_fitting *f, struct erg_model *m)
{
	m->fitted = calloc(f->d->n, sizeof(double));
	m->held_out = calloc(f->d->n, sizeof(double));
	m->fold = calloc(f->n_folds + 1, sizeof(*m->fold));
	if (!m->fitted || !m->held_out || !m->fold)
		return -ENOMEM;
	for (size_t g = 0; g < f->n_folds; g++) {
		m->fold[g].group = strdup(f->d->groups[g]);
		if (!m->fold[g].group)
			return -ENOMEM;
		m->n_folds++;
	}
	for (size_t i = 0; !f->n_folds && i < f->d->n; i++)
		m->held_out[i] = NAN;
	predict_rows(f, m);
	for (size_t v = 0; f->n_folds && v < m->n_vars; v++)
		if (!erg_model_computes(m, v))
			mark_extrapolations(f, m, v);
	summarise(m);
	explain_variance(f, m);
	return jackknife(f, m);
}
