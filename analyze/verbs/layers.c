/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze layers: energy, time and power of each layer. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "analyze/account/account.h"
#include "analyze/account/apart.h"
#include "analyze/account/layers.h"
#include "analyze/account/per.h"
#include "analyze/account/runs_files.h"
#include "analyze/account/within.h"
#include "analyze/experiment/joined.h"
#include "analyze/render/layers.h"
#include "analyze/verbs/verb.h"
#include "formats/base/progress.h"

#define BYS "layer, type, module, block, network or phase, or several of them with commas"
static const char *const bys[] = {"layer", "type", "module", "block", "network", "phase"};

struct options {
	struct erg_common common;
	const char
		*by[ERG_ARRAY_SIZE(bys)]; /* the first is of the table, the others are beside it */
	size_t n_by;
	const char *energy;
	bool tables;
	struct erg_per per;
	struct erg_select select;
	const char *join;
};

static int take_per(void *into, const char *arg, struct erg_err *err)
{
	return erg_per_parse(arg, &((struct options *)into)->per, err);
}

static void add_by(struct options *o, const char *what)
{
	for (size_t i = 0; i < o->n_by; i++)
		if (!strcmp(o->by[i], what))
			return;
	o->by[o->n_by++] = what;
}

/* "layer,phase": no kind twice. */
static int take_by(void *into, const char *arg, struct erg_err *err)
{
	struct options *o = into;

	o->n_by = 0;
	for (size_t len; *arg; arg += len + (arg[len] == ',')) {
		size_t i = 0;

		len = strcspn(arg, ",");
		while (i < ERG_ARRAY_SIZE(bys) &&
			(strlen(bys[i]) != len || strncmp(bys[i], arg, len)))
			i++;
		if (i == ERG_ARRAY_SIZE(bys))
			return erg_fail(err, -EINVAL, BYS);
		add_by(o, bys[i]);
	}
	return o->n_by ? 0 : erg_fail(err, -EINVAL, BYS);
}

static const char *const energies[] = {"total", "above-idle", NULL};

static const struct erg_option own[] = {
	{"by", 0, "WHAT",
		"layer, type, module, block (type of the outermost module, or of the layer), network or "
		"phase (default layer); with commas several: the table is of the first, JSON has the "
		"others beside it",
		ERG_OPTION_CALL, .take = take_by},
	{"per", 0, "UNIT", "also the energy of one counter:NAME, iteration, macs, token or request",
		ERG_OPTION_CALL, .take = take_per},
	{"energy", 0, "WHICH",
		"total or above-idle: which one the table shows (JSON and CSV have both; "
		"above-idle needs a recording with --idle)",
		ERG_OPTION_CHOICE, offsetof(struct options, energy), .choices = energies},
	{"tables", 0, NULL, "JSON: beside the rows asked for, those of all other kinds as tables",
		ERG_OPTION_FLAG, offsetof(struct options, tables)},
	{"join", 0, "TAG",
		"also the archives with the same value of this tag as one run of several nodes: calls, "
		"times and energies of each layer added up",
		ERG_OPTION_TEXT, offsetof(struct options, join)},
	{"simultaneous", 0, NULL, "intervals that hold for all rows at once, not each for itself",
		ERG_OPTION_FLAG, offsetof(struct options, common.simultaneous)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	{"Rows", erg_rows_select, offsetof(struct options, select), false},
	ERG_GROUPS_COMMON(offsetof(struct options, common))};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "layers",
	.synopsis = "[options] [FILE.erg|DIR...]",
	.about =
		"Energy, time and power of each layer, with 95 % intervals; what the data cannot tell is "
		"merged with its neighbour or called unresolved. " ERG_NEWEST_HELP,
	.groups = groups,
};

struct wish {
	const struct options *o;
	const struct erg_timeline *tl;
	json_t *doc;
};

/* What was done, and of phases that are many their energies as classes of an attribution. */
static int add_parts(const struct wish *w, const struct erg_common *common, json_t *run,
	struct erg_err *err)
{
	_cleanup_(erg_parts_release) struct erg_parts parts = {0};
	const struct options *o = w->o;
	const bool by_phase = !strcmp(o->by[0], "phase");
	int r = erg_per_check(&o->per, w->tl, err);

	if (r >= 0)
		r = erg_parts_open(&parts, w->tl, err);
	if (r >= 0 && by_phase)
		r = erg_parts_attribute(&parts, common, err);
	if (r < 0)
		return r;
	erg_parts_warn(&parts, w->doc);
	if (by_phase)
		erg_per_phase_rows(&o->per, &parts, run);
	else
		erg_per_rows(&o->per, &parts, o->by[0], run);
	return 0;
}

/* Whether the rows are those of the calls within a phase; else --phase takes one of the phases' rows. */
static bool is_within(const struct options *o)
{
	return o->select.phase && strcmp(o->by[0], "phase");
}

/* Also the time in no layer, which is of the whole run. */
static void drop_outside(json_t *rows)
{
	for (size_t i = json_array_size(rows); i-- > 0;) {
		const char *name = erg_text_of(json_array_get(rows, i), "name");

		if (!strcmp(name, ERG_WITHIN_NOT) || !strcmp(name, "(no layer)") ||
			!strcmp(name, "(idle)"))
			json_array_remove(rows, i);
	}
}

/* The own time of what is outside, under a table of layers. */
static void drop_own_outside(json_t *rest)
{
	for (size_t i = json_array_size(rest); i-- > 0;)
		if (!strcmp(erg_text_of(json_array_get(rest, i), "name"),
			    "(" ERG_WITHIN_NOT " itself)"))
			json_array_remove(rest, i);
}

