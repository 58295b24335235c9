/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze corun: what a neighbour costs. The mathematics is in experiment/corun.c. */
#include <math.h>
#include <stddef.h>

#include "analyze/experiment/corun.h"
#include "analyze/account/runs.h"
#include "analyze/render/corun.h"
#include "analyze/verbs/verb.h"

struct options {
	struct erg_common common;
	const char *partner;
	double budget_w;
};

static const struct erg_option own[] = {
	{"partner", 0, "NAME",
		"the factor or tag that names the partner, 'none' for a run alone "
		"(default: corun, corunner or partner)",
		ERG_OPTION_TEXT, offsetof(struct options, partner)},
	{"budget-w", 0, "W",
		"a budget of mean power: which combinations are within it, and the fastest of them",
		ERG_OPTION_NUMBER, offsetof(struct options, budget_w), 1e-9, 1e9},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	ERG_GROUPS_COMMON(offsetof(struct options, common))};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "corun",
	.synopsis = "[options] FILE...",
	.about =
		"Workloads alone against together: slowdown, extra energy, how the power was split among "
		"the rails, frequency lost. FILEs are archives, results of 'erg-analyze layers --format "
		"json', or directories of archives.",
	.groups = groups,
};

static int analyze_corun(const struct erg_common *common, const char *partner, double budget_w,
	char *const *files, size_t n, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_corun_text, erg_corun_csv};
	json_auto_t *doc = erg_document_new("corun"), *runs = NULL;
	static const char *const rows[] = {"counters", NULL}, *const estimate[] = {NULL};
	static const struct erg_runs_keep keep = {rows, estimate};
	const struct erg_runs_how how = {.common = common, .keep = &keep};
	int r = erg_runs_load(files, n, &how, doc, &runs, err);

	if (r >= 0)
		r = erg_corun_document(runs, partner, budget_w, doc, err);
	return r < 0 ? r : erg_document_emit(doc, common->format, &renderer, common->strict, err);
}

static int corun_verb(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.budget_w = NAN};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first == argc)
		return erg_options_wrong(&command, "expected archives");
	r = erg_verb_check_account(&command, &o.common, argv + first, (size_t)(argc - first));
	return r ? r
		 : analyze_corun(&o.common, o.partner, o.budget_w, argv + first,
			   (size_t)(argc - first), err);
}

const struct erg_verb erg_verb_corun = {"corun", "alone against together", corun_verb};
