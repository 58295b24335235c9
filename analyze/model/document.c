/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a fit says. Coefficients carry 95 % intervals: Student's t on their standard error under
 * independent rows, or on the delete-a-group jackknife's where that is wider, because rows of one
 * network are not independent.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/result/estimate.h"
#include "analyze/model/document.h"
#include "analyze/result/document.h"
#include "formats/base/util.h"

#define CONDITION_MAX 30.0 /* Belsley, Kuh and Welsch: above it, collinearity matters */
#define VIF_MAX 10.0

static const char *const method_names[] = {"ols", "nnls", "ridge"};
static const char *const jackknife_names[] = {"ols, jackknife over groups",
	"nnls, jackknife over groups", "ridge, jackknife over groups"};
static const char *const bound_names[] = {"ols", "nnls, held at zero", "ridge"};

const char *erg_model_unit(const char *name)
{
	static const struct {
		const char *suffix, *unit;
	} units[] = {
		{"_j", "J"},
		{"_mj", "mJ"},
		{"_uj", "uJ"},
		{"_nj", "nJ"},
		{"_s", "s"},
		{"_ms", "ms"},
		{"_us", "us"},
		{"_ns", "ns"},
		{"_w", "W"},
		{"_mw", "mW"},
		{"_hz", "Hz"},
		{"_khz", "kHz"},
		{"_mhz", "MHz"},
		{"_degc", "degC"},
		{"_js", "Js"},
	};
	size_t n = strlen(name);

	if (!strcmp(name, "macs"))
		return "MAC";
	if (!strncmp(name, "bytes", 5))
		return "byte";
	for (size_t i = 0; i < ERG_ARRAY_SIZE(units); i++) {
		size_t k = strlen(units[i].suffix);

		if (n > k && !strcasecmp(name + n - k, units[i].suffix))
			return units[i].unit;
	}
	return name;
}

/* "mJ per simd", "mJ per simd^2", "mJ per simd*bus", "mJ" for the intercept. */
static json_t *term_unit(const struct erg_model *m, const struct erg_model_stage *s, size_t term)
{
	const char *unit = erg_model_unit(m->vars[s->response]);
	char name[160], buf[256];

	if (s->intercept && term == s->p - 1)
		return json_string(unit);
	snprintf(buf, sizeof(buf), "%s per %s", unit,
		term < s->n_inputs ? erg_model_unit(m->vars[s->input[term]])
				   : erg_model_term_name(m, s, term, name, sizeof(name)));
	return json_string(buf);
}

static struct erg_est coefficient(const struct erg_model *m, const struct erg_model_stage *s,
	size_t j)
{
	double b = s->fit.b[j], se = sqrt(s->fit.cov[j * s->p + j]);
	double half = erg_model_t95(s->fit.dof) * se, groups = -1;
	struct erg_est e = {.value = b, .syst = NAN, .method = method_names[m->method]};
	bool bounded = m->method == ERG_LSQ_NNLS && !(s->intercept && j == s->p - 1);

	if (m->n_folds > 1 && isfinite(s->se_group[j]))
		groups = erg_model_t95((double)m->n_folds - 1) * s->se_group[j];
	if (groups > half) {
		half = groups;
		e.method = jackknife_names[m->method];
	}
	if (bounded && s->fit.at_bound[j] && half == 0) {
		half = NAN;
		e.method = bound_names[m->method];
	}
	e.stat = half;
	e.lo = bounded ? fmax(0, b - half) : b - half;
	e.hi = b + half;
	return e;
}

static json_t *coefficients_json(const struct erg_model *m, const struct erg_model_stage *s)
{
	json_t *o = json_object();
	char name[160];

	for (size_t j = 0; j < s->p; j++) {
		struct erg_est e = coefficient(m, s, j);
		json_t *c = erg_est_json(&e);

		json_object_set_new(c, "unit", term_unit(m, s, j));
		json_object_set_new(c, "se", erg_num_json(sqrt(s->fit.cov[j * s->p + j])));
		json_object_set_new(c, "se_groups",
			erg_num_json(m->n_folds > 1 ? s->se_group[j] : NAN));
		json_object_set_new(c, "vif", erg_num_json(s->vif[j]));
		json_object_set_new(o, erg_model_term_name(m, s, j, name, sizeof(name)), c);
	}
	return o;
}

