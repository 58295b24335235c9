/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Fitting a model: which columns are which variable, rows by group, then stage after stage, then
 * the groups left out.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/model/fit.h"
#include "formats/base/util.h"

static void fitting_done(struct erg_model_fitting *f)
{
	free(f->order);
	free(f->first);
	free(f->fold_b);
}

/* "energy_mj ~ simd + bus + 1", and how. */
static char *make_title(const struct erg_model_spec *spec)
{
	static const char *const methods[] = {"ols", "nnls", "ridge"};
	char *s = NULL;
	size_t n;
	FILE *out = open_memstream(&s, &n);

	if (!out)
		return NULL;
	for (size_t k = 0; k < spec->n_stages; k++) {
		fprintf(out, "%s%s ~", k ? ", " : "", spec->vars[spec->stage[k].response]);
		for (size_t i = 0; i < spec->stage[k].n_inputs; i++)
			fprintf(out, "%s %s", i ? " +" : "", spec->vars[spec->stage[k].input[i]]);
		fprintf(out, "%s", spec->intercept ? " + 1" : "");
	}
	if (spec->degree == 2)
		fprintf(out, ", degree 2");
	fprintf(out, " (%s%s)",
		spec->weights == ERG_MODEL_SIGMA              ? "weighted "
			: spec->weights == ERG_MODEL_RELATIVE ? "relative "
							      : "",
		methods[spec->method]);
	if (fclose(out)) {
		free(s);
		return NULL;
	}
	return s;
}

static int build_model(const struct erg_model_data *d, const struct erg_model_spec *spec,
	struct erg_model *m, struct erg_err *err)
{
	m->title = make_title(spec);
	m->method = spec->method;
	m->weights = spec->weights;
	m->n = d->n;
	m->n_groups = d->n_groups;
	m->n_vars = spec->n_vars;
	m->n_stages = spec->n_stages;
	m->machines = json_deep_copy(d->machines);
	m->rails = json_deep_copy(d->rails);
	m->frequency_lo = d->frequency_lo;
	m->frequency_hi = d->frequency_hi;
	m->simulated = d->simulated;
	for (size_t v = 0; v < m->n_vars; v++)
		if (!(m->vars[v] = strdup(spec->vars[v])))
			return erg_fail_errno(err, -ENOMEM, "model");
	for (size_t s = 0; s < m->n_stages; s++) {
		struct erg_model_stage *stage = &m->stage[s];

		stage->response = spec->stage[s].response;
		stage->n_inputs = spec->stage[s].n_inputs;
		memcpy(stage->input, spec->stage[s].input, sizeof(stage->input));
		stage->degree = spec->degree;
		stage->intercept = spec->intercept;
		stage->p = erg_model_terms(stage);
		if (stage->p > ERG_LSQ_MAX)
			return erg_fail(err, -E2BIG, "%s: %zu terms; expected at most %u", m->title,
				stage->p, ERG_LSQ_MAX);
	}
	return m->title && m->machines && m->rails ? 0 : erg_fail_errno(err, -ENOMEM, "model");
}

static int find_columns(struct erg_model_fitting *f, const struct erg_model *m, struct erg_err *err)
{
	for (size_t v = 0; v < m->n_vars; v++) {
		size_t c = 0;

		while (c < f->d->n_names && strcmp(f->d->names[c], m->vars[v]))
			c++;
		if (c == f->d->n_names)
			return erg_fail(err, -ENOENT, "no column \"%s\"", m->vars[v]);
		f->column[v] = c;
	}
	return 0;
}

static void sort_rows(struct erg_model_fitting *f)
{
	const struct erg_model_data *d = f->d;

	for (size_t i = 0; i < d->n; i++)
		f->first[d->group[i] + 1]++;
	for (size_t g = 0; g < d->n_groups; g++)
		f->first[g + 1] += f->first[g];
	for (size_t i = 0; i < d->n; i++)
		f->order[f->first[d->group[i]]++] = i;
	for (size_t g = d->n_groups; g > 0; g--)
		f->first[g] = f->first[g - 1];
	f->first[0] = 0;
}

