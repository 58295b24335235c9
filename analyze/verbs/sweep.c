/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze sweep: which setting costs less. Options and input here; the mathematics is in
 * experiment/, the tables in render/sweep.c.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/per.h"
#include "analyze/account/runs.h"
#include "analyze/experiment/sweep.h"
#include "analyze/experiment/table_input.h"
#include "analyze/render/sweep.h"
#include "analyze/verbs/verb.h"
#include "formats/base/texts.h"
#include "formats/base/util.h"

#define NAMES_MAX 16

struct options {
	struct erg_common common;
	struct erg_sweep_options sweep;
	struct erg_per per;
	const char *table;
	struct erg_texts factors, groups;
};

static void options_release(struct options *o)
{
	erg_texts_clear(&o->factors);
	erg_texts_clear(&o->groups);
}

/* Cuts LIST at its commas. */
static int names(const char *list, struct erg_texts *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(list);
	char *save = NULL;
	int r = copy ? 0 : -ENOMEM;

	for (char *p = r < 0 ? NULL : strtok_r(copy, ",", &save); p && r >= 0;
		p = strtok_r(NULL, ",", &save)) {
		if (ret->n == NAMES_MAX)
			return erg_fail(err, -EINVAL, "at most %d names", NAMES_MAX);
		r = erg_texts_add(ret, p);
	}
	return r < 0 ? erg_fail_errno(err, r, "%s", list) : 0;
}

static int take_factor(void *into, const char *arg, struct erg_err *err)
{
	struct options *o = into;

	return names(arg, &o->factors, err);
}

static int take_group(void *into, const char *arg, struct erg_err *err)
{
	struct options *o = into;

	return names(arg, &o->groups, err);
}

static int take_objective(void *into, const char *arg, struct erg_err *err)
{
	int obj = erg_objective_parse(arg);

	if (obj < 0)
		return erg_fail(err, -EINVAL, "ets, edp, ed2p or time");
	((struct options *)into)->sweep.objective = (enum erg_objective)obj;
	return 0;
}

static int take_per(void *into, const char *arg, struct erg_err *err)
{
	return erg_per_parse(arg, &((struct options *)into)->per, err);
}

#define AT(field) offsetof(struct options, field)

static const struct erg_option own[] = {
	{"table", 0, "T.csv",
		"measurements made elsewhere: columns time_s and energy_j or power_w; "
		"optionally peak_power_w, voltage_v",
		ERG_OPTION_TEXT, AT(table)},
	{"factor", 0, "A,B", "the settings that were varied (default: all that vary)",
		ERG_OPTION_CALL, .take = take_factor},
	{"group", 0, "A,B", "what is never compared across (default: the workload)",
		ERG_OPTION_CALL, .take = take_group},
	{"objective", 0, "WHAT", "ets, edp, ed2p or time: what time_penalty is about (default ets)",
		ERG_OPTION_CALL, .take = take_objective},
	{"budget-w", 0, "W", "also the fastest point under a power budget", ERG_OPTION_NUMBER,
		AT(sweep.budget_w), 0, 1e9},
	{"slack", 0, "PCT", "also the cheapest point within PCT % of the fastest",
		ERG_OPTION_NUMBER, AT(sweep.slack), 0, 1e6, .01},
	{"per", 0, "UNIT",
		"time and energy of one counter:NAME, iteration, macs, token or request in place "
		"of the run's",
		ERG_OPTION_CALL, .take = take_per},
	{"frequency", 0, "NAME", "the factor that is a frequency (default: named so)",
		ERG_OPTION_TEXT, AT(sweep.frequency)},
	{0},
};
static const struct erg_option_group option_groups[] = {{NULL, own, 0, false},
	ERG_GROUPS_COMMON(AT(common))};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "sweep",
	.synopsis = "[options] FILE...\n[options] --table T.csv",
	.about =
		"ETS, EDP, ED2P, time and power of each setting, the Pareto front, the best setting for "
		"each objective and what it saves against full throttle. FILEs are archives, results of "
		"'erg-analyze layers --format json', or directories of archives.",
	.groups = option_groups,
};

static int divide_runs(const struct erg_per *per, json_t *runs, json_t *doc, struct erg_err *err)
{
	size_t i;
	json_t *run;
	int r = 0;

	json_object_set_new(doc, "per", json_string(per->unit));
	json_array_foreach (runs, i, run)
		if (r >= 0)
			r = erg_per_divide_run(per, run, err);
	return r;
}

static int load_files(const struct options *o, char *const *files, size_t n, json_t *doc,
	json_t **ret_runs, struct erg_observations *obs, struct erg_err *err)
{
	static const char *const rows[] = {"name", "merged_with", "calls", "time_s", "energy_j",
		NULL};
	static const char *const estimate[] = {"value", NULL};
	static const struct erg_runs_keep keep = {rows, estimate};
	/* a unit of work divides more than the sweep itself reads */
	const struct erg_runs_how how = {.common = &o->common,
		.keep = o->per.kind == ERG_PER_NONE ? &keep : NULL};
	int r;

	if (o->table)
		return erg_observations_from_table(o->table, (const char *const *)o->factors.v,
			o->factors.n, (const char *const *)o->groups.v, o->groups.n, obs, err);
	r = erg_runs_load(files, n, &how, doc, ret_runs, err);
	if (r >= 0 && o->per.kind != ERG_PER_NONE)
		r = divide_runs(&o->per, *ret_runs, doc, err);
	return r < 0 ? r
		     : erg_observations_from_runs(*ret_runs, (const char *const *)o->factors.v,
			       o->factors.n, (const char *const *)o->groups.v, o->groups.n, doc,
			       obs, err);
}

static int analyze_sweep(const struct options *o, char *const *files, size_t n, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_sweep_text, erg_sweep_csv};
	_cleanup_(erg_observations_release) struct erg_observations obs = {0};
	json_auto_t *doc = erg_document_new("sweep"), *runs = NULL;
	int r = load_files(o, files, n, doc, &runs, &obs, err);

	if (r >= 0)
		r = erg_sweep_document(&obs, &o->sweep, doc, err);
	return r < 0 ? r
		     : erg_document_emit(doc, o->common.format, &renderer, o->common.strict, err);
}

static int sweep_verb(int argc, char **argv, struct erg_err *err)
{
	_cleanup_(options_release) struct options o = {
		.sweep = {.objective = ERG_OBJ_ETS, .budget_w = NAN, .slack = NAN}};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (!o.table == (first == argc))
		return erg_options_wrong(&command, "expected archives, or --table T.csv");
	if (o.table && o.per.kind != ERG_PER_NONE)
		return erg_options_wrong(&command, "--per: a table has no counters");
	r = erg_verb_check_account(&command, &o.common, argv + first, (size_t)(argc - first));
	return r ? r : analyze_sweep(&o, argv + first, (size_t)(argc - first), err);
}

const struct erg_verb erg_verb_sweep = {"sweep", "which setting costs less: ETS, EDP, Pareto front",
	sweep_verb};
