/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze report: one page from archives and results. This file gathers one document: a run
 * for each archive (figures, layers by several levels, series, bands, facts), the parts of results that
 * were computed before, and, for several archives that differ in a factor, the sweep. The page is
 * render/html.c's.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/experiment/corun.h"
#include "analyze/account/runs.h"
#include "analyze/account/runs_files.h"
#include "analyze/account/runs_mixed.h"
#include "analyze/experiment/sweep.h"
#include "analyze/account/layers.h"
#include "analyze/account/per.h"
#include "analyze/account/counts.h"
#include "analyze/account/overhead.h"
#include "analyze/render/roots.h"
#include "analyze/timeline/rail_sum.h"
#include "analyze/render/html.h"
#include "analyze/render/slim.h"
#include "analyze/result/load.h"
#include "analyze/export/series.h"
#include "analyze/verbs/report_facts.h"
#include "analyze/verbs/verb.h"
#include "formats/base/memory.h"
#include "formats/base/number.h"
#include "formats/base/outfile.h"
#include "formats/base/progress.h"
#include "formats/base/regular.h"
#include "formats/base/terminal.h"

/* What a page may hold, over all its runs: about 4 MB of buckets and 2.4 MB of bands; of many runs, which
 * have rows of layers, too, two thirds of it. */
#define BUCKETS_MAX 300000
#define BANDS_MAX 150000
#define FEW 50        /* runs */
#define ROWS_MAX 6000 /* of layers: 3 MB */

struct options {
	struct erg_common common;
	const char *output, *title;
	struct erg_texts curves;
	json_t *roofs;
	size_t files, drawn; /* DRAWN: runs that have curves */
};

static int take_curves(void *into, const char *arg, struct erg_err *err)
{
	return erg_texts_add(&((struct options *)into)->curves, arg) < 0
		? erg_fail(err, -ENOMEM, "memory")
		: 0;
}

/* "ops_per_s=13.9e9,bytes_per_s=6.4e9": all above 0. */
static int take_roofs(void *into, const char *arg, struct erg_err *err)
{
	static const char *const keys[] = {"ops_per_s", "bytes_per_s", "op_j", "byte_j"};
	struct options *o = into;
	_cleanup_(erg_freep) char *copy = strdup(arg);
	char *rest = copy, *item;

	if (!copy)
		return erg_fail(err, -ENOMEM, "memory");
	if (!o->roofs)
		o->roofs = json_object();
	while ((item = strsep(&rest, ","))) {
		char *eq = strchr(item, '=');
		double v = NAN;
		size_t k = 0;

		if (eq)
			*eq++ = '\0';
		while (k < ERG_ARRAY_SIZE(keys) && strcmp(keys[k], item))
			k++;
		if (k == ERG_ARRAY_SIZE(keys) || !eq || !erg_number_parse(eq, 1e-18, 1e18, &v))
			return erg_fail(err, -EINVAL,
				"ops_per_s=, bytes_per_s=, op_j= or byte_j= and a number above 0, "
				"joined by commas");
		json_object_set_new(o->roofs, keys[k], json_real(v));
	}
	return 0;
}

