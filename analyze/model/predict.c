/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Prediction with its uncertainty. Through a chain, errors of early stages pass into later ones, so
 * the derivative of the response by every coefficient and by the noise of every stage is carried
 * forward (the delta method); the coefficients of different stages are taken as independent. For a
 * sum of rows the coefficients' errors add up coherently and the noise as independent; the folds of
 * the cross-validation bound the latter assumption from below, because rows of a network err
 * together.
 *
 * Outside: beyond the range of an input, or with a leverage above every training row's (the
 * "regressor variable hull", Montgomery, Peck and Vining, Introduction to Linear Regression
 * Analysis, 5th ed., 2012, §3.8), which also sees unusual combinations of usual values.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/model/model.h"

/* d expand / d values[v] of a stage, into DX. */
static void expand_derivative(const struct erg_model_stage *s, const double *values, size_t v,
	double *dx)
{
	for (size_t i = 0; i < s->n_inputs; i++)
		*dx++ = s->input[i] == v;
	for (size_t i = 0; s->degree == 2 && i < s->n_inputs; i++)
		for (size_t j = i; j < s->n_inputs; j++)
			*dx++ = (s->input[i] == v ? values[s->input[j]] : 0) +
				(s->input[j] == v ? values[s->input[i]] : 0);
	if (s->intercept)
		*dx = 0;
}

static double inner(const double *a, const double *b, size_t n)
{
	double s = 0;

	for (size_t i = 0; i < n; i++)
		s += a[i] * b[i];
	return s;
}

void erg_model_predict(const struct erg_model *m, double *values, struct erg_model_prediction *ret)
{
	/* By stage: the derivative of what it computes by all coefficients and all noises. */
	double gradient[ERG_MODEL_STAGES][ERG_MODEL_COEFFICIENTS];
	double noise[ERG_MODEL_STAGES][ERG_MODEL_STAGES] = {{0}};
	double variance[ERG_MODEL_STAGES];
	size_t last = m->n_stages - 1, n = m->n_stages * ERG_LSQ_MAX;

	*ret = (struct erg_model_prediction){.n = 1,
		.extrapolates = erg_model_outside(m, values, NULL, 0)};
	for (size_t s = 0; s < m->n_stages; s++) {
		const struct erg_model_stage *stage = &m->stage[s];
		double x[ERG_LSQ_MAX], dx[ERG_LSQ_MAX], y, sd;

		erg_model_expand(stage, values, x);
		y = inner(stage->fit.b, x, stage->p);
		memset(gradient[s], 0, n * sizeof(gradient[s][0]));
		memcpy(&gradient[s][s * ERG_LSQ_MAX], x, stage->p * sizeof(*x));
		noise[s][s] = 1;
		for (size_t e = 0; e < s; e++) { /* through what earlier stages computed */
			double slope;

			expand_derivative(stage, values, m->stage[e].response, dx);
			slope = inner(stage->fit.b, dx, stage->p);
			for (size_t k = 0; k < n; k++)
				gradient[s][k] += slope * gradient[e][k];
			for (size_t k = 0; k < s; k++)
				noise[s][k] += slope * noise[e][k];
		}
		values[stage->response] = y;
		sd = stage->noise_relative ? stage->noise_sd * fabs(y) : stage->noise_sd;
		variance[s] = sd * sd;
	}
	ret->value = values[m->stage[last].response];
	memcpy(ret->gradient, gradient[last], n * sizeof(ret->gradient[0]));
	for (size_t s = 0; s < m->n_stages; s++)
		ret->noise += noise[last][s] * noise[last][s] * variance[s];
}

void erg_model_accumulate(struct erg_model_prediction *sum, double weight,
	const struct erg_model_prediction *one)
{
	sum->value += weight * one->value;
	for (size_t k = 0; k < ERG_MODEL_COEFFICIENTS; k++)
		sum->gradient[k] += weight * one->gradient[k];
	sum->noise += weight * weight * one->noise;
	sum->n += one->n;
	sum->extrapolates |= one->extrapolates;
}

double erg_model_half_width(const struct erg_model *m, const struct erg_model_prediction *p,
	bool group)
{
	double variance = p->noise, dof = HUGE_VAL, half, folds;

	for (size_t s = 0; s < m->n_stages; s++) {
		const struct erg_model_stage *stage = &m->stage[s];
		const double *g = p->gradient + s * ERG_LSQ_MAX;

		for (size_t i = 0; i < stage->p; i++)
			variance += g[i] * inner(stage->fit.cov + i * stage->p, g, stage->p);
		dof = fmin(dof, stage->fit.dof);
	}
	half = erg_model_t95(dof) * sqrt(fmax(variance, 0));
	if (!group || m->cv_folds < 3 || !isfinite(m->cv_mean))
		return half;
	/* Root mean square of the folds' errors, and one more group to come. */
	folds = sqrt(m->cv_mean * m->cv_mean +
		m->cv_sd * m->cv_sd * ((double)m->cv_folds - 1) / (double)m->cv_folds);
	return fmax(half, erg_model_t95((double)m->cv_folds - 1) * folds * fabs(p->value));
}

static double slack(double v)
{
	return 1e-6 * fabs(v); /* documents round to nine digits */
}

static bool outside_range(const struct erg_model *m, size_t v, double x, char *why, size_t len)
{
	bool out = !(x >= m->lo[v] - slack(m->lo[v]) && x <= m->hi[v] + slack(m->hi[v]));

	if (out && why)
		snprintf(why, len, "%s is %.4g; fitted to %.4g to %.4g", m->vars[v], x, m->lo[v],
			m->hi[v]);
	return out;
}

/* A stage whose inputs are all given: its leverage needs no prediction. */
static bool stage_is_given(const struct erg_model *m, const struct erg_model_stage *s)
{
	for (size_t i = 0; i < s->n_inputs; i++)
		if (erg_model_computes(m, s->input[i]))
			return false;
	return true;
}

bool erg_model_outside(const struct erg_model *m, const double *values, char *why, size_t len)
{
	double x[ERG_LSQ_MAX], h;

	for (size_t v = 0; v < m->n_vars; v++)
		if (!erg_model_computes(m, v) && outside_range(m, v, values[v], why, len))
			return true;
	for (size_t s = 0; s < m->n_stages; s++) {
		const struct erg_model_stage *stage = &m->stage[s];

		if (!stage_is_given(m, stage))
			continue;
		erg_model_expand(stage, values, x);
		h = erg_lsq_leverage(&stage->hull, x);
		if (h <= stage->leverage_max * (1 + 1e-6))
			continue;
		if (why)
			snprintf(why, len,
				"an unusual combination: leverage %.3g; at most %.3g when "
				"fitted",
				h, stage->leverage_max);
		return true;
	}
	return false;
}