static json_t *stages_json(const struct erg_model *m)
{
	json_t *a = json_array();

	for (size_t i = 0; i < m->n_stages; i++) {
		const struct erg_model_stage *s = &m->stage[i];

		json_array_append_new(a,
			json_pack("{s:s, s:o, s:o, s:o, s:b, s:o}", "response",
				m->vars[s->response], "coefficients", coefficients_json(m, s), "r2",
				erg_num_json(s->r2), "residual_sd", erg_num_json(s->noise_sd),
				"residual_relative", s->noise_relative, "condition",
				erg_num_json(s->condition)));
		if (m->method == ERG_LSQ_RIDGE)
			json_object_set_new(json_array_get(a, i), "lambda",
				erg_num_json(s->fit.lambda));
	}
	return a;
}

static json_t *cv_json(const struct erg_model *m)
{
	json_t *folds = json_array();

	if (!m->n_folds) {
		json_decref(folds);
		return json_null();
	}
	for (size_t g = 0; g < m->n_folds; g++) {
		const struct erg_model_fold *f = &m->fold[g];

		json_array_append_new(folds,
			json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:b}", "group", f->group, "rows",
				(json_int_t)f->rows, "measured", erg_num_json(f->measured),
				"predicted", erg_num_json(f->predicted), "rel_error",
				erg_num_json(f->rel_error), "mean_row_rel_error",
				erg_num_json(f->row_error), "extrapolates", f->extrapolates));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "folds", folds, "mean_rel_error",
		erg_num_json(m->cv_mean), "sd_rel_error", erg_num_json(m->cv_sd), "worst_rel_error",
		erg_num_json(m->cv_worst), "mean_row_rel_error", erg_num_json(m->cv_row));
}

size_t erg_model_best(struct erg_model *const *models, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (models[i]->cv_mean < models[best]->cv_mean || isnan(models[best]->cv_mean))
			best = isnan(models[i]->cv_mean) ? best : i;
	return best;
}

static json_t *comparison_json(struct erg_model *const *models, size_t n, size_t best)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++) {
		const struct erg_model *m = models[i];
		const struct erg_model_stage *s = &m->stage[m->n_stages - 1];
		size_t p = 0;

		for (size_t k = 0; k < m->n_stages; k++)
			p += m->stage[k].p;
		json_array_append_new(a,
			json_pack("{s:s, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "title",
				m->title, "stages", stages_json(m), "n_coefficients", (json_int_t)p,
				"r2", erg_num_json(s->r2), "condition", erg_num_json(s->condition),
				"mean_rel_error", erg_num_json(m->cv_mean), "sd_rel_error",
				erg_num_json(m->cv_sd), "worst_rel_error",
				erg_num_json(m->cv_worst), "mean_row_rel_error",
				erg_num_json(m->cv_row), "best", i == best));
	}
	return a;
}

/* All that is known of row I by its name: what stages of a chain are drawn from. */
static json_t *values_json(const struct erg_model_data *d, size_t i)
{
	json_t *o = json_object();

	for (size_t c = 0; c < d->n_names; c++)
		json_object_set_new(o, d->names[c], erg_num_json(d->col[c][i]));
	return o;
}

/* Measured against predicted, by the fit of all rows and by the fit of the other groups. */
static json_t *points_json(const struct erg_model_data *d, const struct erg_model *m)
{
	const char *response = m->vars[m->stage[m->n_stages - 1].response];
	json_t *a = json_array();
	size_t y = 0;

	while (strcmp(d->names[y], response))
		y++;
	for (size_t i = 0; i < d->n; i++) {
		double measured = d->col[y][i];
		char buf[32];

		json_array_append_new(a,
			json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "group",
				d->groups[d->group[i]], "label",
				erg_model_data_label(d, i, buf, sizeof(buf)), "measured",
				erg_num_json(measured), "fitted", erg_num_json(m->fitted[i]),
				"predicted", erg_num_json(m->held_out[i]), "residual",
				erg_num_json(measured - m->fitted[i]), "se",
				erg_num_json(d->sigma ? d->sigma[i] : NAN), "values",
				values_json(d, i)));
	}
	return a;
}

