/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the archive's documents say of an import: manifest.json, what was read and how; summary.json,
 * what it came to. The run's id is a hash of the inputs and options.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/sha256.h"
#include "formats/base/util.h"
#include "formats/manifest.h"
#include "record/import/job.h"

/* SHA256: of what the reader read; "" where it did not read the file itself. What came through a pipe
 * has no name of its own. */
static json_t *describe_input(const char *path, const char *sha256, size_t rows,
	struct erg_sha256 *all)
{
	char hex[ERG_SHA256_TEXT];
	struct stat st;

	snprintf(hex, sizeof(hex), "%s", sha256);
	if (!*hex && !erg_sha256_file(path, hex))
		return NULL;
	erg_sha256_add(all, hex, strlen(hex));
	return json_pack("{s:s, s:s, s:I}", "path",
		stat(path, &st) == 0 && S_ISREG(st.st_mode) ? erg_base_name(path) : "(pipe)",
		"sha256", hex, "rows", (json_int_t)rows);
}

/* The channels of one source as the manifest's element. */
static json_t *describe_source(const struct erg_import_log *log, uint32_t source, uint32_t id,
	const char *kind)
{
	_cleanup_(erg_freep) struct erg_channel_def *defs =
		calloc(log->n_channels + 1, sizeof(*defs));
	const struct erg_import_channel *first = NULL;
	size_t n = 0;
	json_t *j;

	for (size_t i = 0; defs && i < log->n_channels; i++) {
		if (log->channels[i].source != source)
			continue;
		first = first ? first : &log->channels[i];
		defs[n++] = log->channels[i].def;
	}
	if (!first)
		return NULL;
	j = erg_manifest_source(erg_import_kind(first, kind), log->path, erg_import_class(first),
		first->simulated, first->interval_ns, &first->model, defs, n);
	if (j)
		json_object_set_new(j, "id", json_integer((json_int_t)id));
	return j;
}

static json_t *describe_layers(const struct erg_import_job *j, struct erg_sha256 *all)
{
	json_t *layers = describe_input(j->o->layers, j->layers.sha256, j->layers.n_spans, all);

	if (layers)
		json_object_set_new(layers, "from", json_string(j->o->layers_from->name));
	return layers;
}

static json_t *describe_import(const struct erg_import_job *j, struct erg_sha256 *all)
{
	json_t *import = json_pack("{s:s, s:I, s:O, s:O}", "from", j->o->from->name, "origin_ns",
		(json_int_t)j->origin_ns, "stale", j->stale, "gaps", j->log.gaps);

	if (!import)
		return NULL;
	json_object_set_new(import, "samples",
		describe_input(j->o->samples, j->log.sha256, j->log.n, all));
	if (j->o->how.named)
		json_object_set(import, "columns", j->o->named_words);
	if (j->o->layers)
		json_object_set_new(import, "layers", describe_layers(j, all));
	return import;
}

/* What was added to a recording, and how its clock was joined. */
static json_t *describe_addition(const char *path, const char *sha256, size_t rows,
	const char *from, const struct erg_import_join *join, struct erg_sha256 *all)
{
	json_t *a = describe_input(path, sha256, rows, all);

	if (a)
		json_object_update_new(a,
			json_pack("{s:s, s:s, s:I, s:I}", "from", from, "clock", join->clock,
				"shift_ns", (json_int_t)join->shift_ns, "clock_u_ns",
				(json_int_t)llround(join->u_ns)));
	return a;
}

static void make_run_id(struct erg_import_job *j, struct erg_sha256 *all)
{
	_cleanup_(erg_freep) char *settings = json_dumps(j->o->sensors, JSON_COMPACT);
	_cleanup_(erg_freep) char *words = json_dumps(j->o->named_words, JSON_COMPACT);
	char hex[ERG_SHA256_TEXT], times[128];

	if (settings)
		erg_sha256_add(all, settings, strlen(settings));
	if (words && j->o->how.named)
		erg_sha256_add(all, words, strlen(words));
	snprintf(times, sizeof(times), "%.60s %lld %llu", j->o->how.zone ? j->o->how.zone : "",
		(long long)j->o->how.offset_ns, (unsigned long long)j->o->how.interval_ns);
	erg_sha256_add(all, times, strlen(times));
	if (j->o->how.point)
		erg_sha256_add(all, &j->o->how.point, 1);
	snprintf(j->run_id, 17, "%.16s", erg_sha256_end_text(all, hex));
	for (size_t i = 0; i < sizeof(j->uuid); i++)
		sscanf(hex + 16 + 2 * i, "%2hhx", &j->uuid[i]);
}

