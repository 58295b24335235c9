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
#include "analyze/account/runs.h"
#include "analyze/batch/index.h"
#include "analyze/render/corun.h"
#include "analyze/render/model.h"
#include "analyze/render/sweep.h"
#include "analyze/render/thermal.h"
#include "analyze/verbs/verb.h"
#include "formats/base/memory.h"
#include "formats/base/terminal.h"
#include "formats/base/util.h"
#include "formats/base/outfile.h"
#include "formats/base/regular.h"
#include "formats/base/texts.h"

/* Of more runs only the first of each setting has its curves on the page, up to TRACES_MAX. */
#define CURVES_MAX 50
#define TRACES_MAX 150

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
	{"predict", {NULL}, false, erg_model_predict_csv},
};

struct study {
	const struct options *o;
	json_t *analysis;
	char stem[4096]; /* of the page, without .html */
	char layers[4200];
	struct erg_texts archives, documents, results;
	size_t failed;
};

/* Runs that are analysed together: all, or those with one value of a factor or tag. */
struct part {
	const char *tag, *value; /* NULL: all */
	const char *file;        /* VALUE as a part of a file's name */
	const struct erg_texts *archives, *documents;
};

static void study_release(struct study *s)
{
	erg_texts_clear(&s->archives);
	erg_texts_clear(&s->documents);
	erg_texts_clear(&s->results);
	json_decref(s->analysis);
}

static void tell_archive(void *data, const char *archive, const char *why)
{
	/* The process names its archive in most of what it says. */
	_cleanup_(erg_freep) char *name =
		why && !strstr(why, archive) ? erg_terminal_copy(archive) : NULL;
	_cleanup_(erg_freep) char *text = why ? erg_terminal_copy(why) : NULL;

	if (text)
		fprintf(stderr, "left out: %s%s%s\n", name ? name : "", name ? ": " : "", text);
}

static void tell_left(void *data, const char *path, const char *what)
{
	erg_terminal_line(stderr, "not read: %s: %s", path, what);
}

