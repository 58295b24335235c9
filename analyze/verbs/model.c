/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze model: energy from counters and from MACs. Options and the way from files to rows are
 * here; the mathematics is in model/, the tables for people in render/model.c.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/runs.h"
#include "analyze/model/document.h"
#include "analyze/verbs/model_options.h"
#include "analyze/render/model.h"
#include "analyze/verbs/verb.h"
#include "formats/base/outfile.h"
#include "formats/base/regular.h"

/* The keys of rows that any model reads, and those that this one asks for. */
static void keys_wanted(const struct erg_model_want *want, const char **ret)
{
	static const char *const always[] = {"name", "type", "network", "calls", "inferences",
		"macs", "merged", "counters", "time_s"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(always); i++)
		*ret++ = always[i];
	for (size_t i = 0; i < want->n; i++)
		*ret++ = want->names[i];
	*ret = NULL;
}

static int load_rows(const struct erg_model_options *o, const struct erg_model_want *want,
	json_t *doc, struct erg_model_data *ret, struct erg_err *err)
{
	static const char *const estimate[] = {"value", "lo", "hi", NULL};
	const char *rows[ERG_MODEL_NAMES_MAX + 16];
	/* A network's energy is known where those of its layers are not. */
	const char *const by = o->whole && !o->type ? "network" : "layer";
	const struct erg_runs_keep keep = {rows, estimate};
	const struct erg_runs_how how = {.common = &o->common, .by = &by, .n_by = 1, .keep = &keep};
	json_auto_t *runs = NULL;
	int r;

	if (o->table)
		return erg_model_data_table(o->table, want, ret, err);
	keys_wanted(want, rows);
	r = erg_runs_load(o->files, o->n_files, &how, doc, &runs, err);
	return r < 0 ? r : erg_model_data_runs(runs, want, ret, err);
}

static int save(const struct erg_model *m, const char *path, struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	json_auto_t *j = erg_model_to_json(m);
	int r;

	if (!j)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	r = erg_outfile_open(&out, path, err);
	if (r < 0)
		return r;
	if (json_dumpf(j, out.f, JSON_INDENT(1) | JSON_REAL_PRECISION(17)) < 0)
		return erg_fail(err, -EIO, "%s: the model cannot be written", path);
	fputc('\n', out.f);
	return erg_outfile_commit(&out, err);
}

/* ---- fit ---- */

struct models {
	struct erg_model **m;
	size_t n;
};

static void models_free(struct models *s)
{
	for (size_t i = 0; i < s->n; i++)
		erg_model_free(s->m[i]);
	free(s->m);
}

/* The names that any of the candidates needs, each once; the response is among them. */
static size_t needed_names(const struct erg_model_options *o, const char **names, size_t max)
{
	size_t n = 0;

	for (size_t k = 0; k < o->n_specs; k++)
		for (size_t v = 0; v < o->spec[k].n_vars; v++) {
			size_t i = 0;

			while (i < n && strcmp(names[i], o->spec[k].vars[v]))
				i++;
			if (i == n && n < max)
				names[n++] = o->spec[k].vars[v];
		}
	return n;
}

static int fit_each(const struct erg_model_options *o, const struct erg_model_data *d, bool grouped,
	struct models *s, struct erg_err *err)
{
	s->m = calloc(o->n_specs, sizeof(*s->m));
	if (!s->m)
		return erg_fail_errno(err, -ENOMEM, "models");
	for (size_t k = 0; k < o->n_specs; k++) {
		int r = erg_model_fit(d, &o->spec[k], grouped, &s->m[k], err);

		if (r < 0)
			return r;
		s->n++;
	}
	return 0;
}

