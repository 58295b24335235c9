/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * A model as a file: {"schema": "ergtrace/1", "kind": "model", …}. Everything that predicting needs,
 * and where the model comes from. Unknown keys are ignored; what is missing or of the wrong kind is
 * an error that names the key. Numbers have 17 digits: reading gives the same model.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/model/model.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

static json_t *number_json(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *numbers(const double *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, number_json(v[i]));
	return a;
}

static json_t *stage_to_json(const struct erg_model *m, const struct erg_model_stage *s)
{
	json_t *inputs = json_array();
	size_t c = s->p + 1;

	for (size_t i = 0; i < s->n_inputs; i++)
		json_array_append_new(inputs, json_string(m->vars[s->input[i]]));
	return json_pack("{s:s, s:o, s:i, s:b, s:o, s:o, s:o, s:f, s:f, s:b, s:o, s:f}", "response",
		m->vars[s->response], "predictors", inputs, "degree", (int)s->degree, "intercept",
		s->intercept, "b", numbers(s->fit.b, s->p), "covariance",
		numbers(s->fit.cov, s->p * s->p), "dof", number_json(s->fit.dof), "condition",
		isfinite(s->condition) ? s->condition : 1e300, "noise_sd", s->noise_sd,
		"noise_relative", s->noise_relative, "hull_triangle", numbers(s->hull.r, c * c),
		"leverage_max", s->leverage_max);
}

static json_t *folds_to_json(const struct erg_model *m)
{
	return json_pack("{s:I, s:o, s:o}", "n", (json_int_t)m->n_folds, "mean_rel_error",
		number_json(m->cv_mean), "sd_rel_error", number_json(m->cv_sd));
}

json_t *erg_model_to_json(const struct erg_model *m)
{
	static const char *const methods[] = {"ols", "nnls", "ridge"};
	json_t *stages = json_array(), *range = json_object();

	for (size_t s = 0; s < m->n_stages; s++)
		json_array_append_new(stages, stage_to_json(m, &m->stage[s]));
	for (size_t v = 0; v < m->n_vars; v++)
		json_object_set_new(range, m->vars[v],
			json_pack("[o,o]", number_json(m->lo[v]), number_json(m->hi[v])));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:o, s:O, s:O, s:o, s:b}", "schema",
		"ergtrace/1", "kind", "model", "title", m->title, "method", methods[m->method],
		"stages", stages, "hull", range, "rows", (json_int_t)m->n, "cv", folds_to_json(m),
		"machines", m->machines, "rails", m->rails, "frequency_hz",
		json_pack("[o,o]", number_json(m->frequency_lo), number_json(m->frequency_hi)),
		"simulated", m->simulated);
}

/* ---- reading ---- */

struct source {
	const char *name;
	struct erg_err *err;
};

static int bad(const struct source *src, const char *key, const char *expected)
{
	return erg_fail(src->err, -EINVAL, "%s: \"%s\": expected %s", src->name, key, expected);
}

static double read_number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : NAN;
}

static int read_numbers(const json_t *o, const char *key, double *v, size_t n,
	const struct source *src)
{
	const json_t *a = json_object_get(o, key);

	if (json_array_size(a) != n)
		return bad(src, key, "an array with a number for each coefficient");
	for (size_t i = 0; i < n; i++) {
		const json_t *x = json_array_get(a, i);

		if (!json_is_number(x))
			return bad(src, key, "numbers");
		v[i] = json_number_value(x);
	}
	return 0;
}

/* The variable NAME, a new one where there is none yet. */
static int variable(struct erg_model *m, const char *name, size_t *ret)
{
	for (*ret = 0; *ret < m->n_vars; ++*ret)
		if (!strcmp(m->vars[*ret], name))
			return 0;
	if (m->n_vars == ERG_MODEL_VARS)
		return -E2BIG;
	m->vars[m->n_vars] = strdup(name);
	return m->vars[m->n_vars] ? (m->n_vars++, 0) : -ENOMEM;
}

static int read_predictors(const json_t *j, struct erg_model *m, struct erg_model_stage *s,
	const struct source *src)
{
	const json_t *inputs = json_object_get(j, "predictors"), *name;
	const char *response = json_string_value(json_object_get(j, "response"));
	size_t i;

	if (!response)
		return bad(src, "response", "text");
	if (!json_array_size(inputs) || json_array_size(inputs) > ERG_MODEL_VARS)
		return bad(src, "predictors", "an array of names");
	json_array_foreach (inputs, i, name)
		if (!json_is_string(name) ||
			variable(m, json_string_value(name), &s->input[s->n_inputs++]) < 0)
			return bad(src, "predictors", "at most 32 names");
	if (variable(m, response, &s->response) < 0)
		return bad(src, "response", "at most 32 names");
	for (i = 0; i < s->n_inputs; i++)
		if (s->input[i] == s->response)
			return bad(src, "response", "a name that is no predictor");
	return 0;
}

