/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * erg-analyze study: everything that a plan's analysis: asks for, from the folder that erg-record sweep
 * filled. The layers of each archive become documents first (batch/); each analysis is then this
 * program's verb on those, its tables are written beside the page, and the page is made of all. One
 * analysis that fails is told and does not stop the others.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "analyze/batch/batch.h"
#include "analyze/batch/process.h"
#include "analyze/batch/index.h"
#include "analyze/render/corun.h"
#include "analyze/render/model.h"
#include "analyze/render/sweep.h"
#include "analyze/render/thermal.h"
#include "analyze/verbs/verb.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "formats/base/outfile.h"
#include "formats/base/texts.h"

/* Pages of more runs have no curves: they are made of the documents alone. */
#define CURVES_MAX 50

struct options {
	const char *output, *title;
	unsigned int jobs;
};

static const struct erg_option own[] = {
	{"output", 'o', "FILE.html",
		"the page; tables go beside it, as FILE-VERB.csv and FILE-VERB.json. Required",
		ERG_OPTION_TEXT, offsetof(struct options, output)},
	{"title", 0, "TEXT", "the page's heading (default: the plan's name)", ERG_OPTION_TEXT,
		offsetof(struct options, title)},
	{"jobs", 0, "N", "analyse N archives at a time (default: one a CPU)", ERG_OPTION_UNSIGNED,
		offsetof(struct options, jobs), 1, 1024},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false}, {0}};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "study",
	.synopsis = "[options] DIR -o report.html",
	.about =
		"All that the plan of DIR (of erg-record sweep) asks for under analysis:, as one page "
		"with its tables (CSV, JSON) beside it. Without analysis: the sweep. Documents of "
		"archives that are there already are kept.",
	.groups = groups,
};

/* The analyses that make a document of their own, in the order of the page. */
static const struct analysis {
	const char *name;
	const char *verb[3]; /* with its further words, if it has any */
	bool archives;       /* it needs them: documents do not say enough */
	int (*csv)(const json_t *doc, FILE *out, struct erg_err *err);
} analyses[] = {
	{"sweep", {"sweep"}, false, erg_sweep_csv},
	{"corun", {"corun"}, false, erg_corun_csv},
	{"thermal", {"thermal"}, true, erg_thermal_csv},
	{"model", {"model", "fit", "--points"}, false, erg_model_fit_csv},
};

struct study {
	const struct options *o;
	json_t *analysis;
	char stem[4096]; /* of the page, without .html */
	char layers[4200];
	struct erg_texts archives, documents, results;
	size_t failed;
};

static void study_release(struct study *s)
{
	erg_texts_clear(&s->archives);
	erg_texts_clear(&s->documents);
	erg_texts_clear(&s->results);
	json_decref(s->analysis);
}

static void tell(void *data, const char *archive, const char *why)
{
	_cleanup_(erg_freep) char *name = erg_terminal_copy(archive);
	_cleanup_(erg_freep) char *text = why ? erg_terminal_copy(why) : NULL;

	if (text && name)
		fprintf(stderr, "left out: %s: %s\n", name, text);
}

/* The documents of all archives that can be analysed. */
static int make_documents(struct study *s, const char *dir, struct erg_err *err)
{
	static char layers[] = "layers";
	char *analysis[] = {layers, NULL};
	_cleanup_(erg_batch_release) struct erg_batch b = {.analysis = analysis,
		.results = s->layers,
		.jobs = s->o->jobs,
		.tell = tell};
	int r = erg_batch_add(&b, dir, err);

	if (r >= 0)
		r = erg_batch_shard(&b, 1, 1, err);
	if (r >= 0)
		r = erg_batch_run(&b, err);
	for (size_t i = 0; r >= 0 && i < b.n; i++) {
		char path[4500];

		snprintf(path, sizeof(path), "%s/%s", s->layers, b.items[i].name);
		if (access(path, F_OK) < 0)
			continue;
		if (erg_texts_add(&s->documents, path) < 0 ||
			erg_texts_add(&s->archives, b.items[i].archive) < 0)
			return erg_fail(err, -ENOMEM, "out of memory");
	}
	if (r < 0)
		return r;
	if (b.failed)
		fprintf(stderr, "%zu of %zu archives could not be analysed\n", b.failed, b.n);
	s->failed += b.failed;
	return s->documents.n
		? 0
		: erg_fail(err, -ENODATA, "%s: none of its %zu archives can be analysed", dir, b.n);
}

