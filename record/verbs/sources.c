/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `erg-record sources`: what this machine can measure, what it costs, and what is missing and why.
 *
 * The verb makes one JSON document and prints it, or a text made from it. Nothing here is needed to
 * record; everything here answers "why is my rail not in the archive?".
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "formats/base/memory.h"
#include "formats/base/options.h"
#include "formats/base/pager.h"
#include "formats/base/util.h"
#include "formats/manifest.h"
#include "record/sources/attr.h"
#include "record/sources/calibration.h"
#include "record/sources/source.h"
#include "record/sources/measure.h"
#include "record/sources/text.h"
#include "record/verbs/verb.h"

struct options {
	const char *list, *sysfs;
	unsigned int reads;
	double seconds;
	const char *format;
};

#define SECONDS 1 /* where --seconds says nothing */

static const char *const formats[] = {"text", "json", NULL};

static int take_sysfs(void *into, const char *arg, struct erg_err *err)
{
	((struct options *)into)->sysfs = arg;
	return access(arg, X_OK) ? erg_fail(err, -EINVAL, "a directory") : 0;
}

#define AT(field) offsetof(struct options, field)

static const struct erg_option rows[] = {
	{"source", 's', "LIST",
		"kinds to look for, default auto; KIND:ARG keeps what has that rail, chip "
		"or path",
		ERG_OPTION_TEXT, AT(list)},
	{"sysfs", 0, "DIR", "look in DIR instead of /sys", ERG_OPTION_CALL, .take = take_sysfs},
	{"reads", 0, "N", "readings that are timed, default 200; 0 measures nothing",
		ERG_OPTION_UNSIGNED, AT(reads), 0, 1000000},
	{"seconds", 0, "S", "how long updates are counted, default 1", ERG_OPTION_NUMBER,
		AT(seconds), 0, 3600},
	{"format", 0, "FORMAT", "text or json (text)", ERG_OPTION_CHOICE, AT(format),
		.choices = formats},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, rows, 0, false}, {0}};

/* Below the options: the kinds that this program knows. */
static const char *kinds(char *buf, size_t size)
{
	size_t len = (size_t)snprintf(buf, size, "Kinds:");

	for (const struct erg_source_ops *const *d = erg_source_drivers; *d && len < size; d++)
		len += (size_t)snprintf(buf + len, size - len, "\n  %-10s %s", (*d)->kind,
			(*d)->about);
	return buf;
}

/* 0: go on; 1: help was printed; 2: wrong usage. */
static int parse_options(int argc, char **argv, struct options *o)
{
	char ending[4096];
	const struct erg_command command = {
		.program = "erg-record",
		.verb = "sources",
		.synopsis = "[options]",
		.about =
			"Which sensors are here, their rails and units, how often they change, what a "
			"reading costs; and for what is missing the reason and the mend.",
		.groups = groups,
		.ending = kinds(ending, sizeof(ending)),
	};
	struct erg_err err = {0};
	int first, r = erg_options_parse(&command, argc, argv, o, &first);

	if (!r && first < argc)
		return erg_options_wrong(&command, "'%s': expected options only", argv[first]);
	if (!r && !o->reads && o->seconds >= 0)
		return erg_options_wrong(&command,
			"--seconds: of no use with --reads 0, which measures nothing");
	if (!r && o->seconds < 0)
		o->seconds = SECONDS;
	if (!r && erg_sources_check(o->list, &err) < 0)
		return erg_options_wrong(&command, "%s", err.msg);
	return r;
}

/* ---- the document ---- */

static json_t *count_json(uint64_t v)
{
	return json_integer((json_int_t)v);
}

/* As in a manifest, with the last value. */
static json_t *channel_json(const struct erg_channel_def *d, int64_t raw)
{
	json_t *j = erg_manifest_channel(d);

	json_object_set_new(j, "value",
		raw == ERG_VALUE_NONE ? json_null() : json_real(erg_channel_si(d, raw)));
	return j;
}

static json_t *cost_json(const struct erg_source_cost *c)
{
	double seconds = (double)c->watched_ns * 1e-9;
	json_t *j = json_pack("{s:i, s:i, s:o, s:o, s:o}", "reads", (int)c->reads, "errors",
		(int)c->errors, "p50_ns", count_json(c->p50_ns), "p99_ns", count_json(c->p99_ns),
		"distinct_per_s", seconds > 0 ? json_real(c->changes / seconds) : json_null());

	/* Fewer changes than this are a steady signal, not a period. */
	json_object_set_new(j, "native_period_s",
		c->changes >= 5 ? json_real(seconds / c->changes) : json_null());
	json_object_set_new(j, "last_error",
		c->last_error ? json_string(strerror(-c->last_error)) : json_null());
	return j;
}