static const struct erg_option own[] = {
	{"output", 'o', "FILE", "where to write the page. Required", ERG_OPTION_TEXT,
		offsetof(struct options, output)},
	{"curves", 0, "FILE.erg",
		"the archive of a run whose result is among the FILEs: its curves over time; may be "
		"repeated",
		ERG_OPTION_CALL, .take = take_curves},
	{"roofs", 0, "LIST",
		"roofs for rooflines, KEY=VALUE joined by commas: ops_per_s, bytes_per_s, and of energy "
		"op_j, byte_j; what is not given, of a run of erg-record calibrate --roofs among the FILEs",
		ERG_OPTION_CALL, .take = take_roofs},
	{"title", 0, "TEXT", "its heading", ERG_OPTION_TEXT, offsetof(struct options, title)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	ERG_GROUPS_FILE(offsetof(struct options, common))};
static const struct erg_command report_command = {
	.program = "erg-analyze",
	.verb = "report",
	.synopsis = "[options] [FILE|DIR...] -o report.html",
	.about =
		"One self-contained page, which opens without a network, from archives and from results "
		"of the other verbs (--format json): what was recorded and how far to trust it, power "
		"over time with the layers beneath, energy by layer, module and type; for several "
		"archives the runs side by side and the sweep over the factors that differ. " ERG_NEWEST_HELP,
	.groups = groups,
};

/* The recorder's share; of the energy of the rail that the run's figures are about. */
static void add_recorder(const struct options *o, const struct erg_timeline *tl, json_t *run)
{
	_cleanup_(erg_rail_release) struct erg_rail sum = {0};
	const struct erg_rail *rail = NULL;
	int r = erg_rail_pick(tl, o->common.rail, &sum, &rail, NULL);

	if (r != -ENOTSUP) /* of rails that were not read together it is not known */
		json_object_set_new(run, "recorder", erg_overhead_result(tl, r < 0 ? NULL : rail));
}

/* A run of the page from an entry of the layers' document. */
static json_t *page_run(json_t *layers)
{
	static const char *const keys[] = {"time_s", "ets_j", "edp_js", "rail", "coverage",
		"lost_events", "mean_w", "peak_w", "throttled_share"};
	const char *workload = json_string_value(json_object_get(layers, "workload"));
	const char *archive = json_string_value(json_object_get(layers, "archive"));
	const char *file = archive ? erg_base_name(archive) : "?";
	json_t *run = json_pack("{s:o, s:o}", "totals", json_object(), "by", json_object());

	/* An archive is often called after the workload. */
	if (workload && strncmp(file, workload, strlen(workload)))
		json_object_set_new(run, "name", json_sprintf("%s (%s)", workload, file));
	else
		json_object_set_new(run, "name", json_string(file));
	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++)
		json_object_set(json_object_get(run, "totals"), keys[i],
			json_object_get(layers, keys[i]));
	json_object_set(run, "archive", json_object_get(layers, "archive"));
	json_object_set(run, "simulated", json_object_get(layers, "simulated"));
	json_object_set(run, "factors", json_object_get(layers, "factors"));
	json_object_set(run, "tags", json_object_get(layers, "tags"));
	json_object_set(run, "workload", json_object_get(layers, "workload"));
	json_object_set(run, "programs", json_object_get(layers, "programs"));
	return run;
}

/* The page's levels; the first is the layers document's own. */
static const char *const levels[] = {"layer", "module", "type", "block", "network", "phase"};

/* Takes the other levels' tables out of LAYERS, which is an entry of a layers document then. */
static void take_levels(json_t *layers, json_t *run)
{
	json_t *by = json_object_get(run, "by"), *table;
	size_t i;

	json_object_set(by, levels[0], json_object_get(layers, "layers"));
	json_array_foreach (json_object_get(layers, "tables"), i, table)
		if (json_array_size(json_object_get(table, "layers")) > 1)
			json_object_set(by, erg_text_of(table, "by"),
				json_object_get(table, "layers"));
	json_object_del(layers, "tables");
}

static int add_curves(const struct options *o, const struct erg_timeline *tl, json_t *run,
	struct erg_err *err)
{
	json_t *series = NULL, *bands = NULL;
	const size_t thirds = o->files > FEW ? 2 : 3;
	int r = erg_series_json(tl, BUCKETS_MAX / 3 * thirds / o->drawn, &series, err);

	if (r >= 0)
		r = erg_bands_json(tl, BANDS_MAX / 3 * thirds / o->drawn, &bands, err);
	json_object_set_new(run, "series", series);
	json_object_set_new(run, "bands", bands);
	json_object_set_new(run, "begin_s", json_real(0));
	json_object_set_new(run, "end_s", json_real((double)(tl->end - tl->begin) * 1e-9));
	return r;
}

/* What the run's work is counted in: tokens, else requests, else the application's first counter. */
static bool unit_of_work(const struct erg_timeline *tl, char *text, size_t size)
{
	const char *first = NULL;

	for (size_t i = 0; i < tl->n_counters; i++)
		if (!first && erg_counts_work(&tl->counters[i]) &&
			strcmp(tl->counters[i].name, "MACs"))
			first = tl->counters[i].name;
	if (erg_parts_counter(tl, "tokens") != ERG_NONE)
		snprintf(text, size, "token");
	else if (erg_parts_counter(tl, "requests") != ERG_NONE)
		snprintf(text, size, "request");
	else if (first)
		snprintf(text, size, "counter:%s", first);
	return first != NULL;
}

