/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze thermal: what heat costs. The mathematics is in experiment/thermal*.c. */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/experiment/thermal.h"
#include "analyze/account/layers.h"
#include "analyze/timeline/rail_sum.h"
#include "analyze/render/thermal.h"
#include "analyze/verbs/verb.h"
#include "formats/base/progress.h"

struct options {
	struct erg_common common;
	struct erg_thermal_options thermal;
};

#define AT(field) offsetof(struct options, thermal.field)

static const struct erg_option own[] = {
	{"zone", 0, "NAME", "the temperature to use (default: the one of widest range)",
		ERG_OPTION_TEXT, AT(zone)},
	{"block", 0, "SECONDS", "length of a block (default: a hundredth of the run)",
		ERG_OPTION_NUMBER, AT(block_s), 1e-6, 1e9},
	{"ambient", 0, "DEGC", "predict the settling temperature at this ambient",
		ERG_OPTION_NUMBER, AT(ambient_degc), -273.15, 1000},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	ERG_GROUPS_COMMON(offsetof(struct options, common))};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "thermal",
	.synopsis = "[options] FILE.erg...",
	.about =
		"Leakage and throttling from runs with the heat sink on and off (tag or factor "
		"heatsink=on, heatsink=off): leakage by the heat sink as instrument and by regression, "
		"thermal resistance and time constants, throttling and what it cost.",
	.groups = groups,
};

static int load_one(const struct options *o, const char *path, json_t *doc,
	struct erg_thermal_run *ret, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	_cleanup_(erg_rail_release) struct erg_rail sum = {0};
	const struct erg_rail *rail = NULL;
	json_t *run = NULL;
	int r = erg_timeline_read(path, &o->common.reader, &tl, err);

	if (r >= 0) {
		r = erg_rail_pick_readings(tl, o->common.rail, &sum, &rail, err);
		r = r < 0 ? erg_wrap(err, r, "%s", path) : r;
	}
	if (r >= 0)
		r = erg_layers_run(tl, &o->common, "layer", doc, &run, err);
	if (r >= 0)
		r = erg_thermal_run_build(tl, rail, run, &o->thermal, ret, err);
	return r;
}

/* Builds a run of each of FILES whose data are enough; what was left out is told. */
static int load_all(const struct options *o, char *const *files, size_t n, json_t *doc,
	struct erg_thermal_run *runs, size_t *ret_n, struct erg_err *err)
{
	struct erg_err first = {0};

	for (size_t i = 0; i < n; i++) {
		struct erg_err why = {0};
		int r;

		erg_progress("archives", i, n);
		r = load_one(o, files[i], doc, &runs[*ret_n], &why);
		if (r >= 0) {
			(*ret_n)++;
			continue;
		}
		erg_thermal_run_release(&runs[*ret_n]);
		if (r != -ENODATA)
			return erg_fail(err, r, "%s", why.msg);
		if (!first.code)
			first = why;
		erg_document_warn(doc, "left-out", "%s: left out", why.msg);
	}
	erg_progress("archives", 1, 1);
	return *ret_n ? 0 : erg_fail(err, first.code, "%s", first.msg);
}

static int analyze_thermal(const struct options *o, char *const *files, size_t n,
	struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_thermal_text, erg_thermal_csv};
	struct erg_thermal_run *runs = calloc(n + 1, sizeof(*runs));
	json_auto_t *doc = erg_document_new("thermal");
	size_t usable = 0;
	int r = runs ? load_all(o, files, n, doc, runs, &usable, err)
		     : erg_fail(err, -ENOMEM, "out of memory");

	if (r >= 0)
		r = erg_thermal_document(runs, usable, &o->thermal, doc, err);
	for (size_t i = 0; runs && i < usable; i++)
		erg_thermal_run_release(&runs[i]);
	free(runs);
	return r < 0 ? r
		     : erg_document_emit(doc, o->common.format, &renderer, o->common.strict, err);
}

static int thermal_verb(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.thermal = {.ambient_degc = NAN, .throttle_below = 0.98}};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first == argc)
		return erg_options_wrong(&command, "expected archives");
	return analyze_thermal(&o, argv + first, (size_t)(argc - first), err);
}

const struct erg_verb erg_verb_thermal = {"thermal", "leakage and throttling, heat sink on and off",
	thermal_verb};
