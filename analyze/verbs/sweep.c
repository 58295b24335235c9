/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze sweep: which setting costs less. Options and input here; the mathematics is in
 * experiment/, the tables in render/sweep.c.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/per.h"
#include "analyze/account/runs.h"
#include "analyze/experiment/sweep.h"
#include "analyze/experiment/table_input.h"
#include "analyze/render/sweep.h"
#include "analyze/verbs/verb.h"

static const char help[] =
	"Usage: erg-analyze sweep [options] FILE...\n"
	"       erg-analyze sweep [options] --table T.csv\n"
	"\n"
	"ETS, EDP, ED2P, time and power of each setting, the Pareto front, the best setting for\n"
	"each objective and what it saves against full throttle. FILEs are archives, results of\n"
	"'erg-analyze layers --format json', or directories of archives.\n"
	"\n"
	"      --table T.csv     measurements made elsewhere: columns time_s and energy_j or\n"
	"                        power_w; optionally peak_power_w, voltage_v\n"
	"      --factor A,B      the settings that were varied (default: all that vary)\n"
	"      --group A,B       what is never compared across (default: the workload)\n"
	"      --objective WHAT  ets, edp, ed2p or time: what time_penalty is about (default ets)\n"
	"      --budget-w W      also the fastest point under a power budget\n"
	"      --slack PCT       also the cheapest point within PCT % of the fastest\n"
	"      --per UNIT        time and energy of one counter:NAME, iteration, macs, token or\n"
	"                        request in place of the run's\n"
	"      --frequency NAME  the factor that is a frequency (default: named so)\n" ERG_COMMON_HELP;

enum { OPT_TABLE = ERG_OPT_FIRST_OWN, OPT_FACTOR, OPT_GROUP, OPT_OBJECTIVE, OPT_BUDGET, OPT_SLACK,
	OPT_FREQUENCY, OPT_PER };

static const struct option longs[] = {
	ERG_COMMON_OPTIONS,
	{"table", required_argument, NULL, OPT_TABLE},
	{"factor", required_argument, NULL, OPT_FACTOR},
	{"group", required_argument, NULL, OPT_GROUP},
	{"objective", required_argument, NULL, OPT_OBJECTIVE},
	{"budget-w", required_argument, NULL, OPT_BUDGET},
	{"slack", required_argument, NULL, OPT_SLACK},
	{"frequency", required_argument, NULL, OPT_FREQUENCY},
	{"per", required_argument, NULL, OPT_PER},
	{0},
};

#define NAMES_MAX 16

struct options {
	struct erg_common common;
	struct erg_sweep_options sweep;
	struct erg_per per;
	const char *table;
	const char *factors[NAMES_MAX], *groups[NAMES_MAX];
	size_t n_factors, n_groups;
};

/* Cuts LIST (which argv owns) at its commas. */
static bool names(char *list, const char **ret, size_t *n)
{
	char *save = NULL;

	for (char *p = strtok_r(list, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (*n == NAMES_MAX) {
			fprintf(stderr, "more than %d names\n", NAMES_MAX);
			return false;
		}
		ret[(*n)++] = p;
	}
	return true;
}

static bool number(const char *option, const char *arg, double *ret)
{
	char *end;

	*ret = strtod(arg, &end);
	if (end != arg && !*end && isfinite(*ret) && *ret >= 0)
		return true;
	fprintf(stderr, "%s: '%s' is not a number of 0 or more\n", option, arg);
	return false;
}

static bool objective(const char *arg, enum erg_objective *ret)
{
	int obj = erg_objective_parse(arg);

	if (obj < 0)
		fprintf(stderr, "--objective: '%s' is none of ets, edp, ed2p, time\n", arg);
	else
		*ret = (enum erg_objective)obj;
	return obj >= 0;
}

static bool per_option(const char *arg, struct erg_per *ret)
{
	struct erg_err err = {0};

	if (erg_per_parse(arg, ret, &err) >= 0)
		return true;
	fprintf(stderr, "%s\n", err.msg);
	return false;
}

static bool own_option(struct options *o, int c)
{
	switch (c) {
	case OPT_PER:
		return per_option(optarg, &o->per);
	case OPT_TABLE:
		o->table = optarg;
		return true;
	case OPT_FACTOR:
		return names(optarg, o->factors, &o->n_factors);
	case OPT_GROUP:
		return names(optarg, o->groups, &o->n_groups);
	case OPT_OBJECTIVE:
		return objective(optarg, &o->sweep.objective);
	case OPT_BUDGET:
		return number("--budget-w", optarg, &o->sweep.budget_w);
	case OPT_SLACK:
		if (!number("--slack", optarg, &o->sweep.slack))
			return false;
		o->sweep.slack /= 100;
		return true;
	case OPT_FREQUENCY:
		o->sweep.frequency = optarg;
		return true;
	default:
		return erg_common_option(&o->common, c, optarg);
	}
}

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

static int load(const struct options *o, char *const *files, size_t n, json_t *doc,
	json_t **ret_runs, struct erg_observations *obs, struct erg_err *err)
{
	int r;

	if (o->table)
		return erg_observations_from_table(o->table, o->factors, o->n_factors, o->groups,
			o->n_groups, obs, err);
	r = erg_runs_load(files, n, &o->common, doc, ret_runs, err);
	if (r >= 0 && o->per.kind != ERG_PER_NONE)
		r = divide_runs(&o->per, *ret_runs, doc, err);
	return r < 0 ? r
		     : erg_observations_from_runs(*ret_runs, o->factors, o->n_factors, o->groups,
				  o->n_groups, obs, err);
}

static int analyze(const struct options *o, char *const *files, size_t n, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_sweep_text, erg_sweep_csv};
	_cleanup_(erg_observations_release) struct erg_observations obs = {0};
	json_auto_t *doc = erg_document_new("sweep"), *runs = NULL;
	int r = load(o, files, n, doc, &runs, &obs, err);

	if (r >= 0)
		r = erg_sweep_document(&obs, &o->sweep, doc, err);
	return r < 0 ? r : erg_document_emit(doc, o->common.format, &renderer, o->common.strict,
				   err);
}

static int run(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.sweep = {.objective = ERG_OBJ_ETS, .budget_w = NAN, .slack = NAN}};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
		if (!own_option(&o, c))
			return erg_usage(argv[0], help, c == 'h');
	if (!o.table == (optind == argc)) {
		fprintf(stderr, "expected archives, or --table T.csv\n");
		return erg_usage(argv[0], help, false);
	}
	if (o.table && o.per.kind != ERG_PER_NONE) {
		fprintf(stderr, "--per: a table has no counters\n");
		return erg_usage(argv[0], help, false);
	}
	return analyze(&o, argv + optind, (size_t)(argc - optind), err);
}

const struct erg_verb erg_verb_sweep = {"sweep", "which setting costs less: ETS, EDP, Pareto front",
	run};
