/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where experiments get their runs from. A result that was computed before is as good as its
 * archive; a directory stands for the archives in it, in the order of their names.
 */
#include "analyze/experiment/runs.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/layers.h"
#include "formats/progress.h"
#include "formats/util.h"

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

static int load_result(const char *path, json_t *doc, json_t *runs, struct erg_err *err)
{
	json_error_t e;
	json_auto_t *result = json_load_file(path, 0, &e);
	json_t *list = json_object_get(result, "runs"), *w, *run;
	size_t i;

	if (!result)
		return erg_fail(err, -EINVAL, "%s: line %d: %s", path, e.line, e.text);
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
	json_array_foreach (list, i, run)
		erg_document_label(doc, json_is_true(json_object_get(run, "simulated")));
	return json_array_extend(runs, list) ? erg_fail(err, -ENOMEM, "out of memory") : 0;
}

static int load_archive(const char *path, const struct erg_common *common, const char *by,
	json_t *doc, json_t *runs, struct erg_err *err)
{
	struct erg_timeline *tl = NULL;
	json_t *run = NULL;
	int r = erg_timeline_read(path, &common->reader, &tl, err);

	if (r >= 0)
		r = erg_layers_run(tl, common, by, doc, &run, err);
	erg_timeline_free(tl);
	if (r >= 0 && json_array_append_new(runs, run))
		r = erg_fail(err, -ENOMEM, "out of memory");
	return r;
}

static bool is_document(const char *path)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "r");
	int c = f ? fgetc(f) : EOF;

	while (c == ' ' || c == '\n' || c == '\t' || c == '\r')
		c = fgetc(f);
	return c == '{';
}

static int is_archive_name(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 4 && !strcmp(d->d_name + n - 4, ".erg");
}

static int load_one(const char *path, const struct erg_common *common, const char *by, json_t *doc,
	json_t *runs, struct erg_err *err);

/* An unpacked archive is a directory too: it has a manifest. */
static int load_directory(const char *path, const struct erg_common *common, const char *by,
	json_t *doc, json_t *runs, struct erg_err *err)
{
	struct dirent **names;
	char file[4096];
	int n, r = 0;

	snprintf(file, sizeof(file), "%s/manifest.json", path);
	if (!access(file, F_OK))
		return load_archive(path, common, by, doc, runs, err);
	n = scandir(path, &names, is_archive_name, alphasort);
	if (n < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (!n)
		r = erg_fail(err, -ENOENT, "%s: no archive (*.erg) in this directory", path);
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		erg_progress("reading the folder", (uint64_t)i, (uint64_t)n);
		if (r >= 0)
			r = load_one(file, common, by, doc, runs, err);
		free(names[i]);
	}
	erg_progress("reading the folder", 1, 1);
	free(names);
	return r;
}

static int load_one(const char *path, const struct erg_common *common, const char *by, json_t *doc,
	json_t *runs, struct erg_err *err)
{
	struct stat st;

	if (stat(path, &st))
		return erg_fail_errno(err, -errno, "%s", path);
	if (S_ISDIR(st.st_mode))
		return load_directory(path, common, by, doc, runs, err);
	return is_document(path) ? load_result(path, doc, runs, err)
				 : load_archive(path, common, by, doc, runs, err);
}

int erg_runs_load(char *const *files, size_t n, const struct erg_common *common, json_t *doc,
	json_t **ret, struct erg_err *err)
{
	return erg_runs_load_by(files, n, common, "layer", doc, ret, err);
}

int erg_runs_load_by(char *const *files, size_t n, const struct erg_common *common, const char *by,
	json_t *doc, json_t **ret, struct erg_err *err)
{
	json_t *runs = json_array();

	for (size_t i = 0; i < n; i++) {
		int r;

		erg_progress("archives", i, n);
		r = load_one(files[i], common, by, doc, runs, err);
		if (r < 0) {
			json_decref(runs);
			return r;
		}
	}
	erg_progress("archives", 1, 1);
	*ret = runs;
	return 0;
}