static void add_work_row(const struct erg_per *per, const struct erg_parts *parts,
	const struct erg_part *part, json_t *rows)
{
	struct erg_est energy = erg_parts_energy(parts, part, false);
	struct erg_est above = erg_parts_energy(parts, part, true);

	json_array_append_new(rows,
		json_pack("{s:s, s:o}", "name", part->name, "per",
			erg_per_json(per, parts, part, &energy, &above)));
}

/* Energy per unit of work, where an application counts any. */
static int add_work(const struct options *o, const struct erg_timeline *tl, json_t *run,
	struct erg_err *err)
{
	_cleanup_(erg_parts_release) struct erg_parts parts = {0};
	struct erg_per per;
	char unit[256];
	json_t *work, *rows = NULL;
	int r;

	if (!unit_of_work(tl, unit, sizeof(unit)))
		return 0;
	r = erg_per_parse(unit, &per, err);
	if (r >= 0)
		r = erg_parts_open(&parts, tl, err);
	if (r >= 0)
		r = erg_parts_attribute(&parts, &o->common, err);
	if (r < 0)
		return r;
	erg_parts_warn(&parts, run);
	rows = json_array();
	add_work_row(&per, &parts, &parts.run, rows);
	for (size_t i = 0; i < parts.n; i++)
		add_work_row(&per, &parts, &parts.part[i], rows);
	work = json_pack("{s:s, s:o, s:o, s:o}", "unit", per.unit, "rows", rows, "context",
		erg_per_context_json(&per, &parts), "first_token", erg_per_latency_json(&parts));
	json_object_set_new(run, "work", work);
	return 0;
}

/* Which roots the figures leave out, or how those of several rails came together. */
static void add_roots(const json_t *layers, json_t *facts)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	erg_roots_text(layers, f);
	if (fclose(f) == 0 && len)
		json_array_append_new(facts, json_pack("[s, s%]", "Rails", text, (int)len - 1));
}

/* What is read, one file after another. */
struct page {
	json_t *doc, *layer_runs; /* the second for experiments */
	struct erg_page_rows rows;
};

/* The page has its own copies of the rows of RUN: of LAYERS only what experiments read stays. */
static void trim(struct page *p, json_t *run, json_t *layers)
{
	static const char *const rows[] = {"name", "merged_with", "calls", "time_s", "energy_j",
		"counters", NULL};
	static const char *const estimate[] = {"value", NULL};
	static const struct erg_runs_keep keep = {rows, estimate};

	erg_page_slim_run(run, &p->rows);
	erg_runs_trim(layers, &keep);
}

static int add_archive(const struct options *o, const char *path, struct page *p,
	struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	json_auto_t *scratch = erg_document_new("report");
	json_t *layers = NULL, *run;
	int r = erg_timeline_read(path, &o->common.reader, &tl, err);

	if (r >= 0)
		r = erg_layers_tables(tl, &o->common, levels, ERG_ARRAY_SIZE(levels), scratch,
			&layers, err);
	if (r < 0)
		return r;
	erg_layers_warn_unresolved(layers, "energy_j", scratch);
	json_array_append_new(p->layer_runs, layers);
	run = page_run(layers);
	json_array_append_new(json_object_get(p->doc, "runs"), run);
	take_levels(layers, run);
	json_object_set_new(run, "facts", erg_report_facts(tl));
	add_roots(layers, json_object_get(run, "facts"));
	trim(p, run, layers);
	json_object_set(run, "warnings", json_object_get(scratch, "warnings"));
	add_recorder(o, tl, run);
	r = add_work(o, tl, run, err);
	return r < 0 ? r : add_curves(o, tl, run, err);
}

static void add_layers_result(json_t *result, struct page *p)
{
	size_t i;
	json_t *entry;

	erg_runs_note_origin(result);
	json_array_foreach (json_object_get(result, "runs"), i, entry) {
		json_t *run = page_run(entry);

		take_levels(entry, run);
		trim(p, run, entry);
		json_object_set(run, "warnings", json_object_get(result, "warnings"));
		json_array_append_new(json_object_get(p->doc, "runs"), run);
		json_array_append(p->layer_runs, entry);
	}
}

/* A page may have several models, such as one a library. */
static void add_to_list(json_t *doc, const char *key, json_t *result)
{
	if (!json_object_get(doc, key))
		json_object_set_new(doc, key, json_array());
	json_array_append(json_object_get(doc, key), result);
}

