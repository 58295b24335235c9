/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * info: what an archive is, before any figure of it is believed: who recorded what, where and when;
 * which rails, read how often, through which sensor model and how well that is known; what was lost;
 * what the recording itself cost.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/result/estimate.h"
#include "analyze/account/account.h"
#include "analyze/account/overhead.h"
#include "analyze/timeline/rail_sum.h"
#include "analyze/render/info.h"
#include "analyze/verbs/info_documents.h"
#include "analyze/verbs/verb.h"
#include "formats/base/progress.h"

#define DECODE_MAX ((uint64_t)16 << 20) /* bytes of chunks: some seconds on a small machine */

struct options {
	struct erg_common common;
	bool decode;
};

static const struct erg_option own[] = {
	{"decode", 0, NULL,
		"count what is in the chunks of a large archive, too (default: of 16 MiB at most)",
		ERG_OPTION_FLAG, offsetof(struct options, decode)},
	{0},
};
static const struct erg_option_group groups[] = {{NULL, own, 0, false},
	{NULL, erg_rows_info, offsetof(struct options, common), false}, {0}};
static const struct erg_command command = {
	.program = "erg-analyze",
	.verb = "info",
	.synopsis = "[options] [FILE...]",
	.about =
		"Who recorded what, where and when; rails, rates, losses, and what recording cost. " ERG_NEWEST_HELP,
	.groups = groups,
};

static double seconds(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) * 1e-9 : 0;
}

/* Seconds since the run's begin; negative before it. */
static json_t *since(const struct erg_timeline *tl, uint64_t t)
{
	return erg_num_json((double)((int64_t)(t - tl->begin)) * 1e-9);
}

/* Parts of the manifest and the summary that speak for themselves. */
static void copy_documents(const struct erg_timeline *tl, json_t *file)
{
	static const char *const from_manifest[] = {"run_id", "origin", "created_utc", "generator",
		"command", "cwd", "executable", "machine", "network", "knobs", "tags", "options",
		"counters"};
	static const char *const from_summary[] = {"complete", "reason", "exit_status", "signal",
		"sampler", "throttling", "lost"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(from_manifest); i++) {
		json_t *v = json_object_get(tl->manifest, from_manifest[i]);

		if (v)
			json_object_set(file, from_manifest[i], v);
	}
	for (size_t i = 0; tl->summary && i < ERG_ARRAY_SIZE(from_summary); i++) {
		json_t *v = json_object_get(tl->summary, from_summary[i]);

		if (v)
			json_object_set(file, from_summary[i], v);
	}
}

static json_t *sensor(const struct erg_tl_source *s)
{
	const struct erg_sensor_model *m = &s->model;

	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "kind",
		erg_sensor_kind_name(m->kind), "provenance", erg_provenance_name(m->provenance),
		"window_s", erg_num_json((double)m->window_ns * 1e-9), "period_s",
		erg_num_json((double)m->period_ns * 1e-9), "lag_s",
		erg_num_json((double)m->lag_ns * 1e-9), "lag_u_s",
		erg_num_json((double)m->lag_u_ns * 1e-9), "alpha", erg_num_json(m->alpha));
}

static json_t *channel(const struct erg_timeline *tl, const struct erg_tl_channel *c)
{
	const struct erg_tl_source *s = &tl->sources[c->source];
	double span = c->n > 1 ? seconds(c->t[0], c->t[c->n - 1]) : 0, half = 0;

	for (size_t i = 0; i < c->n; i++)
		half += c->half[i];
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:o, s:o, s:o, s:o, s:o}",
		"rail", c->def.rail, "parent", c->def.parent, "quantity",
		erg_quantity_name(c->def.quantity), "unit", c->def.unit, "source", s->kind, "path",
		s->path, "simulated", s->simulated, "readings", (json_int_t)c->n, "failed",
		(json_int_t)s->failed, "rate_hz",
		span > 0 ? erg_num_json((double)(c->n - 1) / span) : json_null(), "asked_hz",
		s->interval_ns ? erg_num_json(1e9 / (double)s->interval_ns) : json_null(), "read_s",
		c->n ? erg_num_json(2 * half / (double)c->n * 1e-9) : json_null(), "lsb",
		erg_num_json(c->def.lsb * c->def.scale), "sensor", sensor(s));
}

static json_t *channels(const struct erg_timeline *tl)
{
	json_t *out = json_array();

	for (size_t i = 0; i < tl->n_channels; i++)
		json_array_append_new(out, channel(tl, &tl->channels[i]));
	return out;
}

