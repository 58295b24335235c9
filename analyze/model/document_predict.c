/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * What a model predicts, row by row and for each group in total, beside what was measured where
 * something was; and every reason not to believe it.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/result/estimate.h"
#include "analyze/model/document.h"
#include "analyze/result/document.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

struct total {
	struct erg_model_prediction sum;
	double measured, calls_max;
	size_t rows;
};

static struct erg_est estimate(const struct erg_model *m, const struct erg_model_prediction *p,
	bool group)
{
	double half = erg_model_half_width(m, p, group);

	return (struct erg_est){.value = p->value,
		.lo = p->value - half,
		.hi = p->value + half,
		.stat = half,
		.syst = NAN,
		.method = "model"};
}

static json_t *prediction_json(const struct erg_model *m, const struct erg_model_prediction *p,
	double measured, bool group)
{
	struct erg_est e = estimate(m, p, group);

	return json_pack("{s:o, s:o, s:o, s:b}", "predicted", erg_est_json(&e), "measured",
		erg_num_json(measured), "rel_error",
		erg_num_json(fabs(p->value - measured) / fabs(measured)), "extrapolates",
		p->extrapolates);
}

static const double *column(const struct erg_model_data *d, const char *name)
{
	for (size_t c = 0; c < d->n_names; c++)
		if (!strcmp(d->names[c], name))
			return d->col[c];
	return NULL;
}

static void row_inputs(const struct erg_model_data *d, const struct erg_model *m, size_t i,
	double *values)
{
	for (size_t v = 0; v < m->n_vars; v++)
		values[v] = erg_model_computes(m, v) ? NAN : column(d, m->vars[v])[i];
}

/* Calls of a row in one inference: its share of the group's most called layer. */
static double calls_of(const double *calls, const struct total *t, size_t i)
{
	return calls && isfinite(calls[i]) && t->calls_max > 0 ? calls[i] / t->calls_max : 1;
}

static int add_rows(const struct erg_model_data *d, const struct erg_model *m, struct total *totals,
	json_t *rows, size_t *ret_outside, char *why, size_t len)
{
	const double *y = column(d, m->vars[m->stage[m->n_stages - 1].response]);
	const double *calls = column(d, "calls");

	for (size_t i = 0; calls && i < d->n; i++)
		totals[d->group[i]].calls_max = fmax(totals[d->group[i]].calls_max, calls[i]);
	for (size_t i = 0; i < d->n; i++) {
		struct total *t = &totals[d->group[i]];
		double values[ERG_MODEL_VARS], weight = calls_of(calls, t, i);
		double measured = y ? y[i] : NAN;
		struct erg_model_prediction p;
		json_t *row;
		char buf[160];

		row_inputs(d, m, i, values);
		erg_model_predict(m, values, &p);
		erg_model_accumulate(&t->sum, weight, &p);
		t->measured += weight * measured;
		t->rows++;
		row = prediction_json(m, &p, measured, false);
		if (!row)
			return -ENOMEM;
		json_object_set_new(row, "group", json_string(d->groups[d->group[i]]));
		json_object_set_new(row, "label",
			json_string(erg_model_data_label(d, i, buf, sizeof(buf))));
		if (p.extrapolates) {
			erg_model_outside(m, values, *ret_outside ? buf : why,
				*ret_outside ? sizeof(buf) : len);
			json_object_set_new(row, "why", json_string(*ret_outside ? buf : why));
			++*ret_outside;
		}
		json_array_append_new(rows, row);
	}
	return 0;
}

static json_t *totals_json(const struct erg_model_data *d, const struct erg_model *m,
	const struct total *totals)
{
	json_t *a = json_array();

	for (size_t g = 0; g < d->n_groups; g++) {
		json_t *t = prediction_json(m, &totals[g].sum, totals[g].measured, true);

		json_object_set_new(t, "group", json_string(d->groups[g]));
		json_object_set_new(t, "rows", json_integer((json_int_t)totals[g].rows));
		json_array_append_new(a, t);
	}
	return a;
}

