/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze layers: energy, time and power of each layer. */
#include <errno.h>
#include <string.h>

#include "analyze/account/layers.h"
#include "analyze/account/per.h"
#include "analyze/render/layers.h"
#include "analyze/verbs/verb.h"
#include "formats/base/progress.h"

static const char help[] =
	"Usage: erg-analyze layers [options] FILE.erg...\n"
	"\n"
	"Energy, time and power of each layer, with 95 % intervals; what the data cannot tell is\n"
	"merged with its neighbour or called unresolved.\n"
	"\n"
	"      --by WHAT         layer, type, module, network or phase (default layer)\n"
	"      --per UNIT        also the energy of one counter:NAME, iteration, macs, token or request\n"
	"      --energy WHICH    total or above-idle: which one the table shows (JSON and CSV\n"
	"                        have both; above-idle needs a recording with --idle)\n" ERG_COMMON_HELP;

enum { OPT_BY = ERG_OPT_FIRST_OWN, OPT_ENERGY, OPT_PER };

static const struct option longs[] = {
	ERG_COMMON_OPTIONS,
	{"by", required_argument, NULL, OPT_BY},
	{"energy", required_argument, NULL, OPT_ENERGY},
	{"per", required_argument, NULL, OPT_PER},
	{0},
};

struct options {
	struct erg_common common;
	const char *by, *energy;
	struct erg_per per;
};

static bool one_of(const char *option, const char *arg, const char *const *names,
	const char **ret)
{
	for (size_t i = 0; names[i]; i++)
		if (!strcmp(arg, names[i])) {
			*ret = names[i];
			return true;
		}
	fprintf(stderr, "%s: '%s' is none of", option, arg);
	for (size_t i = 0; names[i]; i++)
		fprintf(stderr, "%s %s", i ? "," : "", names[i]);
	fputc('\n', stderr);
	return false;
}

static bool own_option(struct options *o, int c)
{
	static const char *const by[] = {"layer", "type", "module", "network", "phase", NULL};
	static const char *const energy[] = {"total", "above-idle", NULL};

	if (c == OPT_BY)
		return one_of("--by", optarg, by, &o->by);
	if (c == OPT_ENERGY)
		return one_of("--energy", optarg, energy, &o->energy);
	if (c == OPT_PER) {
		struct erg_err err = {0};

		if (erg_per_parse(optarg, &o->per, &err) >= 0)
			return true;
		fprintf(stderr, "%s\n", err.msg);
		return false;
	}
	return erg_common_option(&o->common, c, optarg);
}

/* What was done, and of phases that are many their energies as classes of an attribution. */
static int add_parts(const struct options *o, const struct erg_timeline *tl, json_t *run,
	struct erg_err *err)
{
	_cleanup_(erg_parts_release) struct erg_parts parts = {0};
	const bool by_phase = !strcmp(o->by, "phase");
	int r = erg_per_check(&o->per, tl, err);

	if (r >= 0)
		r = erg_parts_open(&parts, tl, err);
	if (r >= 0 && by_phase)
		r = erg_parts_attribute(&parts, &o->common, err);
	if (r < 0)
		return r;
	if (by_phase)
		erg_per_phase_rows(&o->per, &parts, run);
	else
		erg_per_rows(&o->per, &parts, o->by, run);
	return 0;
}

static int add_run(const struct options *o, const char *path, json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	json_t *run = NULL;
	int r = erg_timeline_read(path, &o->common.reader, &tl, err);

	if (r >= 0)
		r = erg_layers_run(tl, &o->common, o->by, doc, &run, err);
	if (r >= 0 && (o->per.kind != ERG_PER_NONE ||
			      (!strcmp(o->by, "phase") && tl->n_phases > ERG_PHASES_APART)))
		r = add_parts(o, tl, run, err);
	if (r >= 0)
		json_array_append_new(json_object_get(doc, "runs"), run);
	return r;
}

static int run(int argc, char **argv, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_layers_text, erg_layers_csv};
	struct options o = {.by = "layer", .energy = "total"};
	json_auto_t *doc = erg_document_new("layers");
	int c, r = 0;

	while ((c = getopt_long(argc, argv, "h", longs, NULL)) >= 0)
		if (!own_option(&o, c))
			return erg_usage(argv[0], help, c == 'h');
	if (optind == argc) {
		fprintf(stderr, "expected an archive\n");
		return erg_usage(argv[0], help, false);
	}
	json_object_set_new(doc, "energy", json_string(o.energy));
	json_object_set_new(doc, "runs", json_array());
	for (int i = optind; r >= 0 && i < argc; i++) {
		erg_progress("archives", (uint64_t)(i - optind), (uint64_t)(argc - optind));
		r = add_run(&o, argv[i], doc, err);
	}
	erg_progress("archives", 1, 1);
	return r < 0 ? r : erg_document_emit(doc, o.common.format, &renderer, o.common.strict, err);
}

const struct erg_verb erg_verb_layers = {"layers", "energy, time and power of each layer", run};
