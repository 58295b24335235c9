/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze corun: what a neighbour costs. The mathematics is in experiment/corun.c. */
#include "analyze/experiment/corun.h"
#include "analyze/account/runs.h"
#include "analyze/render/corun.h"
#include "analyze/verbs/verb.h"

static const char help[] =
	"Usage: erg-analyze corun [options] FILE...\n"
	"\n"
	"Workloads alone against together: slowdown, extra energy, how the power was split among\n"
	"the rails, frequency lost. FILEs are archives, results of 'erg-analyze layers --format\n"
	"json', or directories of archives.\n"
	"\n"
	"      --partner NAME    the factor or tag that names the partner, 'none' for a run alone\n"
	"                        (default: corun, corunner or partner)\n" ERG_COMMON_HELP;

enum { OPT_PARTNER = ERG_OPT_FIRST_OWN };

static const struct option longs[] = {
	ERG_COMMON_OPTIONS,
	{"partner", required_argument, NULL, OPT_PARTNER},
	{0},
};

static int analyze(const struct erg_common *common, const char *partner, char *const *files,
	size_t n, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_corun_text, erg_corun_csv};
	json_auto_t *doc = erg_document_new("corun"), *runs = NULL;
	int r = erg_runs_load(files, n, common, doc, &runs, err);

	if (r >= 0)
		r = erg_corun_document(runs, partner, doc, err);
	return r < 0 ? r : erg_document_emit(doc, common->format, &renderer, common->strict, err);
}

static int run(int argc, char **argv, struct erg_err *err)
{
	struct erg_common common = {0};
	const char *partner = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0) {
		if (c == OPT_PARTNER)
			partner = optarg;
		else if (!erg_common_option(&common, c, optarg))
			return erg_usage(argv[0], help, c == 'h');
	}
	if (optind == argc) {
		fprintf(stderr, "expected archives\n");
		return erg_usage(argv[0], help, false);
	}
	return analyze(&common, partner, argv + optind, (size_t)(argc - optind), err);
}

const struct erg_verb erg_verb_corun = {"corun", "alone against together", run};