static int read_stage(const json_t *j, struct erg_model *m, struct erg_model_stage *s,
	const struct source *src)
{
	int r = read_predictors(j, m, s, src);
	double degree = read_number(j, "degree");

	if (r < 0)
		return r;
	if (degree != 1 && degree != 2)
		return bad(src, "degree", "1 or 2");
	s->degree = (unsigned int)degree;
	s->intercept = json_is_true(json_object_get(j, "intercept"));
	s->p = erg_model_terms(s);
	if (s->p > ERG_LSQ_MAX)
		return bad(src, "predictors", "fewer terms");
	s->fit.p = s->p;
	s->fit.b = calloc(s->p, sizeof(double));
	s->fit.cov = calloc(s->p * s->p, sizeof(double));
	if (!s->fit.b || !s->fit.cov || erg_lsq_init(&s->hull, s->p) < 0)
		return erg_fail_errno(src->err, -ENOMEM, "%s", src->name);
	r = read_numbers(j, "b", s->fit.b, s->p, src);
	if (r >= 0)
		r = read_numbers(j, "covariance", s->fit.cov, s->p * s->p, src);
	if (r >= 0)
		r = read_numbers(j, "hull_triangle", s->hull.r, (s->p + 1) * (s->p + 1), src);
	if (r < 0)
		return r;
	s->fit.dof = read_number(j, "dof");
	s->noise_sd = read_number(j, "noise_sd");
	s->noise_relative = json_is_true(json_object_get(j, "noise_relative"));
	s->leverage_max = read_number(j, "leverage_max");
	s->condition = read_number(j, "condition");
	if (!(s->fit.dof > 0) || !(s->noise_sd >= 0) || !(s->leverage_max >= 0))
		return bad(src, "dof, noise_sd, leverage_max", "numbers of 0 or more");
	return 0;
}

static int read_hull(const json_t *j, struct erg_model *m, const struct source *src)
{
	const json_t *hull = json_object_get(j, "hull");

	for (size_t v = 0; v < m->n_vars; v++) {
		const json_t *range = json_object_get(hull, m->vars[v]);
		const json_t *lo = json_array_get(range, 0), *hi = json_array_get(range, 1);

		if (!json_is_number(lo) || !json_is_number(hi))
			return bad(src, "hull", "the range of every variable");
		m->lo[v] = json_number_value(lo);
		m->hi[v] = json_number_value(hi);
	}
	return 0;
}

static json_t *texts(const json_t *j, const char *key)
{
	const json_t *from = json_object_get(j, key), *v;
	json_t *to = json_array();
	size_t i;

	json_array_foreach (from, i, v)
		if (json_is_string(v))
			json_array_append(to, (json_t *)v);
	return to;
}

static void read_origin(const json_t *j, struct erg_model *m)
{
	const json_t *f = json_object_get(j, "frequency_hz"), *cv = json_object_get(j, "cv");
	const json_t *lo = json_array_get(f, 0), *hi = json_array_get(f, 1);
	double folds = read_number(cv, "n");

	m->machines = texts(j, "machines");
	m->rails = texts(j, "rails");
	m->frequency_lo = json_is_number(lo) ? json_number_value(lo) : NAN;
	m->frequency_hi = json_is_number(hi) ? json_number_value(hi) : NAN;
	m->simulated = json_is_true(json_object_get(j, "simulated"));
	m->cv_mean = read_number(cv, "mean_rel_error");
	m->cv_sd = read_number(cv, "sd_rel_error");
	m->cv_folds = folds >= 0 && folds < 1e9 ? (size_t)folds : 0;
}

int erg_model_from_json(const json_t *j, const char *source, struct erg_model **ret,
	struct erg_err *err)
{
	_cleanup_(erg_model_freep) struct erg_model *m = erg_noted(calloc(1, sizeof(*m)));
	struct source src = {source, err};
	const json_t *stages, *stage;
	const char *schema, *title;
	size_t i;
	int r = 0;

	if (!m)
		return erg_fail_errno(err, -ENOMEM, "%s", source);
	schema = json_string_value(json_object_get(j, "schema"));
	if (!schema || strcmp(schema, "ergtrace/1") ||
		strcmp(json_is_string(json_object_get(j, "kind"))
				? json_string_value(json_object_get(j, "kind"))
				: "",
			"model"))
		return erg_fail(err, -EINVAL,
			"%s: no model; expected what erg-analyze model fit --save writes", source);
	title = json_string_value(json_object_get(j, "title"));
	m->title = strdup(title ? title : source);
	stages = json_object_get(j, "stages");
	if (!json_array_size(stages) || json_array_size(stages) > ERG_MODEL_STAGES)
		return bad(&src, "stages", "an array of 1 to 8");
	json_array_foreach (stages, i, stage) {
		r = read_stage(stage, m, &m->stage[m->n_stages++], &src);
		if (r < 0)
			return r;
	}
	r = read_hull(j, m, &src);
	if (r < 0)
		return r;
	read_origin(j, m);
	if (!m->title || !m->machines || !m->rails)
		return erg_fail_errno(err, -ENOMEM, "%s", source);
	*ret = erg_steal_ptr(&m);
	return 0;
}
