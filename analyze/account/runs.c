/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where experiments get their runs from. A result that was computed before is as good as its
 * archive.
 */
#include "analyze/account/runs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/layers.h"
#include "analyze/account/runs_files.h"
#include "analyze/account/runs_mixed.h"
#include "analyze/result/apiece.h"
#include "analyze/result/document.h"
#include "analyze/result/estimate.h"
#include "analyze/result/load.h"
#include "formats/base/regular.h"
#include "formats/base/util.h"

const char *erg_run_setting(const json_t *run, const char *name, char *buf, size_t len)
{
	const json_t *v = json_object_get(json_object_get(run, "factors"), name);

	if (!v)
		v = json_object_get(json_object_get(run, "tags"), name);
	if (!v && (!strcmp(name, "workload") || !strcmp(name, "machine")))
		v = json_object_get(run, name);
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_boolean(v))
		return json_is_true(v) ? "true" : "false";
	if (!json_is_number(v))
		return NULL;
	snprintf(buf, len, "%.12g", json_number_value(v));
	return buf;
}

bool erg_run_names_no_setting(const char *name)
{
	return !strcmp(name, "workload") || !strcmp(name, "repetition");
}

/* What no analysis of many runs reads, and most of a document is made of: a thousand results must not
 * take a gigabyte. Who takes each run's rows as they come gets all of them. */
static void slim(json_t *run)
{
	static const char *const of_run[] = {"model", "attribution", "rest", "ed2p_js2", "idle_w"};
	static const char *const of_layer[] = {"share", "per_call_j", "per_inference_j",
		"per_mac_j", "per_param_byte_j", "direct_j", "nnls_j", "inclusive_j", "in_shape",
		"out_shape", "kernel_shape", "gate", "windows"};
	json_t *layer;
	size_t i;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(of_run); k++)
		json_object_del(run, of_run[k]);
	json_array_foreach (json_object_get(run, "layers"), i, layer)
		for (size_t k = 0; k < ERG_ARRAY_SIZE(of_layer); k++)
			json_object_del(layer, of_layer[k]);
}

static bool is_kept(const char *const *keep, const char *key)
{
	while (*keep && strcmp(*keep, key))
		keep++;
	return *keep;
}

static void keep_only(json_t *object, const char *const *keep)
{
	const char *key;
	void *next;
	json_t *v;

	json_object_foreach_safe(object, next, key, v) if (!is_kept(keep, key))
		json_object_del(object, key);
}

void erg_runs_trim(json_t *run, const struct erg_runs_keep *keep)
{
	static const char *const estimates[] = {"energy_j", "time_s", "power_w", "above_idle_j"};
	json_t *row;
	size_t i;

	slim(run);
	json_array_foreach (json_object_get(run, "layers"), i, row) {
		keep_only(row, keep->rows);
		for (size_t k = 0; k < ERG_ARRAY_SIZE(estimates); k++)
			keep_only(json_object_get(row, estimates[k]), keep->estimate);
	}
}

/* The table BY beside the rows of RUN; NULL: it has none. */
static json_t *table_of(const json_t *run, const char *by)
{
	json_t *table;
	size_t i;

	json_array_foreach (json_object_get(run, "tables"), i, table)
		if (!strcmp(erg_text_of(table, "by"), by))
			return table;
	return NULL;
}

/* The rows BY, which the document may have beside others, become RUN's own. */
static void take_table(json_t *run, const char *by)
{
	static const char *const own[] = {"by", "simultaneous", "layers", "rest"};
	json_t *table = strcmp(erg_text_of(run, "by"), by) ? table_of(run, by) : NULL;

	for (size_t k = 0; table && k < ERG_ARRAY_SIZE(own); k++)
		json_object_set(run, own[k], json_object_get(table, own[k]));
}

/* A run of layers, also one without rows; runs of totals and of others are something else. */
static int check_run(const char *path, const json_t *run, json_t *doc, struct erg_err *err)
{
	json_int_t left = json_integer_value(json_object_get(run, "left_out"));
	const char *phase = erg_text_of(run, "phase");

	if (!json_is_array(json_object_get(run, "layers")))
		return erg_fail(err, -EINVAL,
			"%s: a run without \"layers\": expected a result of erg-analyze layers",
			path);
	if (left > 0)
		erg_document_warn(doc, "rows-left-out",
			"%s: a result without %lld of its rows (--top or --match)", path,
			(long long)left);
	if (*phase)
		erg_document_warn(doc, "one-phase",
			"%s: its rows are those within the phase %s, its energy and time are the whole "
			"run's",
			path, phase);
	return 0;
}

static int load_result(const char *path, const struct erg_runs_how *how, json_t *doc, json_t *runs,
	struct erg_err *err)
{
	json_auto_t *result = NULL;
	json_t *list, *w, *run;
	int r = erg_result_load(path, &result, err);
	size_t i;