static json_t *source_json(const struct erg_source *s, const struct erg_source_cost *c)
{
	json_t *channels = json_array(), *j;

	for (size_t i = 0; i < s->n_channels; i++)
		json_array_append_new(channels,
			channel_json(&s->channels[i], c ? c->last[i] : ERG_VALUE_NONE));
	j = json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "kind", s->ops->kind, "path",
		s->path, "device", s->device, "class", erg_source_class_name(s->cls), "simulated",
		s->simulated, "interval_ns", count_json(s->interval_ns), "model",
		erg_manifest_model(&s->model), "channels", channels);
	json_object_set_new(j, "read", c ? cost_json(c) : json_null());
	if (s->settings)
		json_object_set(j, "settings", s->settings);
	return j;
}

static json_t *document(const struct erg_source_list *l, const struct erg_source_cost *costs,
	json_t *calibrations)
{
	json_t *sources = json_array(), *missing = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(sources,
			source_json(l->sources[i], costs ? &costs[i] : NULL));
	for (size_t i = 0; i < l->n_notes; i++)
		json_array_append_new(missing,
			json_pack("{s:s, s:s, s:s, s:s}", "kind", l->notes[i].kind, "path",
				l->notes[i].path, "reason", l->notes[i].reason, "mend",
				l->notes[i].mend));
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[], s:o, s:o, s:O}", "schema", "ergtrace/1",
		"tool", "name", "erg-record", "version", ERG_VERSION, "verb", "sources", "warnings",
		"sources", sources, "missing", missing, "calibrations", calibrations);
}

/* ---- the verb ---- */

static int print_text(json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&text, &len);
	int r;

	if (!mem)
		return erg_fail(err, -ENOMEM, "sources: out of memory");
	erg_sources_print_text(doc, mem);
	r = fclose(mem) ? -ENOMEM : erg_pager_print(text, len);
	return r < 0 ? erg_fail_errno(err, r, "standard output") : 0;
}

static int emit_document(const struct options *o, json_t *doc, struct erg_err *err)
{
	if (!doc || erg_memory_starved())
		return erg_fail(err, -ENOMEM, "sources: out of memory");
	if (strcmp(o->format, "json"))
		return print_text(doc, err);
	if (json_dumpf(doc, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF)
		return erg_fail(err, -EIO, "standard output: cannot be written");
	if (fflush(stdout))
		return erg_fail_errno(err, -errno, "standard output");
	return 0;
}

/* Until it is started a source does not say which settings its sensor has. */
#define NOT_APPLIED                                                                                \
	"nothing was measured (--reads 0): calibrations are listed, and not applied to what is shown"

/* The document has them, and what they made of the models. */
static void say_nothing(void *data, const char *line)
{
}

static int sources_run(int argc, char **argv, struct erg_err *err)
{
	struct options o = {.list = "auto",
		.sysfs = "/sys",
		.reads = 200,
		.seconds = -1,
		.format = "text"};
	_cleanup_(erg_source_list_release) struct erg_source_list list = {0};
	_cleanup_(erg_freep) struct erg_source_cost *costs = NULL;
	struct erg_source_config cfg = {.proc = "/proc", .interval_ns = 1000000};
	json_auto_t *calibrations = NULL;
	json_t *doc;
	int r = parse_options(argc, argv, &o);

	if (r)
		return r == 1 ? 0 : r;
	cfg.sysfs = o.sysfs;
	cfg.simulated = erg_attr_exists("%s/simulated", o.sysfs);
	r = erg_sources_find(o.list, &cfg, &list, err);
	if (r < 0)
		return r;
	if (o.reads) {
		costs = calloc(list.n ? list.n : 1, sizeof(*costs));
		if (!costs)
			return erg_fail(err, -ENOMEM, "sources: out of memory");
		r = erg_sources_measure(&list, o.reads, (uint64_t)(o.seconds * 1e9), costs, err);
		if (r < 0)
			return r;
	}
	r = erg_calibrations_load(&calibrations, err);
	if (r < 0)
		return r;
	if (o.reads)
		erg_calibrations_apply(&list, calibrations, NULL, say_nothing, NULL);
	doc = document(&list, costs, calibrations);
	if (!o.reads && json_array_size(calibrations))
		json_array_append_new(json_object_get(doc, "warnings"), json_string(NOT_APPLIED));
	r = emit_document(&o, doc, err);
	json_decref(doc);
	return r;
}

const struct erg_verb erg_record_verb_sources = {
	.name = "sources",
	.about = "what this machine can measure, what it costs, and what is missing and why",
	.run = sources_run,
};