static json_t *coefficients(const struct erg_model *m)
{
	const struct erg_model_stage *s = &m->stage[m->n_stages - 1];
	json_t *o = json_object();
	char name[160];

	for (size_t j = 0; j < s->p; j++) {
		double half = erg_model_t95(s->fit.dof) * sqrt(s->fit.cov[j * s->p + j]);
		struct erg_est e = {.value = s->fit.b[j],
			.lo = s->fit.b[j] - half,
			.hi = s->fit.b[j] + half,
			.stat = half,
			.syst = NAN,
			.method = "model"};

		json_object_set_new(o, erg_model_term_name(m, s, j, name, sizeof(name)),
			erg_est_json(&e));
	}
	return o;
}

static bool shares_text(const json_t *a, const json_t *b)
{
	const json_t *v, *w;
	size_t i, k;

	json_array_foreach (a, i, v)
		json_array_foreach (b, k, w)
			if (json_equal(v, w))
				return true;
	return !json_array_size(a) || !json_array_size(b);
}

static void warn_text(json_t *doc, const char *what, const json_t *here, const json_t *there)
{
	if (!shares_text(here, there))
		erg_document_warn(doc, what,
			"the model was fitted on another %s: \"%s\"; this is \"%s\"", what,
			json_string_value(json_array_get(there, 0)),
			json_string_value(json_array_get(here, 0)));
}

static void warn_origin(const struct erg_model_data *d, const struct erg_model *m, json_t *doc)
{
	bool predicts_frequency = false;

	for (size_t v = 0; v < m->n_vars; v++)
		predicts_frequency |= !strcmp(m->vars[v], "frequency_hz");
	warn_text(doc, "machine", d->machines, m->machines);
	warn_text(doc, "rail", d->rails, m->rails);
	if (!predicts_frequency &&
		(d->frequency_hi > 1.02 * m->frequency_hi ||
			d->frequency_lo < 0.98 * m->frequency_lo))
		erg_document_warn(doc, "frequency",
			"the model was fitted at another frequency: %.4g to %.4g MHz; this is %.4g to "
			"%.4g MHz",
			m->frequency_lo / 1e6, m->frequency_hi / 1e6, d->frequency_lo / 1e6,
			d->frequency_hi / 1e6);
	if (m->simulated || d->simulated)
		erg_document_warn(doc, "simulated", "the power %s is simulated",
			m->simulated ? "that the model was fitted to" : "of these runs");
	if (d->dropped)
		erg_document_warn(doc, "dropped", "%zu rows left out: a value is missing",
			d->dropped);
}

int erg_model_predict_document(const struct erg_model_data *d, const struct erg_model *m,
	json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_freep) struct total *totals =
		erg_noted(calloc(d->n_groups + 1, sizeof(*totals)));
	const char *response = m->vars[m->stage[m->n_stages - 1].response];
	json_t *rows = json_array(), *add;
	size_t outside = 0;
	char why[160];

	if (!totals || add_rows(d, m, totals, rows, &outside, why, sizeof(why)) < 0) {
		json_decref(rows);
		return erg_fail_errno(err, -ENOMEM, "predictions");
	}
	add = json_pack("{s:s, s:{s:s, s:s}, s:I, s:o, s:o, s:o, s:b, s:b}", "title", m->title,
		"response", "name", response, "unit", erg_model_unit(response), "rows",
		(json_int_t)d->n, "coefficients", coefficients(m), "predictions", rows, "totals",
		totals_json(d, m, totals), "extrapolates", outside > 0, "simulated",
		m->simulated || d->simulated);
	if (!add || json_object_update_new(doc, add) < 0)
		return erg_fail_errno(err, -ENOMEM, "predictions");
	if (outside)
		erg_document_warn(doc, "extrapolates",
			"%zu of %zu rows lie outside what the model was fitted to (the first: %s)",
			outside, d->n, why);
	warn_origin(d, m, doc);
	return 0;
}