/* Rows of what is outside of the phase go. */
static void keep_within(const struct options *o, json_t *run)
{
	json_t *table;
	size_t i;

	drop_outside(json_object_get(run, "layers"));
	json_array_foreach (json_object_get(run, "tables"), i, table)
		drop_outside(json_object_get(table, "layers"));
	drop_own_outside(json_object_get(run, "rest"));
	json_object_set_new(run, "phase", json_string(o->select.phase));
}

static const char *shown_energy(const struct options *o)
{
	return strcmp(o->energy, "total") ? "above_idle_j" : "energy_j";
}

/* What was asked of the rows of RUN, which may be of several nodes. */
static void select_rows(const struct options *o, json_t *run)
{
	struct erg_select select = o->select;
	size_t left;

	if (is_within(o))
		select.phase = NULL;
	left = erg_select_rows(&select, json_object_get(run, "layers"), 0, shown_energy(o),
		"power_w");

	if (left)
		json_object_set_new(run, "left_out", json_integer((json_int_t)left));
}

/* What is wrong with RUN as a whole. */
static int check_run(const struct options *o, const struct erg_timeline *tl, json_t *run,
	json_t *doc, struct erg_err *err)
{
	json_t *layers = json_object_get(run, "layers");
	const char *archive = erg_text_of(run, "archive");
	struct erg_account_idle idle;

	erg_account_idle(tl, &idle);
	if (strcmp(o->energy, "total") && !json_is_null(json_object_get(run, "mean_w")) && !idle.n)
		return erg_fail(err, -ENODATA,
			"%s: --energy above-idle: the run has no idle phase: expected a recording with "
			"erg-record run --idle SECONDS, or a phase named idle in it",
			archive);
	erg_layers_warn_unresolved(run, shown_energy(o), doc);
	if (!json_array_size(layers) && strcmp(o->by[0], "phase"))
		erg_document_warn(doc, "no-layers",
			"%s: it has no layers: annotate the program (man 3 erg), record it with "
			"--annotate (man erg-adapters), or add layers by erg-record import --onto",
			archive);
	return 0;
}

/* What was asked for from one attribution. */
static int add_tables(const struct wish *w, const struct erg_common *common, json_t **ret_run,
	struct erg_err *err)
{
	return erg_layers_tables(w->tl, common, w->o->by, w->o->n_by, w->doc, ret_run, err);
}

static int run_of_rail(void *ctx, const struct erg_common *common, json_t **ret_run,
	struct erg_err *err)
{
	const struct wish *w = ctx;
	json_auto_t *run = NULL;
	int r = add_tables(w, common, &run, err);

	if (r >= 0 &&
		(w->o->per.kind != ERG_PER_NONE ||
			(!strcmp(w->o->by[0], "phase") && w->tl->n_phases > ERG_PHASES_APART)))
		r = add_parts(w, common, run, err);
	if (r >= 0)
		*ret_run = json_incref(run);
	return r;
}

static int add_run(const struct options *o, const char *path, json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	struct erg_timeline *within = NULL;
	json_t *run = NULL;
	int r = erg_timeline_read(path, &o->common.reader, &tl, err);

	if (r >= 0 && is_within(o))
		r = erg_within_phase(tl, o->select.phase, &within, err);
	if (r >= 0) {
		struct wish w = {o, within ? within : tl, doc};

		r = erg_apart_run(w.tl, &o->common, run_of_rail, &w, doc, &run, err);
	}
	erg_within_release(within);
	if (r >= 0 && is_within(o))
		keep_within(o, run);
	if (r >= 0)
		r = check_run(o, tl, run, doc, err);
	if (r >= 0 && o->join)
		r = erg_joined_note(tl, o->join, run, err);
	if (r >= 0)
		json_array_append(json_object_get(doc, "runs"), run);
	json_decref(run);
	return r;
}

/* What is of all runs: nodes are joined with all their rows, then rows are taken as asked for. */
static int finish_document(const struct options *o, json_t *doc, struct erg_err *err)
{
	static const char *const lists[] = {"runs", "joined"};
	int r = o->join ? erg_joined_add(doc, err) : 0;
	json_t *run;
	size_t i;

	for (size_t k = 0; r >= 0 && k < ERG_ARRAY_SIZE(lists); k++)
		json_array_foreach (json_object_get(doc, lists[k]), i, run)
			select_rows(o, run);
	return r;
}

static int layers_verb(int argc, char **argv, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_layers_text, erg_layers_csv};
	struct options o = {.by = {"layer"}, .n_by = 1, .energy = "total"};
	_cleanup_(erg_texts_clear) struct erg_texts files = {0};
	json_auto_t *doc = erg_document_new("layers");
	char *const *named;
	int first, n, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (o.tables && o.common.format != ERG_FORMAT_JSON)
		return erg_options_wrong(&command, "--tables: expected --format json with it");
	for (size_t i = 0; o.tables && i < ERG_ARRAY_SIZE(bys); i++)
		add_by(&o, bys[i]);
	n = erg_verb_files(&command, argc - first, argv + first, &named);
	if (!n)
		return 2;
	json_object_set_new(doc, "energy", json_string(o.energy));
	json_object_set_new(doc, "runs", json_array());
	r = erg_runs_files(named, (size_t)n, &files, err);
	for (size_t i = 0; r >= 0 && i < files.n; i++) {
		erg_progress("archives", i, files.n);
		r = add_run(&o, files.v[i], doc, err);
	}
	erg_progress("archives", 1, 1);
	erg_runs_tell_below(named, (size_t)n, doc);
	if (r >= 0)
		r = finish_document(&o, doc, err);
	return r < 0 ? r : erg_document_emit(doc, o.common.format, &renderer, o.common.strict, err);
}

const struct erg_verb erg_verb_layers = {"layers", "energy, time and power of each layer",
	layers_verb};