static json_t *rails_json(const struct erg_timeline *tl)
{
	json_t *out = json_array();

	for (size_t i = 0; i < tl->n_rails; i++) {
		const struct erg_rail *rail = &tl->rails[i];

		json_array_append_new(out,
			json_pack("{s:s, s:s, s:b, s:s, s:o}", "rail", rail->name, "parent",
				rail->parent, "simulated", rail->simulated, "from",
				rail->counter ? "energy" : "power", "mean_w",
				erg_num_json(erg_rail_mean_w(rail))));
	}
	return out;
}

/* The rails, and what needs one: the recorder's share of its energy. */
static int add_rails(const struct erg_timeline *tl, const char *name, json_t *file,
	struct erg_err *err)
{
	_cleanup_(erg_rail_release) struct erg_rail sum = {0};
	const struct erg_rail *chosen = NULL;
	int r = erg_rail_pick(tl, name, &sum, &chosen, tl->n_rails ? err : NULL);

	if (r < 0)
		chosen = NULL;
	json_object_set_new(file, "rail", chosen ? json_string(chosen->name) : json_null());
	json_object_set_new(file, "rails", rails_json(tl));
	json_object_set_new(file, "recorder", erg_overhead_result(tl, chosen));
	return r == -ENODATA ? 0 : r;
}

static json_t *networks(const struct erg_timeline *tl)
{
	json_t *out = json_array(), *seen = json_object();

	for (size_t i = 0; i < tl->n_layers; i++) {
		const char *name = tl->layers[i].network;

		if (!*name || json_object_get(seen, name))
			continue;
		json_object_set_new(seen, name, json_true());
		json_array_append_new(out, json_string(name));
	}
	json_decref(seen);
	return out;
}

/* How many processes have tracks of their own; pid 0 is a device's track. */
static size_t processes(const struct erg_timeline *tl)
{
	json_auto_t *seen = json_object();
	char pid[16];

	for (size_t i = 0; i < tl->n_tracks; i++) {
		snprintf(pid, sizeof(pid), "%u", tl->tracks[i].pid);
		if (tl->tracks[i].pid)
			json_object_set_new(seen, pid, json_true());
	}
	return json_object_size(seen);
}

static void add_layers(const struct erg_timeline *tl, json_t *file)
{
	json_t *counters = json_array(), *tracks = json_array();

	for (size_t i = 0; i < tl->n_counters; i++)
		json_array_append_new(counters, json_string(tl->counters[i].name));
	for (size_t i = 0; i < tl->n_tracks; i++) {
		const struct erg_tl_track *t = &tl->tracks[i];

		json_array_append_new(tracks,
			json_pack("{s:s, s:I, s:I, s:b}", "name", t->name, "pid",
				(json_int_t)t->pid, "tid", (json_int_t)t->tid, "device",
				erg_tl_track_is(t, true)));
	}
	json_object_set_new(file, "networks", networks(tl));
	json_object_set_new(file, "layers", json_integer((json_int_t)tl->n_layers));
	json_object_set_new(file, "layer_events", json_integer((json_int_t)tl->iv.n));
	json_object_set_new(file, "tracks", tracks);
	json_object_set_new(file, "processes", json_integer((json_int_t)processes(tl)));
	json_object_set_new(file, "layer_counters", counters);
	json_object_set_new(file, "markers", json_integer((json_int_t)tl->n_markers));
}

static void add_phases(const struct erg_timeline *tl, json_t *file)
{
	json_t *out = json_array();

	for (size_t i = 0; i < tl->n_phases; i++) {
		const struct erg_tl_phase *p = &tl->phases[i];

		json_array_append_new(out,
			json_pack("{s:s, s:o, s:o, s:o, s:b}", "name", p->name, "begin_s",
				since(tl, p->begin), "end_s", since(tl, p->end), "time_s",
				erg_num_json(seconds(p->begin, p->end)), "open", p->open));
	}
	json_object_set_new(file, "phases", out);
}

