/* SPDX-License-Identifier: GPL-3.0-or-later */
/* erg-analyze export: a run for other tools. */
#include "analyze/export/export.h"

#include <errno.h>
#include <string.h>

#include "analyze/account/layers.h"
#include "analyze/timeline/rail.h"
#include "analyze/verbs/verb.h"
#include "formats/base/outfile.h"

static const char help[] =
	"Usage: erg-analyze export --to FORMAT [options] FILE.erg -o OUT\n"
	"\n"
	"A run for other tools:\n"
	"  perfetto   layers as slices, rails, temperatures and frequencies as counters\n"
	"             (ui.perfetto.dev, Trace Event Format)\n"
	"  folded     stacks network;module;layer weighted by microjoules, for flame graphs\n"
	"  csv        the aligned timeline: one row a reading, with the layer that ran\n"
	"\n"
	"      --to FORMAT       perfetto, folded or csv (required)\n"
	"  -o, --output FILE     where to write it (required)\n" ERG_COMMON_HELP;

enum { OPT_TO = ERG_OPT_FIRST_OWN };

static const struct option longs[] = {
	ERG_COMMON_OPTIONS,
	{"to", required_argument, NULL, OPT_TO},
	{"output", required_argument, NULL, 'o'},
	{0},
};

static int to_perfetto(const struct erg_timeline *tl, const struct erg_common *common, FILE *out,
	struct erg_err *err)
{
	return erg_export_perfetto(tl, out, err);
}

static int to_csv(const struct erg_timeline *tl, const struct erg_common *common, FILE *out,
	struct erg_err *err)
{
	struct erg_rail *rails = NULL;
	size_t n = 0, rail;
	int r = erg_rails_build(tl, &rails, &n, err);

	if (r >= 0)
		r = erg_rail_choose(rails, n, common->rail, &rail, err);
	if (r >= 0)
		r = erg_export_csv(tl, rails, n, rail, out, err);
	erg_rails_free(rails, n);
	return r;
}

static int to_folded(const struct erg_timeline *tl, const struct erg_common *common, FILE *out,
	struct erg_err *err)
{
	json_auto_t *doc = erg_document_new("export"), *run = NULL;
	size_t unresolved = 0;
	int r = erg_layers_run(tl, common, "layer", doc, &run, err);

	if (r >= 0)
		r = erg_export_folded(run, out, &unresolved);
	if (r >= 0 && unresolved)
		fprintf(stderr, "warning: %zu layers are unresolved and have no stack\n", unresolved);
	return r;
}

static const struct target {
	const char *name;
	int (*write)(const struct erg_timeline *tl, const struct erg_common *common, FILE *out,
		struct erg_err *err);
} targets[] = {{"perfetto", to_perfetto}, {"folded", to_folded}, {"csv", to_csv}};

static const struct target *find_target(const char *name)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(targets); i++)
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	fprintf(stderr, "--to: '%s' is none of perfetto, folded, csv\n", name);
	return NULL;
}

static int export(const struct target *t, const struct erg_common *common, const char *path,
	const char *output, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	int r = erg_timeline_read(path, &common->reader, &tl, err);

	if (r >= 0)
		r = erg_outfile_open(&out, output, err);
	if (r >= 0)
		r = t->write(tl, common, out.f, err);
	if (r >= 0)
		r = erg_outfile_commit(&out, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < json_array_size(tl->warnings); i++)
		fprintf(stderr, "warning: %s: %s\n", path, json_string_value(json_object_get(
			json_array_get(tl->warnings, i), "text")));
	return common->strict && json_array_size(tl->warnings) ? 3 : 0;
}

static int run(int argc, char **argv, struct erg_err *err)
{
	struct erg_common common = {0};
	const struct target *target = NULL;
	const char *output = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "ho:", longs, NULL)) >= 0) {
		if (c == 'o')
			output = optarg;
		else if (c == OPT_TO ? !(target = find_target(optarg))
				     : !erg_common_option(&common, c, optarg))
			return erg_usage(argv[0], help, c == 'h');
	}
	if (!target || !output || argc - optind != 1) {
		fprintf(stderr, "expected --to FORMAT, one archive and -o OUT\n");
		return erg_usage(argv[0], help, false);
	}
	return export(target, &common, argv[optind], output, err);
}

const struct erg_verb erg_verb_export = {"export", "a run for Perfetto, flame graphs, or as CSV",
	run};