static int prepare_fitting(struct erg_model_fitting *f)
{
	f->stride = f->spec->n_stages * ERG_LSQ_MAX;
	f->order = calloc(f->d->n + 1, sizeof(*f->order));
	f->first = calloc(f->d->n_groups + 2, sizeof(*f->first));
	f->fold_b = calloc(f->n_folds * f->stride + 1, sizeof(*f->fold_b));
	if (!f->order || !f->first || !f->fold_b)
		return -ENOMEM;
	for (size_t i = 0; i < f->n_folds * f->stride; i++)
		f->fold_b[i] = NAN;
	sort_rows(f);
	return 0;
}

static void find_box(const struct erg_model_fitting *f, struct erg_model *m)
{
	for (size_t v = 0; v < m->n_vars; v++) {
		const double *col = f->d->col[f->column[v]];

		m->lo[v] = HUGE_VAL;
		m->hi[v] = -HUGE_VAL;
		for (size_t i = 0; i < f->d->n; i++) {
			m->lo[v] = fmin(m->lo[v], col[i]);
			m->hi[v] = fmax(m->hi[v], col[i]);
		}
	}
}

/* Weights need to be finite. */
static int check_weights(const struct erg_model_fitting *f, const struct erg_model *m,
	struct erg_err *err)
{
	char buf[32];

	for (size_t i = 0; m->weights == ERG_MODEL_SIGMA && i < f->d->n; i++)
		if (!f->d->sigma || !(f->d->sigma[i] > 0))
			return erg_fail(err, -EDOM,
				"%s: row %s has no uncertainty above 0 to weigh it by", m->title,
				erg_model_data_label(f->d, i, buf, sizeof(buf)));
	for (size_t s = 0; m->weights == ERG_MODEL_RELATIVE && s < m->n_stages; s++)
		for (size_t i = 0; i < f->d->n; i++)
			if (f->d->col[f->column[m->stage[s].response]][i] == 0)
				return erg_fail(err, -EDOM,
					"%s: %s is 0 in row %s; relative weights need values that "
					"are not",
					m->title, m->vars[m->stage[s].response],
					erg_model_data_label(f->d, i, buf, sizeof(buf)));
	return 0;
}

static int check_groups(const struct erg_model_fitting *f, const struct erg_model *m,
	struct erg_err *err)
{
	for (size_t s = 0; s < m->n_stages; s++)
		if (f->n_folds && f->n_folds < m->stage[s].p)
			return erg_fail(err, -EDOM,
				"%s: %zu group%s for %zu coefficients; expected at least as many "
				"groups (%s%s%s)",
				m->title, f->n_folds, f->n_folds == 1 ? "" : "s", m->stage[s].p,
				f->d->groups[0], f->n_folds > 1 ? ", " : "",
				f->n_folds > 1 ? f->d->groups[1] : "");
	return 0;
}

int erg_model_fit(const struct erg_model_data *d, const struct erg_model_spec *spec, bool grouped,
	struct erg_model **ret, struct erg_err *err)
{
	_cleanup_(erg_model_freep) struct erg_model *m = calloc(1, sizeof(*m));
	_cleanup_(fitting_done) struct erg_model_fitting f = {.d = d,
		.spec = spec,
		.n_folds = grouped ? d->n_groups : 0};
	int r;

	if (!m)
		return erg_fail_errno(err, -ENOMEM, "model");
	r = build_model(d, spec, m, err);
	if (r >= 0)
		r = find_columns(&f, m, err);
	if (r >= 0)
		r = check_groups(&f, m, err);
	if (r >= 0)
		r = check_weights(&f, m, err);
	if (r < 0)
		return r;
	if (prepare_fitting(&f) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", m->title);
	find_box(&f, m);
	for (size_t s = 0; s < m->n_stages && r >= 0; s++)
		r = erg_model_fit_stage(&f, m, s, err);
	if (r < 0)
		return r;
	if (erg_model_fit_folds(&f, m) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", m->title);
	*ret = erg_steal_ptr(&m);
	return 0;
}