static void warn_collinear(const struct erg_model *m, json_t *doc)
{
	for (size_t k = 0; k < m->n_stages; k++) {
		const struct erg_model_stage *s = &m->stage[k];
		char name[160];
		size_t worst = 0;

		for (size_t j = 1; j < s->p; j++)
			if (s->vif[j] > s->vif[worst] || isnan(s->vif[worst]))
				worst = j;
		if (s->degree > 1 || (!(s->vif[worst] > VIF_MAX) && s->condition <= CONDITION_MAX))
			continue;
		erg_document_warn(doc, "collinear",
			"the predictors of %s are collinear (condition number %.3g; %s has a variance "
			"inflation of %.3g): single coefficients are uncertain, predictions within "
			"the hull are not",
			m->vars[s->response], s->condition,
			erg_model_term_name(m, s, worst, name, sizeof(name)), s->vif[worst]);
	}
}

/* A constant is an intercept under another name; a fold without a fit says nothing. */
static void warn_weak(const struct erg_model *m, json_t *doc)
{
	for (size_t v = 0; v < m->n_vars; v++)
		if (!erg_model_computes(m, v) && m->lo[v] == m->hi[v])
			erg_document_warn(doc, "constant",
				"predictor %s is %.9g in every row: its coefficient is an intercept",
				m->vars[v], m->lo[v]);
	for (size_t g = 0; g < m->n_folds; g++)
		if (isnan(m->fold[g].predicted))
			erg_document_warn(doc, "fold",
				"without %s the rest is too little for a fit: no cross-validation",
				m->fold[g].group);
}

static bool uses(const struct erg_model *m, const char *name)
{
	for (size_t v = 0; v < m->n_vars; v++)
		if (!strcmp(m->vars[v], name))
			return true;
	return false;
}

static void warn_data(const struct erg_model_data *d, const struct erg_model *m, json_t *doc)
{
	if (d->simulated)
		erg_document_warn(doc, "simulated", "the power is simulated");
	if (d->dropped)
		erg_document_warn(doc, "dropped",
			"%zu row%s left out: unresolved, or a value is missing", d->dropped,
			d->dropped == 1 ? "" : "s");
	if (json_array_size(d->machines) > 1)
		erg_document_warn(doc, "machine", "fitted to runs of %zu machines: %s, %s",
			json_array_size(d->machines),
			json_string_value(json_array_get(d->machines, 0)),
			json_string_value(json_array_get(d->machines, 1)));
	if (d->frequency_hi > 1.02 * d->frequency_lo && !uses(m, "frequency_hz"))
		erg_document_warn(doc, "frequency",
			"fitted to runs at %.4g to %.4g MHz without frequency_hz as a predictor",
			d->frequency_lo / 1e6, d->frequency_hi / 1e6);
}

static bool any_extrapolates(const struct erg_model *m)
{
	for (size_t g = 0; g < m->n_folds; g++)
		if (m->fold[g].extrapolates)
			return true;
	return false;
}

int erg_model_fit_document(const struct erg_model_data *d, struct erg_model *const *models,
	size_t n, bool all_points, json_t *doc, struct erg_err *err)
{
	size_t best = erg_model_best(models, n);
	const struct erg_model *m = models[best];
	const struct erg_model_stage *last = &m->stage[m->n_stages - 1];
	json_t *groups = json_array(), *add;

	for (size_t g = 0; g < d->n_groups; g++)
		json_array_append_new(groups, json_string(d->groups[g]));
	add = json_pack(
		"{s:s, s:{s:s, s:s}, s:I, s:I, s:o, s:b, s:O, s:O, s:o, s:o, s:o, s:o, s:b}",
		"title", m->title, "response", "name", m->vars[last->response], "unit",
		erg_model_unit(m->vars[last->response]), "rows", (json_int_t)d->n, "dropped",
		(json_int_t)d->dropped, "groups", groups, "simulated", d->simulated, "machines",
		d->machines, "rails", d->rails, "coefficients", coefficients_json(m, last),
		"stages", stages_json(m), "cv", cv_json(m), "models",
		comparison_json(models, n, best), "extrapolates", any_extrapolates(m));
	if (!add || json_object_update_new(doc, add) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", m->title);
	json_object_set_new(doc, "points",
		d->n <= ERG_MODEL_POINTS_MAX || all_points ? points_json(d, m) : json_null());
	warn_data(d, m, doc);
	warn_weak(m, doc);
	warn_collinear(m, doc);
	return 0;
}