static int fit(const struct erg_model_options *o, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_model_fit_text, erg_model_fit_csv};
	const char *names[ERG_MODEL_NAMES_MAX];
	struct erg_model_want want = {.names = (char *const *)names,
		.group = (const char *const *)o->groups,
		.n_group = o->n_groups,
		.sigma = o->uncertainty,
		.response = o->response,
		.type = o->type,
		.whole = o->whole,
		.drop = o->drop};
	_cleanup_(erg_model_data_done) struct erg_model_data d = {0};
	_cleanup_(models_free) struct models models = {0};
	json_auto_t *doc = erg_document_new("model");
	bool all_points = o->points || o->common.format == ERG_FORMAT_CSV;
	int r;

	want.n = needed_names(o, names, ERG_MODEL_NAMES_MAX);
	r = load_rows(o, &want, doc, &d, err);
	if (r >= 0)
		r = fit_each(o, &d, !o->table || o->n_groups, &models, err);
	if (r >= 0)
		r = erg_model_fit_document(&d, models.m, models.n, all_points, doc, err);
	if (r >= 0 && o->save)
		r = save(models.m[erg_model_best(models.m, models.n)], o->save, err);
	return r < 0 ? r
		     : erg_document_emit(doc, o->common.format, &renderer, o->common.strict, err);
}

/* ---- predict ---- */

static int load_model(const char *path, struct erg_model **ret, struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = erg_regular_open(path);
	json_auto_t *j = NULL;
	json_error_t e;

	if (!f && errno == ENOTSUP)
		return erg_fail(err, -EINVAL, "%s: a regular file was expected", path);
	if (!f)
		return erg_fail_errno(err, -errno, "%s", path);
	j = json_loadf(f, 0, &e);
	if (!j)
		return erg_fail(err, -EINVAL,
			"%s: no JSON (line %d: %s): expected what model fit --save wrote", path,
			e.line, e.text);
	return erg_model_from_json(j, path, ret, err);
}

static int load_networks(const struct erg_model_options *o, const struct erg_model_want *want,
	struct erg_model_data *d, struct erg_err *err)
{
	_cleanup_(erg_freep) char *found = NULL;
	const char *dir = o->networks_dir;
	int r = 0;

	if (!dir) {
		r = erg_net_default_dir(&found, err);
		dir = found;
	}
	if (r >= 0 && erg_model_data_init(d, want->names, want->n, false) < 0)
		r = erg_fail_errno(err, -ENOMEM, "networks");
	for (size_t i = 0; r >= 0 && i < o->n_networks; i++) {
		_cleanup_(erg_net_freep) struct erg_net *net = NULL;
		_cleanup_(erg_freep) char *path = NULL;

		r = erg_net_locate(o->networks[i], dir, &path, err);
		if (r >= 0)
			r = erg_net_read(path, &net, err);
		if (r >= 0)
			r = erg_model_data_net(net, want, d, err);
	}
	return r;
}

static int predict(const struct erg_model_options *o, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_model_predict_text, erg_model_predict_csv};
	_cleanup_(erg_model_freep) struct erg_model *m = NULL;
	_cleanup_(erg_model_data_done) struct erg_model_data d = {0};
	const char *names[ERG_MODEL_VARS + 2];
	struct erg_model_want want = {.names = (char *const *)names,
		.n_optional = 2,
		.group = (const char *const *)o->groups,
		.n_group = o->n_groups,
		.type = o->type,
		.whole = o->whole,
		.drop = o->drop,
		.by_run = true};
	json_auto_t *doc = erg_document_new("model");
	int r = load_model(o->model, &m, err);

	if (r < 0)
		return r;
	for (size_t v = 0; v < m->n_vars; v++)
		if (!erg_model_computes(m, v))
			names[want.n++] = m->vars[v];
	names[want.n++] = m->vars[m->stage[m->n_stages - 1].response];
	names[want.n++] = "calls";
	r = o->n_networks ? load_networks(o, &want, &d, err) : load_rows(o, &want, doc, &d, err);
	if (r >= 0)
		r = erg_model_predict_document(&d, m, doc, err);
	return r < 0 ? r
		     : erg_document_emit(doc, o->common.format, &renderer, o->common.strict, err);
}

static int model_verb(int argc, char **argv, struct erg_err *err)
{
	_cleanup_(erg_model_options_done) struct erg_model_options o = {0};
	int r = erg_model_options_parse(&o, argc, argv);

	if (r)
		return r == 1 ? 0 : r;
	r = erg_model_options_check_save(&o, err);
	if (r)
		return r;
	return o.predict ? predict(&o, err) : fit(&o, err);
}

const struct erg_verb erg_verb_model = {"model",
	"energy from counters and MACs: fit, validate, predict", model_verb};