static int add_result(const char *path, struct page *p, struct erg_err *err)
{
	static const char *const parts[] = {"sweep", "corun", "thermal"};
	json_auto_t *result = NULL;
	const char *verb;
	int r = erg_result_load(path, &result, err);

	if (r < 0)
		return r;
	verb = json_string_value(json_object_get(json_object_get(result, "tool"), "verb"));
	for (size_t i = 0; verb && i < ERG_ARRAY_SIZE(parts); i++)
		if (!strncmp(verb, parts[i], strlen(parts[i]))) {
			json_object_set(p->doc, parts[i], result);
			return 0;
		}
	if (verb && !strncmp(verb, "model", 5)) {
		add_to_list(p->doc,
			json_object_get(result, "predictions") ? "predictions" : "models", result);
		return 0;
	}
	if (!verb || strcmp(verb, "layers"))
		return erg_fail(err, -EINVAL,
			"%s: expected an archive or a result of layers, sweep, corun, thermal or model",
			path);
	add_layers_result(result, p);
	return 0;
}

static bool is_json(const char *path)
{
	_cleanup_(erg_fclosep) FILE *f = erg_regular_open(path);

	return f && fgetc(f) == '{';
}

static bool has_experiment(const json_t *doc)
{
	static const char *const kinds[] = {"sweep", "corun", "thermal", "models", "predictions"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(kinds); i++)
		if (json_object_get(doc, kinds[i]))
			return true;
	return false;
}

/* With several runs that differ in a factor the page has the sweep, or the co-runs, without being
 * asked, where no result says what was concluded; where they differ in nothing it has neither, which is
 * no error. */
static void add_experiments(json_t *layer_runs, json_t *doc)
{
	struct erg_sweep_options opt = {.objective = ERG_OBJ_ETS, .budget_w = NAN, .slack = NAN};
	_cleanup_(erg_observations_release) struct erg_observations obs = {0};
	json_auto_t *sweep = erg_document_new("sweep"), *corun = erg_document_new("corun");

	if (json_array_size(layer_runs) < 2 || has_experiment(doc))
		return;
	if (erg_corun_document(layer_runs, NULL, NAN, corun, NULL) >= 0)
		json_object_set(doc, "corun", corun);
	else if (erg_observations_from_runs(layer_runs, NULL, 0, NULL, 0, sweep, &obs, NULL) >= 0 &&
		obs.n_dims > 1 && erg_sweep_document(&obs, &opt, sweep, NULL) >= 0)
		json_object_set(doc, "sweep", sweep);
}

/* The run of the archive PATH, or where the results know it by another path, the only one of its name. */
static json_t *run_of_archive(const json_t *doc, const char *path)
{
	json_t *run, *named = NULL;
	size_t i, n = 0;

	json_array_foreach (json_object_get(doc, "runs"), i, run) {
		const char *archive = erg_text_of(run, "archive");

		if (!strcmp(archive, path))
			return run;
		if (!strcmp(erg_base_name(archive), erg_base_name(path))) {
			named = run;
			n++;
		}
	}
	return n == 1 ? named : NULL;
}

static bool counts_words(const struct erg_timeline *tl)
{
	return erg_parts_counter(tl, "tokens") != ERG_NONE ||
		erg_parts_counter(tl, "requests") != ERG_NONE;
}

