/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze thermal: what heat costs. The mathematics is in experiment/thermal*.c. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/experiment/thermal.h"
#include "analyze/account/layers.h"
#include "analyze/render/thermal.h"
#include "analyze/verbs/verb.h"
#include "formats/base/progress.h"

static const char help[] =
	"Usage: erg-analyze thermal [options] FILE.erg...\n"
	"\n"
	"Leakage and throttling from runs with the heat sink on and off (tag or factor\n"
	"heatsink=on, heatsink=off): leakage by the heat sink as instrument and by regression,\n"
	"thermal resistance and time constants, throttling and what it cost.\n"
	"\n"
	"      --zone NAME       the temperature to use (default: the one of widest range)\n"
	"      --block SECONDS   length of a block (default: a hundredth of the run)\n"
	"      --ambient DEGC    predict the settling temperature at this ambient\n" ERG_COMMON_HELP;

enum { OPT_ZONE = ERG_OPT_FIRST_OWN, OPT_BLOCK, OPT_AMBIENT };

static const struct option longs[] = {
	ERG_COMMON_OPTIONS,
	{"zone", required_argument, NULL, OPT_ZONE},
	{"block", required_argument, NULL, OPT_BLOCK},
	{"ambient", required_argument, NULL, OPT_AMBIENT},
	{0},
};

struct options {
	struct erg_common common;
	struct erg_thermal_options thermal;
};

static bool number(const char *option, const char *arg, double min, double *ret)
{
	char *end;

	*ret = strtod(arg, &end);
	if (end != arg && !*end && isfinite(*ret) && *ret > min)
		return true;
	fprintf(stderr, "%s: '%s' is not a number above %g\n", option, arg, min);
	return false;
}

static bool own_option(struct options *o, int c)
{
	switch (c) {
	case OPT_ZONE:
		o->thermal.zone = optarg;
		return true;
	case OPT_BLOCK:
		return number("--block", optarg, 0, &o->thermal.block_s);
	case OPT_AMBIENT:
		return number("--ambient", optarg, -273.15, &o->thermal.ambient_degc);
	default:
		return erg_common_option(&o->common, c, optarg);
	}
}

static int load_one(const struct options *o, const char *path, json_t *doc,
	struct erg_thermal_run *ret, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	struct erg_rail *rails = NULL;
	json_t *run = NULL;
	size_t n = 0, which;
	int r = erg_timeline_read(path, &o->common.reader, &tl, err);

	if (r >= 0)
		r = erg_rails_build(tl, &rails, &n, err);
	if (r >= 0)
		r = erg_rail_choose(rails, n, o->common.rail, &which, err);
	if (r >= 0)
		r = erg_layers_run(tl, &o->common, "layer", doc, &run, err);
	if (r >= 0)
		r = erg_thermal_run_build(tl, &rails[which], run, &o->thermal, ret, err);
	erg_rails_free(rails, n);
	return r;
}

static int analyze(const struct options *o, char *const *files, size_t n, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_thermal_text, erg_thermal_csv};
	struct erg_thermal_run *runs = calloc(n + 1, sizeof(*runs));
	json_auto_t *doc = erg_document_new("thermal");
	int r = runs ? 0 : erg_fail(err, -ENOMEM, "out of memory");

	for (size_t i = 0; r >= 0 && i < n; i++) {
		erg_progress("archives", i, n);
		r = load_one(o, files[i], doc, &runs[i], err);
	}
	erg_progress("archives", 1, 1);
	if (r >= 0)
		r = erg_thermal_document(runs, n, &o->thermal, doc, err);
	for (size_t i = 0; runs && i < n; i++)
		erg_thermal_run_release(&runs[i]);
	free(runs);
	return r < 0 ? r : erg_document_emit(doc, o->common.format, &renderer, o->common.strict,
				   err);
}

static int run(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.thermal = {.ambient_degc = NAN, .throttle_below = 0.98}};
	int c;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
		if (!own_option(&o, c))
			return erg_usage(argv[0], help, c == 'h');
	if (optind == argc) {
		fprintf(stderr, "expected archives\n");
		return erg_usage(argv[0], help, false);
	}
	return analyze(&o, argv + optind, (size_t)(argc - optind), err);
}

const struct erg_verb erg_verb_thermal = {"thermal", "leakage and throttling, heat sink on and off",
	run};
