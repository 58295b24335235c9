/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze export: a run for other tools. */
#include "analyze/export/export.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "analyze/account/account.h"
#include "analyze/account/layers.h"
#include "analyze/account/runs.h"
#include "analyze/experiment/sweep.h"
#include "analyze/export/samples.h"
#include "analyze/export/sqlite.h"
#include "analyze/timeline/rail_sum.h"
#include "analyze/verbs/verb.h"
#include "formats/base/outfile.h"

static int to_perfetto(const struct erg_timeline *tl, const struct erg_common *common,
	const char *phase, FILE *out, json_t *doc, struct erg_err *err)
{
	return erg_export_perfetto(tl, out, err);
}

static int to_perfetto_json(const struct erg_timeline *tl, const struct erg_common *common,
	const char *phase, FILE *out, json_t *doc, struct erg_err *err)
{
	return erg_export_perfetto_json(tl, out, err);
}

static int to_csv(const struct erg_timeline *tl, const struct erg_common *common, const char *phase,
	FILE *out, json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_rail_release) struct erg_rail sum = {0};
	const struct erg_rail *rail = NULL;
	int r = erg_rail_pick_readings(tl, common->rail, &sum, &rail, err);

	return r < 0 ? erg_wrap(err, r, "%s", tl->archive)
		     : erg_export_csv(tl, rail, phase, out, err);
}

static int to_samples(const struct erg_timeline *tl, const struct erg_common *common,
	const char *phase, FILE *out, json_t *doc, struct erg_err *err)
{
	size_t left;
	int r = erg_export_samples(tl, out, &left, err);

	if (r >= 0 && left)
		erg_document_warn(doc, "bits",
			"%zu channels of bits, as of what slows a device down, have no column",
			left);
	return r;
}

static int to_layers(const struct erg_timeline *tl, const struct erg_common *common,
	const char *phase, FILE *out, json_t *doc, struct erg_err *err)
{
	return erg_export_layers(tl, out, err);
}

static int to_folded(const struct erg_timeline *tl, const struct erg_common *common,
	const char *phase, FILE *out, json_t *doc, struct erg_err *err)
{
	json_auto_t *run = NULL;
	size_t unresolved = 0;
	int r = erg_layers_run(tl, common, "layer", doc, &run, err);

	if (r >= 0)
		r = erg_export_folded(run, out, &unresolved, err);
	if (r >= 0 && unresolved)
		erg_document_warn(doc, "unresolved", "%zu rows are unresolved and have no stack",
			unresolved);
	return r;
}

static const struct target {
	const char *name; /* without a function: a database, of any number of runs */
	int (*write)(const struct erg_timeline *tl, const struct erg_common *common,
		const char *phase, FILE *out, json_t *doc, struct erg_err *err);
} targets[] = {{"perfetto", to_perfetto}, {"perfetto-json", to_perfetto_json},
	{"folded", to_folded}, {"csv", to_csv}, {"samples", to_samples}, {"layers", to_layers},
	{"sqlite", NULL}};

struct options {
	struct erg_common common;
	const struct target *target;
	const char *output, *phase;
};

static int take_target(void *into, const char *arg, struct erg_err *err)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(targets); i++)
		if (!strcmp(targets[i].name, arg)) {
			((struct options *)into)->target = &targets[i];
			return 0;
		}
	return erg_fail(err, -EINVAL,
		"perfetto, perfetto-json, folded, csv, samples, layers or sqlite");
}

static const struct erg_option own[] = {
	{"to", 0, "FORMAT",
		"perfetto (layers as slices; rails, temperatures and frequencies as counters; "
		"for ui.perfetto.dev), perfetto-json (the same as Trace Event Format, ten times as large), "
		"folded (stacks network;module;layer weighted by "
		"microjoules, for flame graphs), csv (the aligned timeline: one row a reading, with the "
		"layer that ran), samples and layers (all readings with their sensors' models, and when what ran: "
		"what erg-record import takes), all of one archive; or sqlite (a database of runs, factors, layers, "
		"counters, phases, points of the sweep, and warnings; of any number of archives, results "
		"and folders). Required",
		ERG_OPTION_CALL, .take = take_target},
	{"output", 'o', "FILE", "where to write it. Required", ERG_OPTION_TEXT,
		offsetof(struct options, output)},
	{"phase", 0, "NAME", "of csv: the readings within phases of that name alone",
		ERG_OPTION_TEXT, offsetof(struct options, phase)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	ERG_GROUPS_FILE(offsetof(struct options, common))};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "export",
	.synopsis =
		"--to FORMAT [options] [FILE.erg] -o OUT\n--to sqlite [options] [FILE|DIR...] -o OUT.db",
	.about = "A run for other tools. " ERG_NEWEST_HELP,
	.groups = groups,
};

static int export(const struct options *o, const char *path, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	json_auto_t *doc = erg_document_new("export");
	int r = erg_timeline_read(path, &o->common.reader, &tl, err);

	if (r >= 0)
		r = erg_outfile_open(&out, o->output, err);
	if (r >= 0)
		r = o->target->write(tl, &o->common, o->phase, out.f, doc, err);
	if (r >= 0)
		r = erg_outfile_commit(&out, err);
	if (r < 0)
		return r;
	/* the account of layers has told what the timeline warns of */
	if (o->target->write != to_folded)
		erg_document_warn_timeline(doc, tl);
	erg_document_say_warnings(doc);
	return o->common.strict && json_array_size(json_object_get(doc, "warnings")) ? 3 : 0;
}