/* --curves: what results do not hold. */
static int add_all_curves(const struct options *o, json_t *doc, struct erg_err *err)
{
	for (size_t i = 0; i < o->curves.n; i++) {
		_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
		json_t *run = run_of_archive(doc, o->curves.v[i]);
		int r;

		if (!run)
			return erg_fail(err, -EINVAL,
				"--curves %s: expected the archive of one run among the results",
				o->curves.v[i]);
		erg_progress("curves", i, o->curves.n);
		r = erg_timeline_read(o->curves.v[i], &o->common.reader, &tl, err);
		if (r < 0)
			return r;
		json_object_set_new(run, "facts", erg_report_facts(tl));
		add_recorder(o, tl, run);
		if (counts_words(tl))
			r = add_work(o, tl, run, err);
		if (r >= 0)
			r = add_curves(o, tl, run, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_page(const struct options *o, const json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	int r = erg_outfile_open(&out, o->output, err);

	if (r < 0)
		return r;
	r = erg_html_write(doc, out.f);
	return r < 0 ? erg_fail_errno(err, r, "%s: cannot be written", o->output)
		     : erg_outfile_commit(&out, err);
}

static json_t *title(const struct options *o, const json_t *doc)
{
	const json_t *runs = json_object_get(doc, "runs");
	const char *first = json_string_value(json_object_get(json_array_get(runs, 0), "name"));
	size_t n = json_array_size(runs);

	if (o->title || !first)
		return json_string(o->title ? o->title : "ergtrace report");
	return n == 1 ? json_string(first)
		      : json_sprintf("%s and %zu more run%s", first, n - 1, n == 2 ? "" : "s");
}

/* Warnings about the data in DOC: its own, and those of the runs and results in it. */
static size_t warnings_in(const json_t *doc)
{
	size_t i, n = 0;
	const char *key;
	json_t *v;

	json_array_foreach ((json_t *)doc, i, v)
		n += warnings_in(v);
	json_object_foreach ((json_t *)doc, key, v)
		n += strcmp(key, "warnings") == 0 ? json_array_size(v) : warnings_in(v);
	return n;
}

/* FILES: those that the N that are NAMED stand for. */
static int report(const struct options *o, char *const *files, char *const *named, size_t n,
	struct erg_err *err)
{
	json_auto_t *doc = erg_document_new("report"), *layer_runs = json_array();
	struct page page = {doc, layer_runs, {ROWS_MAX, ROWS_MAX}};
	int r = erg_html_check(err);
	size_t warnings;

	if (r < 0)
		return r;

	json_object_set_new(doc, "runs", json_array());
	for (size_t i = 0; r >= 0 && i < o->files; i++) {
		erg_progress("archives", i, o->files);
		r = is_json(files[i]) ? add_result(files[i], &page, err)
				      : add_archive(o, files[i], &page, err);
	}
	erg_progress("archives", 1, 1);
	if (r < 0)
		return r;
	r = add_all_curves(o, doc, err);
	if (r < 0)
		return r;
	erg_runs_tell_copies(layer_runs, doc);
	erg_runs_tell_mixed(layer_runs, doc);
	add_experiments(layer_runs, doc);
	erg_runs_tell_below(named, n, doc);
	warnings = warnings_in(doc);
	erg_page_slim(doc, &page.rows);
	json_object_set(doc, "roofs", o->roofs);
	json_object_set_new(doc, "title", title(o, doc));
	r = write_page(o, doc, err);
	if (r < 0)
		return r;
	erg_document_say_warnings(doc);
	if (warnings)
		erg_terminal_line(stderr, "wrote %s, with %zu warning%s about the data", o->output,
			warnings, warnings == 1 ? "" : "s");
	else
		erg_terminal_line(stderr, "wrote %s", o->output);
	return o->common.strict && warnings ? 3 : 0;
}

static void options_release(struct options *o)
{
	erg_texts_clear(&o->curves);
	json_decref(o->roofs);
}

static int report_verb(int argc, char **argv, struct erg_err *err)
{
	_cleanup_(erg_texts_clear) struct erg_texts files = {0};
	_cleanup_(options_release) struct options o = {0};
	char *const *named;
	int first, n, r = erg_options_parse(&report_command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (!o.output)
		return erg_options_wrong(&report_command, "expected -o report.html");
	n = erg_verb_files(&report_command, argc - first, argv + first, &named);
	if (!n)
		return 2;
	r = o.curves.n ? 0 : erg_verb_check_account(&report_command, &o.common, named, (size_t)n);
	if (r)
		return r;
	r = erg_runs_files(named, (size_t)n, &files, err);
	if (r >= 0)
		r = erg_verb_output(&report_command, o.output, named, (size_t)n, err);
	if (!r && o.curves.n)
		r = erg_verb_output(&report_command, o.output, o.curves.v, o.curves.n, err);
	if (r)
		return r;
	o.files = files.n;
	o.drawn = o.curves.n;
	for (size_t i = 0; i < files.n; i++)
		o.drawn += !is_json(files.v[i]);
	return report(&o, files.v, named, (size_t)n, err);
}

const struct erg_verb erg_verb_report = {"report", "one self-contained page", report_verb};