static void add_losses(const struct erg_timeline *tl, json_t *file)
{
	uint64_t events = 0, samples = 0;
	json_t *out = json_array();

	for (size_t i = 0; i < tl->n_losses; i++) {
		const struct erg_tl_loss *l = &tl->losses[i];

		*(l->samples ? &samples : &events) += l->events;
		json_array_append_new(out,
			json_pack("{s:s, s:b, s:I, s:o, s:o}", "what", l->what, "samples",
				l->samples, "events", (json_int_t)l->events, "begin_s",
				since(tl, l->begin), "end_s", since(tl, l->end)));
	}
	json_object_set_new(file, "lost_events", json_integer((json_int_t)events));
	json_object_set_new(file, "lost_samples", json_integer((json_int_t)samples));
	json_object_set_new(file, "losses", out);
}

/* The recorder on itself: its last status. */
static void add_overhead(const struct erg_timeline *tl, json_t *file)
{
	const struct erg_tl_status *s = tl->n_statuses ? &tl->statuses[tl->n_statuses - 1] : NULL;
	double span;

	if (!s)
		return;
	span = seconds(tl->statuses[0].t, s->t);
	if (seconds(tl->begin, tl->end) > span)
		span = seconds(tl->begin, tl->end);
	json_object_set_new(file, "overhead",
		json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:s}", "deadlines",
			(json_int_t)s->deadlines, "missed", (json_int_t)s->missed, "late_p50_s",
			erg_num_json((double)s->late_p50_ns * 1e-9), "late_p99_s",
			erg_num_json((double)s->late_p99_ns * 1e-9), "late_max_s",
			erg_num_json((double)s->late_max_ns * 1e-9), "cpu_s",
			erg_num_json((double)s->cpu_ns * 1e-9), "cpu_share",
			span > 0 ? erg_num_json((double)s->cpu_ns * 1e-9 / span) : json_null(),
			"errors", (json_int_t)s->errors, "detail", s->detail));
}

static int describe_archive(const struct erg_timeline *tl, const char *rail, json_t *files,
	struct erg_err *err)
{
	json_t *file = json_pack("{s:s, s:o}", "archive", tl->archive, "time_s",
		erg_num_json(seconds(tl->begin, tl->end)));
	bool simulated = false;
	int r;

	json_array_append_new(files, file);
	for (size_t i = 0; i < tl->n_sources; i++)
		simulated |= tl->sources[i].simulated;
	if (tl->undecoded)
		simulated = json_is_true(json_object_get(tl->manifest, "simulated"));
	json_object_set_new(file, "simulated", json_boolean(simulated));
	json_object_set_new(file, "decoded", json_boolean(!tl->undecoded));
	copy_documents(tl, file);
	r = tl->undecoded ? erg_info_documents(tl, rail, file, err)
			  : add_rails(tl, rail, file, err);
	if (r < 0)
		return erg_wrap(err, r, "%s", tl->archive);
	if (tl->undecoded)
		return 0;
	json_object_set_new(file, "channels", channels(tl));
	add_layers(tl, file);
	add_phases(tl, file);
	add_losses(tl, file);
	add_overhead(tl, file);
	return 0;
}

static int info(int n, char *const *paths, const struct options *o, struct erg_err *err)
{
	static const struct erg_renderer renderer = {erg_info_text, erg_info_csv};
	_cleanup_(erg_json_decrefp) json_t *doc = erg_document_new("info");
	const struct erg_common *common = &o->common;
	struct erg_reader_options reader = common->reader;
	json_t *files = json_array();

	reader.documents_suffice = true;
	reader.decode_max = o->decode ? 0 : DECODE_MAX;
	if (!doc || json_object_set_new(doc, "files", files) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (int i = 0; i < n; i++) {
		_cleanup_(erg_timeline_freep) struct erg_timeline *tl = NULL;
		int r;

		erg_progress("archives", (uint64_t)i, (uint64_t)n);
		r = erg_timeline_read(paths[i], &reader, &tl, err);
		if (r >= 0)
			r = describe_archive(tl, common->rail, files, err);
		if (r < 0)
			return r;
		erg_document_warn_timeline(doc, tl);
	}
	erg_progress("archives", 1, 1);
	return erg_document_emit(doc, common->format, &renderer, common->strict, err);
}

static int info_verb(int argc, char **argv, struct erg_err *err)
{
	struct options o = {0};
	char *const *files;
	int first, n, r = erg_options_parse(&command, argc, argv, &o, &first);

	if (r)
		return r == 1 ? 0 : r;
	n = erg_verb_files(&command, argc - first, argv + first, &files);
	return n ? info(n, files, &o, err) : 2;
}

const struct erg_verb erg_verb_info = {"info",
	"who recorded what, where, when; rails, rates, losses, overhead", info_verb};