/* --slack=5 --predictors=simd,bus: the options of an analysis; "yes" and "true" are of one without a
 * value. */
static int add_options(const json_t *options, struct erg_texts *argv)
{
	const char *name;
	json_t *v, *part;
	size_t i;

	json_object_foreach ((json_t *)options, name, v) {
		char text[1024];
		size_t len = (size_t)snprintf(text, sizeof(text), "--%s", name);

		for (char *p = text + 2; *p; p++)
			*p = *p == '_' ? '-' : *p;
		if (json_is_string(v) && strcmp(json_string_value(v), "yes") &&
			strcmp(json_string_value(v), "true"))
			snprintf(text + len, sizeof(text) - len, "=%s", json_string_value(v));
		json_array_foreach (v, i, part)
			len += (size_t)snprintf(text + len,
				len < sizeof(text) ? sizeof(text) - len : 0, "%s%s", i ? "," : "=",
				json_string_value(part));
		if (erg_texts_add(argv, text) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_all(const struct erg_texts *from, struct erg_texts *argv)
{
	for (size_t i = 0; i < from->n; i++)
		if (erg_texts_add(argv, from->v[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* What the process said, on our standard error; its last line is the caller's to tell. */
static void pass_on(const struct erg_process *c)
{
	FILE *f = fdopen(dup(c->said), "r");
	char line[4096];

	if (!f)
		return;
	rewind(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "warning: ", 9))
			fputs(line, stderr);
	fclose(f);
}

static int write_json(const char *path, const json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	int r = erg_outfile_open(&out, path, err);

	if (r < 0)
		return r;
	if (json_dumpf(doc, out.f, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) < 0)
		return erg_fail(err, -EIO, "%s: cannot be written", path);
	fputc('\n', out.f);
	return erg_outfile_commit(&out, err);
}

static int write_csv(const char *path, const json_t *doc, const struct analysis *a,
	struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile out = {0};
	int r = erg_outfile_open(&out, path, err);

	if (r >= 0)
		r = a->csv(doc, out.f, err);
	return r < 0 ? r : erg_outfile_commit(&out, err);
}

/* STEM-VERB.json and STEM-VERB.csv of what the process printed. */
static int write_tables(struct study *s, const struct analysis *a, const struct erg_process *c,
	struct erg_err *err)
{
	json_error_t e;
	json_auto_t *doc = NULL;
	char path[4200];
	int r;

	lseek(c->out, 0, SEEK_SET);
	doc = json_loadfd(c->out, 0, &e);
	if (!doc)
		return erg_fail(err, -EIO, "%s: %s", a->name, e.text);
	snprintf(path, sizeof(path), "%s-%s.csv", s->stem, a->name);
	r = write_csv(path, doc, a, err);
	snprintf(path, sizeof(path), "%s-%s.json", s->stem, a->name);
	if (r >= 0)
		r = write_json(path, doc, err);
	if (r >= 0 && erg_texts_add(&s->results, path) < 0)
		r = erg_fail(err, -ENOMEM, "out of memory");
	return r;
}

static int run_analysis(struct study *s, const struct analysis *a, struct erg_err *err)
{
	struct erg_process c = ERG_PROCESS_NONE;
	struct erg_texts argv = {0};
	char line[1024];
	int r = 0;

	erg_texts_add(&argv, "erg-analyze");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(a->verb) && a->verb[i]; i++)
		erg_texts_add(&argv, a->verb[i]);
	if (add_options(json_object_get(s->analysis, a->name), &argv) < 0 ||
		erg_texts_add(&argv, "--format=json") < 0 ||
		add_all(a->archives ? &s->archives : &s->documents, &argv) < 0)
		r = erg_fail(err, -ENOMEM, "out of memory");
	if (r >= 0) {
		r = erg_process_start(&c, (const char *const *)argv.v);
		r = r < 0 ? erg_fail_errno(err, r, "%s", a->name) : erg_process_wait(&c);
	}
	erg_texts_clear(&argv);
	if (r >= 0 && c.status != 0 && c.status != 3) {
		erg_process_last_line(&c, line, sizeof(line));
		fprintf(stderr, "failed: %s: %s\n", a->name, line);
		s->failed++;
	} else if (r >= 0) {
		pass_on(&c);
		r = write_tables(s, a, &c, err);
	}
	erg_process_release(&c);
	return r;
}

static int write_page(struct study *s, const char *title, struct erg_err *err)
{
	const bool curves = s->archives.n <= CURVES_MAX;
	struct erg_process c = ERG_PROCESS_NONE;
	struct erg_texts argv = {0};
	char line[1024];
	int r = 0;

	if (!curves)
		fprintf(stderr, "%zu runs: the page has no curves of power over time\n",
			s->archives.n);
	erg_texts_add(&argv, "erg-analyze");
	erg_texts_add(&argv, "report");
	erg_texts_add(&argv, "-o");
	erg_texts_add(&argv, s->o->output);
	erg_texts_add(&argv, "--title");
	if (erg_texts_add(&argv, title) < 0 ||
		add_options(json_object_get(s->analysis, "report"), &argv) < 0 ||
		add_all(curves ? &s->archives : &s->documents, &argv) < 0 ||
		add_all(&s->results, &argv) < 0)
		r = erg_fail(err, -ENOMEM, "out of memory");
	if (r >= 0) {
		r = erg_process_start(&c, (const char *const *)argv.v);
		r = r < 0 ? erg_fail_errno(err, r, "report") : erg_process_wait(&c);
	}
	erg_texts_clear(&argv);
	if (r >= 0 && c.status != 0 && c.status != 3) {
		erg_process_last_line(&c, line, sizeof(line));
		r = erg_fail(err, -EIO, "report: %s", line);
	}
	erg_process_release(&c);
	return r;
}

static int study(struct study *s, const char *dir, struct erg_err *err)
{
	_cleanup_(erg_freep) char *name = NULL;
	size_t n = strlen(s->o->output);
	int r = erg_batch_index(dir, &name, &s->analysis, err);

	if (n > 5 && !strcmp(s->o->output + n - 5, ".html"))
		n -= 5;
	snprintf(s->stem, sizeof(s->stem), "%.*s", (int)n, s->o->output);
	snprintf(s->layers, sizeof(s->layers), "%s-layers", s->stem);
	if (r >= 0)
		r = make_documents(s, dir, err);
	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(analyses); i++)
		if (json_object_get(s->analysis, analyses[i].name))
			r = run_analysis(s, &analyses[i], err);
	if (r >= 0)
		r = write_page(s, s->o->title ? s->o->title : name, err);
	if (r < 0)
		return r;
	fprintf(stderr, "%zu runs, %zu analyses: %s\n", s->documents.n, s->results.n, s->o->output);
	return s->failed ? 1 : 0;
}

static int run(int argc, char **argv, struct erg_err *err)
{
	struct options o = {0};
	_cleanup_(study_release) struct study s = {.o = &o};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first + 1 != argc || !o.output)
		return erg_options_wrong(&command, "expected %s",
			o.output ? "one folder of erg-record sweep" : "-o report.html");
	return study(&s, argv[first], err);
}

const struct erg_verb erg_verb_study = {"study",
	"all that a plan's analysis: asks for, as one page", run};