	if (r < 0)
		return r;
	list = json_object_get(result, "runs");
	if (!json_is_array(list) || !json_array_size(list))
		return erg_fail(err, -EINVAL,
			"%s: a JSON document without \"runs\": expected a result of erg-analyze layers",
			path);
	json_array_foreach (json_object_get(result, "warnings"), i, w) {
		const char *code = json_string_value(json_object_get(w, "code"));
		const char *text = json_string_value(json_object_get(w, "text"));

		if (code && text)
			erg_document_warn(doc, code, "%s", text);
	}
	erg_runs_note_origin(result);
	json_array_foreach (list, i, run) {
		r = check_run(path, run, doc, err);
		if (r < 0)
			return r;
		erg_document_label(doc, json_is_true(json_object_get(run, "simulated")));
		if (how->n_by == 1) {
			take_table(run, how->by[0]);
			json_object_del(run, "tables");
		}
		if (how->keep)
			erg_runs_trim(run, how->keep);
		else if (!how->taken)
			slim(run);
	}
	return json_array_extend(runs, list) ? erg_fail(err, -ENOMEM, "out of memory") : 0;
}

static int load_archive(const char *path, const struct erg_runs_how *how, json_t *doc, json_t *runs,
	struct erg_err *err)
{
	struct erg_timeline *tl = NULL;
	json_t *run = NULL;
	int r = erg_timeline_read(path, &how->common->reader, &tl, err);

	if (r >= 0)
		r = erg_layers_tables(tl, how->common, how->by, how->n_by, doc, &run, err);
	erg_timeline_free(tl);
	if (r >= 0)
		erg_layers_warn_unresolved(run, "energy_j", doc);
	if (r >= 0 && how->keep)
		erg_runs_trim(run, how->keep);
	if (r >= 0 && json_array_append_new(runs, run))
		r = erg_fail(err, -ENOMEM, "out of memory");
	return r;
}

static bool is_document(const char *path)
{
	_cleanup_(erg_fclosep) FILE *f = erg_regular_open(path);
	int c = f ? fgetc(f) : EOF;

	while (c == ' ' || c == '\n' || c == '\t' || c == '\r')
		c = fgetc(f);
	return c == '{';
}

static int load_one(void *data, const char *path, unsigned int jobs, json_t *doc, json_t *runs,
	struct erg_err *err)
{
	struct erg_runs_how how = *(const struct erg_runs_how *)data;
	struct erg_common common = *how.common;

	if (access(path, F_OK) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (is_document(path))
		return load_result(path, &how, doc, runs, err);
	common.reader.jobs = jobs;
	how.common = &common;
	return load_archive(path, &how, doc, runs, err);
}

/* Documents are read sooner than they would go from one process to another. */
static bool any_archive(const struct erg_texts *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (!is_document(files->v[i]))
			return true;
	return false;
}

bool erg_runs_any_archive(char *const *files, size_t n)
{
	_cleanup_(erg_texts_clear) struct erg_texts all = {0};

	/* what cannot be read is said by who reads it */
	return erg_runs_files(files, n, &all, NULL) < 0 || any_archive(&all);
}

static int rows_taken(void *data, json_t *run, struct erg_err *err)
{
	const struct erg_runs_how *how = data;
	int r = how->taken(how->data, run, err);

	json_object_del(run, "layers");
	json_object_del(run, "tables");
	slim(run);
	return r;
}

/* What no two runs have alike by chance; NULL where that is not known. */
static char *identity(const json_t *run)
{
	double energy = erg_value_of(json_object_get(run, "ets_j"), "value"),
	       time = erg_value_of(run, "time_s");
	char *text = NULL;

	if (!(energy > 0) || !(time > 0) ||
		asprintf(&text, "%.8g %.8g %.8g %.8g %s", time, energy, erg_value_of(run, "mean_w"),
			erg_value_of(run, "peak_w"), erg_text_of(run, "rail")) < 0)
		return NULL;
	return text;
}

void erg_runs_tell_copies(const json_t *runs, json_t *doc)
{
	json_auto_t *seen = json_object();
	const json_t *run;
	size_t i;

	json_array_foreach (runs, i, run) {
		_cleanup_(erg_freep) char *key = identity(run);
		const json_t *first = key ? json_object_get(seen, key) : NULL;

		if (first)
			erg_document_warn(doc, "copy",
				"%s is the run of %s once more (the same time, energy and power to eight "
				"digits): it counts as a repetition, which it is not",
				erg_text_of(run, "archive"), json_string_value(first));
		else if (key)
			json_object_set(seen, key, json_object_get(run, "archive"));
	}
}

int erg_runs_load(char *const *files, size_t n, const struct erg_runs_how *how, json_t *doc,
	json_t **ret, struct erg_err *err)
{
	static const char *const layer[] = {"layer"};
	struct erg_runs_how each_how = *how;
	struct erg_apiece each = {load_one, how->taken ? rows_taken : NULL, &each_how,
		how->common->reader.jobs};
	_cleanup_(erg_texts_clear) struct erg_texts all = {0};
	json_auto_t *runs = json_array();
	int r = erg_runs_files(files, n, &all, err);

	if (!how->n_by) {
		each_how.by = layer;
		each_how.n_by = 1;
	}
	if (r >= 0 && !any_archive(&all))
		each.jobs = 1;
	if (r >= 0)
		r = erg_apiece_run(&each, all.v, all.n, doc, runs, err);
	if (r < 0)
		return r;
	if (n > 1 || all.n > 1)
		erg_runs_tell_copies(runs, doc);
	erg_runs_tell_mixed(runs, doc);
	erg_runs_tell_below(files, n, doc);
	*ret = json_incref(runs);
	return 0;
}