/* The points of the sweep over RUNS, where they differ in a factor; else NULL. */
static json_t *sweep_of(const json_t *runs)
{
	const struct erg_sweep_options opt = {.objective = ERG_OBJ_ETS,
		.budget_w = NAN,
		.slack = NAN};
	_cleanup_(erg_observations_release) struct erg_observations obs = {0};
	json_auto_t *sweep = erg_document_new("sweep");

	if (erg_observations_from_runs(runs, NULL, 0, NULL, 0, sweep, &obs, NULL) < 0 ||
		obs.n_dims < 2 || /* the workload alone */
		erg_sweep_document(&obs, &opt, sweep, NULL) < 0)
		return NULL;
	return json_incref(sweep);
}

/* What its points are of, where that is not what a person would take them for. */
static void tell_points(const json_t *sweep, json_t *doc)
{
	static const char *const codes[] = {"rails", "nodes", "nodes-confounded", "tags"};
	json_t *w;
	size_t i;

	json_array_foreach (json_object_get(sweep, "warnings"), i, w)
		for (size_t k = 0; k < ERG_ARRAY_SIZE(codes); k++)
			if (!strcmp(erg_text_of(w, "code"), codes[k]))
				erg_document_warn(doc, codes[k], "points: %s",
					erg_text_of(w, "text"));
}

/* A database that is being written: no more than one run's rows are in memory. */
struct database {
	struct erg_export_db *db;
	const char *path, *name; /* where it is written, and what it will be */
	size_t runs, without_layers, without_phases;
};

/* The database is opened when there is something to be written. */
static int add_run(void *data, const json_t *run, struct erg_err *err)
{
	struct database *d = data;
	int r = d->db ? 0 : erg_export_sqlite_open(d->path, d->name, &d->db, err);

	d->runs++;
	d->without_layers += !erg_export_rows(run, "layer");
	d->without_phases += !erg_export_rows(run, "phase");
	return r < 0 ? r : erg_export_sqlite_run(d->db, run, err);
}

static void tell_without(const struct database *d, const char *what, size_t n, json_t *doc)
{
	if (n)
		erg_document_warn(doc, "no-rows",
			"%zu of %zu runs are results without their %ss: the table %ss lacks them; "
			"expected their archives, or results of layers --by %s",
			n, d->runs, what, what, what);
}

static int fill_database(const struct options *o, char *const *paths, size_t n, struct database *d,
	json_t *doc, struct erg_err *err)
{
	static const char *const by[] = {"layer", "phase"};
	json_auto_t *runs = NULL, *sweep = NULL;
	const struct erg_runs_how how = {.common = &o->common,
		.by = by,
		.n_by = ERG_ARRAY_SIZE(by),
		.taken = add_run,
		.data = d};
	int r = erg_runs_load(paths, n, &how, doc, &runs, err);

	if (r < 0)
		return r;
	tell_without(d, "layer", d->without_layers, doc);
	tell_without(d, "phase", d->without_phases, doc);
	sweep = sweep_of(runs);
	tell_points(sweep, doc);
	return erg_export_sqlite_end(d->db, sweep, json_object_get(doc, "warnings"), err);
}

static int export_database(const struct options *o, char *const *paths, size_t n,
	struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	json_auto_t *doc = erg_document_new("export");
	struct database d = {0};
	int r = erg_export_sqlite_check(err);

	if (r >= 0)
		r = erg_outfile_open(&out, o->output, err);
	d.path = out.tmp;
	d.name = o->output;
	if (r >= 0)
		r = fill_database(o, paths, n, &d, doc, err);
	erg_export_sqlite_close(d.db);
	if (r >= 0)
		r = erg_outfile_commit(&out, err);
	if (r < 0)
		return r;
	erg_document_say_warnings(doc);
	return o->common.strict && json_array_size(json_object_get(doc, "warnings")) ? 3 : 0;
}

static bool ends_in_json(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && !strcmp(name + n - 5, ".json");
}

/* A database has accounts, and stacks have energies; the others show what was read. */
static int account_check(const struct options *o, char *const *files, size_t n)
{
	const char *given = erg_verb_attribution_given(&o->common);

	if (!o->target->write)
		return erg_verb_check_account(&command, &o->common, files, n);
	if (o->target->write == to_folded)
		return 0;
	if (o->target->write != to_csv && o->common.rail)
		given = "--rail";
	return given ? erg_options_wrong(&command, "%s: of no use with --to %s, which has %s",
			       given, o->target->name,
			       o->target->write == to_csv ? "readings and no energies"
							  : "all rails as they were read")
		     : 0;
}

static int export_verb(int argc, char **argv, struct erg_err *err)
{
	struct options o = {0};
	char *const *files;
	int first, n, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (o.phase && o.target && o.target->write != to_csv)
		return erg_options_wrong(&command, "--phase '%s': expected --to csv with it",
			o.phase);
	r = o.target ? account_check(&o, argv + first, (size_t)(argc - first)) : 0;
	if (r)
		return r;
	if (o.target && o.target->write == to_perfetto && o.output && ends_in_json(o.output))
		fprintf(stderr,
			"warning: %s: --to perfetto is binary; --to perfetto-json makes JSON\n",
			o.output);
	if (!o.target || !o.output || (o.target->write && argc - first > 1))
		return erg_options_wrong(&command, "expected --to FORMAT, one archive and -o OUT");
	n = erg_verb_files(&command, argc - first, argv + first, &files);
	r = n ? erg_verb_output(&command, o.output, files, (size_t)n, err) : 2;
	if (r)
		return r;
	return o.target->write ? export(&o, files[0], err)
			       : export_database(&o, files, (size_t)n, err);
}

const struct erg_verb erg_verb_export = {"export",
	"runs for Perfetto, flame graphs, or as CSV or database", export_verb};