#define NAMES_MAX 64

struct names {
	const char *v[NAMES_MAX];
	size_t n;
};

/* Factors that take more than one value, or are missing from some runs. */
static void varying_factors(const json_t *runs, struct names *ret)
{
	size_t i, k;
	json_t *run, *v, *other;
	const char *name;

	json_array_foreach ((json_t *)runs, i, run) {
		json_object_foreach (json_object_get(run, "factors"), name, v) {
			bool known = !strcmp(name, "repetition") || !strcmp(name, "workload");

			for (size_t f = 0; f < ret->n; f++)
				known = known || !strcmp(ret->v[f], name);
			json_array_foreach ((json_t *)runs, k, other) {
				json_t *w = json_object_get(json_object_get(other, "factors"),
					name);

				if (known || ret->n == NAMES_MAX || (w && json_equal(v, w)))
					continue;
				ret->v[ret->n++] = name;
				known = true;
			}
		}
	}
}

/* Mean of a voltage that is no power rail's: a regulator of the clock that was varied. */
static double core_voltage(const json_t *run)
{
	size_t i, k;
	json_t *c, *rail;

	json_array_foreach (json_object_get(run, "channels"), i, c) {
		const char *q = json_string_value(json_object_get(c, "quantity"));
		bool is_rail = false;

		if (!q || strcmp(q, "voltage"))
			continue;
		json_array_foreach (json_object_get(run, "rails"), k, rail)
			is_rail = is_rail || json_equal(json_object_get(rail, "rail"),
						     json_object_get(c, "rail"));
		if (!is_rail)
			return erg_number_of(c, "mean");
	}
	return NAN;
}

static int fill_run(const json_t *run, struct erg_obs *b, struct erg_err *err)
{
	b->ets = erg_est_from_json(json_object_get(run, "ets_j"));
	b->time_s = erg_number_of(run, "time_s");
	b->energy_j = b->ets.value;
	b->time = erg_est_exact(b->time_s, "single run");
	b->mean_w = erg_number_of(run, "mean_w");
	b->peak_w = erg_number_of(run, "peak_w");
	b->voltage_v = core_voltage(run);
	b->throttled = erg_number_of(run, "throttled_share") > 0;
	b->layers = json_object_get(run, "layers");
	if (b->time_s > 0 && b->energy_j == b->energy_j)
		return 0;
	return erg_fail(err, -ENODATA, "%s: its energy is unresolved: it cannot be a point",
		json_string_value(json_object_get(run, "archive")));
}

int erg_observations_from_runs(const json_t *runs, const char *const *factors, size_t n_factors,
	const char *const *groups, size_t n_groups, struct erg_observations *ret,
	struct erg_err *err)
{
	static const char *const workload[] = {"workload"};
	const char *cells[2 * NAMES_MAX];
	char text[2 * NAMES_MAX][32];
	struct names found = {.n = 0};
	size_t i;
	json_t *run;
	int r;

	if (!n_factors) {
		varying_factors(runs, &found);
		factors = found.v;
		n_factors = found.n;
	}
	if (!n_groups) {
		groups = workload;
		n_groups = 1;
	}
	r = erg_observations_init(ret, factors, n_factors, groups, n_groups, err);
	json_array_foreach ((json_t *)runs, i, run) {
		struct erg_obs *b;

		for (size_t d = 0; r >= 0 && d < ret->n_dims; d++) {
			cells[d] = erg_run_setting(run, ret->dims[d].name, text[d],
				sizeof(text[d]));
			if (!cells[d])
				r = erg_fail(err, -EINVAL, "%s: no factor or tag '%s'",
					json_string_value(json_object_get(run, "archive")),
					ret->dims[d].name);
		}
		if (r < 0)
			return r;
		b = erg_observations_add(ret, cells);
		r = b ? fill_run(run, b, err) : erg_fail(err, -ENOMEM, "out of memory");
	}
	return r < 0 ? r : erg_observations_finish(ret, err);
}
