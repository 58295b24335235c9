/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * From variables to the terms of a polynomial: the inputs, for degree 2 their squares and products
 * (by pairs i <= j), the intercept last.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "analyze/model/model.h"

size_t erg_model_terms(const struct erg_model_stage *s)
{
	size_t n = s->n_inputs;

	return n + (s->degree == 2 ? n * (n + 1) / 2 : 0) + (s->intercept ? 1 : 0);
}

void erg_model_expand(const struct erg_model_stage *s, const double *values, double *x)
{
	for (size_t i = 0; i < s->n_inputs; i++)
		*x++ = values[s->input[i]];
	for (size_t i = 0; s->degree == 2 && i < s->n_inputs; i++)
		for (size_t j = i; j < s->n_inputs; j++)
			*x++ = values[s->input[i]] * values[s->input[j]];
	if (s->intercept)
		*x = 1;
}

const char *erg_model_term_name(const struct erg_model *m, const struct erg_model_stage *s,
	size_t term, char *buf, size_t len)
{
	size_t k = s->n_inputs;

	if (term < s->n_inputs)
		return m->vars[s->input[term]];
	for (size_t i = 0; s->degree == 2 && i < s->n_inputs; i++)
		for (size_t j = i; j < s->n_inputs; j++)
			if (k++ == term) {
				if (i == j)
					snprintf(buf, len, "%s^2", m->vars[s->input[i]]);
				else
					snprintf(buf, len, "%s*%s", m->vars[s->input[i]],
						m->vars[s->input[j]]);
				return buf;
			}
	return "intercept";
}

bool erg_model_computes(const struct erg_model *m, size_t v)
{
	for (size_t s = 0; s < m->n_stages; s++)
		if (m->stage[s].response == v)
			return true;
	return false;
}

double erg_model_t95(double dof)
{
	return dof > 0 ? gsl_cdf_tdist_Pinv(0.975, dof) : HUGE_VAL;
}

void erg_model_free(struct erg_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < ERG_MODEL_VARS; i++)
		free(m->vars[i]);
	for (size_t s = 0; s < ERG_MODEL_STAGES; s++) {
		erg_lsq_fit_done(&m->stage[s].fit);
		erg_lsq_done(&m->stage[s].hull);
		free(m->stage[s].vif);
		free(m->stage[s].se_group);
	}
	for (size_t i = 0; i < m->n_folds; i++)
		free(m->fold[i].group);
	free(m->fold);
	free(m->fitted);
	free(m->held_out);
	free(m->title);
	json_decref(m->machines);
	json_decref(m->rails);
	free(m);
}

void erg_model_freep(struct erg_model **m)
{
	erg_model_free(*m);
}