static bool is_simulated(const struct erg_import_log *log)
{
	bool simulated = false;

	for (size_t i = 0; i < log->n_channels; i++)
		simulated |= log->channels[i].simulated;
	return simulated;
}

static json_t *describe_new(struct erg_import_job *j)
{
	json_t *m = erg_manifest_new(ERG_MANIFEST_FORMAT, "erg-record"), *sources = json_array();
	struct erg_sha256 all;

	if (!m || !sources)
		return NULL;
	erg_sha256_init(&all);
	json_object_set_new(m, "origin", json_string("imported"));
	json_object_set_new(m, "simulated", json_boolean(is_simulated(&j->log)));
	json_object_set(m, "tags", j->o->tags);
	for (uint32_t i = 0; i < erg_import_sources(&j->log); i++)
		json_array_append_new(sources, describe_source(&j->log, i, i, j->kind));
	json_object_set_new(m, "sources", sources);
	json_object_set_new(m, "import", describe_import(j, &all));
	make_run_id(j, &all);
	json_object_set_new(m, "run_id", json_string(j->run_id));
	json_object_set(m, "warnings", j->notes);
	return m;
}

/* The recording's manifest; its run_id stays, since its processes bear it. */
static json_t *describe_onto(struct erg_import_job *j)
{
	json_t *sources = json_array(),
	       *entry = json_pack("{s:s, s:s, s:O, s:O*}", "archive", j->o->onto, "sha256",
		       j->onto.sha256, "stale", j->stale, "gaps", j->log.gaps);
	struct erg_sha256 all;

	erg_sha256_init(&all);
	erg_sha256_add(&all, j->onto.sha256, strlen(j->onto.sha256));
	for (uint32_t i = 0; i < erg_import_sources(&j->log); i++)
		json_array_append_new(sources,
			describe_source(&j->log, i, j->onto.sources + i, j->kind));
	if (j->o->samples)
		json_object_set_new(entry, "samples",
			describe_addition(j->o->samples, j->log.sha256, j->log.n, j->o->from->name,
				&j->samples_join, &all));
	if (j->o->how.named)
		json_object_set(entry, "columns", j->o->named_words);
	if (j->o->layers)
		json_object_set_new(entry, "layers",
			describe_addition(j->o->layers, j->layers.sha256, j->layers.n_spans,
				j->o->layers_from->name, &j->layers_join, &all));
	make_run_id(j, &all);
	snprintf(j->run_id, sizeof(j->run_id), "%s",
		json_string_value(json_object_get(j->onto.manifest, "run_id")));
	if (is_simulated(&j->log))
		json_object_set_new(j->onto.manifest, "simulated", json_true());
	return erg_import_onto_manifest(&j->onto, sources, entry, j->o->tags, j->notes);
}
/* Appends what the readings of each channel came to. */
static int put_figures(const struct erg_import_job *j, json_t *summary)
{
	json_t *sources = json_object_get(summary, "sources");
	json_auto_t *own = erg_import_figures(&j->log, j->kind, j->origin_ns, j->onto.sources);

	if (!own)
		return -ENOMEM;
	if (!json_array_size(own))
		return 0; /* layers alone */
	if (!json_is_array(sources))
		return json_object_set(summary, "sources", own);
	return json_array_extend(sources, own);
}

static json_t *summarize_new(const struct erg_import_job *j)
{
	json_t *s = erg_manifest_new(ERG_SUMMARY_FORMAT, "erg-record");
	const bool told = j->log.run_end > j->log.run_begin;

	if (s)
		json_object_update_new(s,
			json_pack("{s:s, s:b, s:I, s:I}", "run_id", j->run_id, "complete", 1,
				"begin_ns",
				(json_int_t)((told ? j->log.run_begin : erg_import_first_time(j)) -
					j->origin_ns),
				"end_ns",
				(json_int_t)((told ? j->log.run_end : erg_import_last_time(j)) -
					j->origin_ns)));
	return s;
}

json_t *erg_import_manifest(struct erg_import_job *j)
{
	return j->o->onto ? describe_onto(j) : describe_new(j);
}

json_t *erg_import_summary(const struct erg_import_job *j)
{
	json_t *summary = j->o->onto ? json_incref(j->onto.summary) : summarize_new(j);

	if (summary && put_figures(j, summary) < 0) {
		json_decref(summary);
		return NULL;
	}
	return summary;
}