/* The documents of all archives that can be analysed. */
static int make_documents(struct study *s, const char *dir, struct erg_err *err)
{
	static char layers[] = "layers", tables[] = "--tables";
	char *analysis[] = {layers, tables, NULL};
	_cleanup_(erg_batch_release) struct erg_batch b = {.analysis = analysis,
		.results = s->layers,
		.jobs = s->o->jobs,
		.tell = tell_archive,
		.leave = tell_left};
	int r = erg_batch_add(&b, dir, err);

	if (r >= 0)
		r = erg_batch_shard(&b, 1, 1, err);
	if (r >= 0)
		r = erg_batch_run(&b, err);
	for (size_t i = 0; r >= 0 && i < b.n; i++) {
		char path[4500];

		if (!b.items[i].there)
			continue;
		snprintf(path, sizeof(path), "%s/%s", s->layers, b.items[i].name);
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

/* "simd,bus; macs" as --predictors=simd,bus --predictors=macs. */
static int add_values(const char *option, const char *values, struct erg_texts *argv)
{
	for (const char *p = values; *p; p += *p == ';') {
		size_t len = strcspn(p, ";");
		_cleanup_(erg_freep) char *text = NULL;

		while (len && *p == ' ') {
			p++;
			len--;
		}
		if (asprintf(&text, "%s=%.*s", option, (int)len, p) < 0 ||
			erg_texts_add(argv, text) < 0)
			return -ENOMEM;
		p += len;
	}
	return 0;
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

		if (!strcmp(name, "each") || !strcmp(name, "network"))
			continue; /* ours */
		for (char *p = text + 2; *p; p++)
			*p = *p == '_' ? '-' : *p;
		if (json_is_string(v) && strcmp(json_string_value(v), "yes") &&
			strcmp(json_string_value(v), "true")) {
			if (add_values(text, json_string_value(v), argv) < 0)
				return -ENOMEM;
			continue;
		}
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

/* STEM-VERB.json and STEM-VERB.csv of what the process printed; of runs with one VALUE of a tag
 * STEM-VERB-VALUE, which the document says, too. */
static int write_tables(struct study *s, const struct analysis *a, const struct part *part,
	const struct erg_process *c, struct erg_err *err)
{
	json_error_t e;
	json_auto_t *doc = NULL;
	char path[4200];
	int r;

	lseek(c->out, 0, SEEK_SET);
	doc = json_loadfd(c->out, 0, &e);
	if (!doc)
		return erg_fail(err, -EIO, "%s: %s", a->name, e.text);
	if (part->tag)
		json_object_set_new(doc, "of", json_pack("{s:s}", part->tag, part->value));
	snprintf(path, sizeof(path), "%s-%s%s%s.csv", s->stem, a->name, part->tag ? "-" : "",
		part->tag ? part->file : "");
	r = write_csv(path, doc, a, err);
	snprintf(path, sizeof(path), "%s-%s%s%s.json", s->stem, a->name, part->tag ? "-" : "",
		part->tag ? part->file : "");
	if (r >= 0)
		r = write_json(path, doc, err);
	if (r >= 0 && erg_texts_add(&s->results, path) < 0)
		r = erg_fail(err, -ENOMEM, "out of memory");
	return r;
}

/* Runs ARGV, which is used up; 1 and *RET when it did well, 0 when it failed, which is told. */
static int run_verb(struct study *s, const char *name, struct erg_texts *argv,
	struct erg_process *ret, struct erg_err *err)
{
	char line[1024];
	int r = erg_process_start(ret, (const char *const *)argv->v);

	r = r < 0 ? erg_fail_errno(err, r, "%s", name) : erg_process_wait(ret);
	erg_texts_clear(argv);
	if (r < 0)
		return r;
	if (ret->status == 0 || ret->status == 3) {
		pass_on(ret);
		return 1;
	}
	erg_process_last_line(ret, line, sizeof(line));
	erg_terminal_line(stderr, "failed: %s: %s", name, line);
	s->failed++;
	return 0;
}

static int run_part(struct study *s, const struct analysis *a, const struct part *part,
	struct erg_err *err)
{
	struct erg_process c = ERG_PROCESS_NONE;
	struct erg_texts argv = {0};
	int r;

	erg_texts_add(&argv, "erg-analyze");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(a->verb) && a->verb[i]; i++)
		erg_texts_add(&argv, a->verb[i]);
	if (add_options(json_object_get(s->analysis, a->name), &argv) < 0 ||
		erg_texts_add(&argv, "--format=json") < 0 ||
		add_all(a->archives ? part->archives : part->documents, &argv) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	r = run_verb(s, a->name, &argv, &c, err);
	if (r > 0)
		r = write_tables(s, a, part, &c, err);
	erg_process_release(&c);
	return r;
}

/* The model of the analysis predict: its options but the networks, saved as PATH. */
static int fit_for(struct study *s, const struct part *part, const char *path, struct erg_err *err)
{
	struct erg_process c = ERG_PROCESS_NONE;
	struct erg_texts argv = {0};
	int r;

	erg_texts_add(&argv, "erg-analyze");
	erg_texts_add(&argv, "model");
	erg_texts_add(&argv, "fit");
	erg_texts_add(&argv, "--save");
	if (erg_texts_add(&argv, path) < 0 ||
		add_options(json_object_get(s->analysis, "predict"), &argv) < 0 ||
		add_all(part->documents, &argv) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	r = run_verb(s, "predict", &argv, &c, err);
	erg_process_release(&c);
	return r;
}

/* What is the same when a model is applied. */
static int add_predict(const json_t *options, const char *path, struct erg_texts *argv)
{
	static const char *const kept[] = {"type", "whole", "networks"};
	const json_t *networks = json_object_get(options, "network"), *n;
	json_auto_t *some = json_object();
	size_t i;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(kept); k++)
		json_object_set(some, kept[k], json_object_get(options, kept[k]));
	erg_texts_add(argv, "erg-analyze");
	erg_texts_add(argv, "model");
	erg_texts_add(argv, "predict");
	erg_texts_add(argv, "--format=json");
	erg_texts_add(argv, "--model");
	erg_texts_add(argv, path);
	if (add_options(some, argv) < 0)
		return -ENOMEM;
	if (json_is_string(networks)) {
		erg_texts_add(argv, "--network");
		return erg_texts_add(argv, json_string_value(networks));
	}
	json_array_foreach (networks, i, n) {
		erg_texts_add(argv, "--network");
		if (erg_texts_add(argv, json_string_value(n)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A model of the runs, and what it says of networks that were not run. */
static int predict_part(struct study *s, const struct analysis *a, const struct part *part,
	struct erg_err *err)
{
	struct erg_process c = ERG_PROCESS_NONE;
	struct erg_texts argv = {0};
	char path[4400];
	int r;

	snprintf(path, sizeof(path), "%s-predict%s%s-model.json", s->stem, part->tag ? "-" : "",
		part->tag ? part->file : "");
	r = fit_for(s, part, path, err);
	if (r <= 0)
		return r;
	if (add_predict(json_object_get(s->analysis, "predict"), path, &argv) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	r = run_verb(s, "predict", &argv, &c, err);
	if (r > 0)
		r = write_tables(s, a, part, &c, err);
	erg_process_release(&c);
	return r;
}

/* Text of the factor or tag TAG of the run in document PATH; NULL where it has none. */
static char *tag_of(const char *path, const char *tag)
{
	json_auto_t *doc = NULL;
	char number[64];
	const char *text;

	if (erg_regular_json(path, &doc, NULL) < 0)
		return NULL;
	text = erg_run_setting(json_array_get(json_object_get(doc, "runs"), 0), tag, number,
		sizeof(number));
	return text && *text ? erg_noted(strdup(text)) : NULL;
}

static void file_of(const char *value, char *buf, size_t size)
{
	snprintf(buf, size, "%s", value);
	for (char *p = buf; *p; p++)
		*p = *p == '/' ? '_' : *p;
}

/* The runs with VALUE of TAG. */
static int part_of(struct study *s, const char *tag, const char *value, struct erg_texts *archives,
	struct erg_texts *documents)
{
	for (size_t i = 0; i < s->documents.n; i++) {
		_cleanup_(erg_freep) char *text = tag_of(s->documents.v[i], tag);

		if (text && !strcmp(text, value) &&
			(erg_texts_add(documents, s->documents.v[i]) < 0 ||
				erg_texts_add(archives, s->archives.v[i]) < 0))
			return -ENOMEM;
	}
	return 0;
}

static bool holds(const struct erg_texts *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->v[i], text))
			return true;
	return false;
}

typedef int run_part_fn(struct study *s, const struct analysis *a, const struct part *part,
	struct erg_err *err);

/* "each: TAG" of an analysis: once for the runs of each of its values. */
static int run_each(struct study *s, const struct analysis *a, const char *tag, run_part_fn *one,
	struct erg_err *err)
{
	_cleanup_(erg_texts_clear) struct erg_texts done = {0}, names = {0};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->documents.n; i++) {
		_cleanup_(erg_texts_clear) struct erg_texts archives = {0};
		_cleanup_(erg_texts_clear) struct erg_texts documents = {0};
		_cleanup_(erg_freep) char *value = tag_of(s->documents.v[i], tag);
		char file[128];
		struct part part = {tag, value, file, &archives, &documents};

		if (!value || holds(&done, value))
			continue; /* without the tag: such as the run of the roofs */
		file_of(value, file, sizeof(file));
		if (erg_texts_add(&done, value) < 0)
			return erg_fail(err, -ENOMEM, "out of memory");
		if (holds(&names, file)) {
			erg_terminal_line(stderr,
				"failed: %s: each: %s '%s': another value has the files %s",
				a->name, tag, value, file);
			s->failed++;
			continue;
		}
		if (erg_texts_add(&names, file) < 0 ||
			part_of(s, tag, value, &archives, &documents) < 0)
			return erg_fail(err, -ENOMEM, "out of memory");
		r = one(s, a, &part, err);
	}
	if (r >= 0 && !done.n) {
		erg_terminal_line(stderr, "failed: %s: each: no run has a factor or tag %s",
			a->name, tag);
		s->failed++;
	}
	return r;
}

static int run_analysis(struct study *s, const struct analysis *a, struct erg_err *err)
{
	const struct part all = {NULL, NULL, NULL, &s->archives, &s->documents};
	const char *each =
		json_string_value(json_object_get(json_object_get(s->analysis, a->name), "each"));
	run_part_fn *one = strcmp(a->name, "predict") ? run_part : predict_part;

	return each ? run_each(s, a, each, one, err) : one(s, a, &all, err);
}

/* Curves over time of all runs, or of the first one of each setting. */
static int add_traces(const struct study *s, bool first_only, struct erg_texts *argv)
{
	size_t n = 0, all = 0;

	for (size_t i = 0; i < s->documents.n; i++) {
		_cleanup_(erg_freep) char *text = tag_of(s->documents.v[i], "repetition");

		if (first_only && text && strcmp(text, "1"))
			continue;
		all++;
		if (n == TRACES_MAX)
			continue;
		n++;
		erg_texts_add(argv, "--curves");
		if (erg_texts_add(argv, s->archives.v[i]) < 0)
			return -ENOMEM;
	}
	if (first_only)
		fprintf(stderr,
			"%zu runs: the page has power over time of %zu, the first of each setting\n",
			s->archives.n, n);
	if (n < all)
		fprintf(stderr, "left out: power over time of %zu more settings\n", all - n);
	return 0;
}

static int write_page(struct study *s, const char *title, struct erg_err *err)
{
	const bool curves = s->archives.n <= CURVES_MAX;
	struct erg_process c = ERG_PROCESS_NONE;
	struct erg_texts argv = {0};
	char line[1024];
	int r = 0;

	erg_texts_add(&argv, "erg-analyze");
	erg_texts_add(&argv, "report");
	erg_texts_add(&argv, "-o");
	erg_texts_add(&argv, s->o->output);
	erg_texts_add(&argv, "--title");
	if (erg_texts_add(&argv, title) < 0 ||
		add_options(json_object_get(s->analysis, "report"), &argv) < 0 ||
		add_all(&s->documents, &argv) < 0 || add_traces(s, !curves, &argv) < 0 ||
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
	/* -x.html is the value of an option here, and would be one where its tables are read */
	snprintf(s->stem, sizeof(s->stem), "%s%.*s", *s->o->output == '-' ? "./" : "", (int)n,
		s->o->output);
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
	erg_terminal_line(stderr, "%zu run%s, %zu %s: %s", s->documents.n,
		s->documents.n == 1 ? "" : "s", s->results.n,
		s->results.n == 1 ? "analysis" : "analyses", s->o->output);
	return s->failed ? 1 : 0;
}

static int study_verb(int argc, char **argv, struct erg_err *err)
{
	struct options o = {0};
	_cleanup_(study_release) struct study s = {.o = &o};
	int first, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	if (first + 1 != argc || !o.output)
		return erg_options_wrong(&command, "expected %s",
			o.output ? "one folder of erg-record sweep" : "-o report.html");
	r = erg_verb_output(&command, o.output, argv + first, 1, err);
	return r ? r : study(&s, argv[first], err);
}

const struct erg_verb erg_verb_study = {"study",
	"all that a plan's analysis: asks for, as one page", study_verb};
