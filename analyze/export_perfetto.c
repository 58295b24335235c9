/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trace Event Format. Written as a stream, since a run has millions of slices; strings go through
 * jansson, so that no name can break the JSON.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/export.h"
#include "analyze/power.h"
#include "formats/util.h"

#define COUNTERS_PID 1u /* the recorder's own tracks: rails, temperatures, frequencies */

struct stream {
	FILE *out;
	const struct erg_timeline *tl;
	char **names; /* layers' names as JSON */
	bool any;
};

static double us(const struct stream *s, uint64_t t)
{
	return ((double)t - (double)s->tl->begin) * 1e-3;
}

static void event(struct stream *s)
{
	fputs(s->any ? ",\n" : "\n", s->out);
	s->any = true;
}

static char *quoted(const char *text)
{
	json_auto_t *j = json_string(text);
	char *r = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;

	return r ? r : strdup("\"?\"");
}

static void meta(struct stream *s, const char *what, unsigned int pid, unsigned int tid,
	const char *name)
{
	_cleanup_(erg_freep) char *text = quoted(name);

	event(s);
	fprintf(s->out,
		"{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":%s}}", what, pid,
		tid, text ? text : "\"?\"");
}

/* Device streams and imported tracks have no thread: they get tids of their own. */
static unsigned int track_pid(const struct erg_tl_track *t)
{
	return t->pid ? t->pid : 2;
}

static unsigned int track_tid(const struct erg_timeline *tl, size_t i)
{
	return tl->tracks[i].tid ? tl->tracks[i].tid : 1000000 + (unsigned int)i;
}

static void put_tracks(struct stream *s)
{
	meta(s, "process_name", COUNTERS_PID, 0, "machine");
	for (size_t i = 0; i < s->tl->n_tracks; i++) {
		const struct erg_tl_track *t = &s->tl->tracks[i];
		char name[64];

		snprintf(name, sizeof(name), t->pid ? "process %u" : "tracks", t->pid);
		meta(s, "process_name", track_pid(t), 0, name);
		meta(s, "thread_name", track_pid(t), track_tid(s->tl, i), t->name);
	}
}

static void put_layers(struct stream *s)
{
	const struct erg_tl_intervals *iv = &s->tl->iv;

	for (size_t i = 0; i < iv->n; i++) {
		uint32_t l = iv->layer[i];

		event(s);
		fprintf(s->out,
			"{\"ph\":\"X\",\"cat\":\"layer\",\"name\":%s,\"ts\":%.3f,\"dur\":%.3f,"
			"\"pid\":%u,\"tid\":%u,\"args\":{\"iteration\":%u}}",
			s->names[l], us(s, erg_tl_begin(iv, i)), (double)erg_tl_duration(iv, i) * 1e-3,
			track_pid(&s->tl->tracks[iv->track[i]]), track_tid(s->tl, iv->track[i]),
			iv->iteration[i]);
	}
}

static void put_phases(struct stream *s)
{
	for (size_t i = 0; i < s->tl->n_phases; i++) {
		const struct erg_tl_phase *p = &s->tl->phases[i];
		_cleanup_(erg_freep) char *name = quoted(p->name);

		event(s);
		fprintf(s->out,
			"{\"ph\":\"X\",\"cat\":\"phase\",\"name\":%s,\"ts\":%.3f,\"dur\":%.3f,"
			"\"pid\":%u,\"tid\":%u}",
			name ? name : "\"?\"", us(s, p->begin), (double)(p->end - p->begin) * 1e-3,
			COUNTERS_PID, 1u);
	}
	meta(s, "thread_name", COUNTERS_PID, 1, "phases");
	for (size_t i = 0; i < s->tl->n_markers; i++) {
		_cleanup_(erg_freep) char *name = quoted(s->tl->markers[i].text);

		event(s);
		fprintf(s->out,
			"{\"ph\":\"i\",\"cat\":\"marker\",\"name\":%s,\"ts\":%.3f,\"pid\":%u,\"tid\":1,"
			"\"s\":\"g\"}",
			name ? name : "\"?\"", us(s, s->tl->markers[i].t), COUNTERS_PID);
	}
}

static void put_counter(struct stream *s, const char *name, const char *unit, uint64_t t, double v)
{
	event(s);
	fprintf(s->out,
		"{\"ph\":\"C\",\"name\":%s,\"ts\":%.3f,\"pid\":%u,\"args\":{\"%s\":%.9g}}", name,
		us(s, t), COUNTERS_PID, unit, v);
}

static void put_rail(struct stream *s, const struct erg_rail *r)
{
	char title[96];
	_cleanup_(erg_freep) char *name = NULL;

	snprintf(title, sizeof(title), "%s%s", r->name, r->simulated ? " (simulated)" : "");
	name = quoted(title);
	for (size_t i = r->counter; name && i < r->n; i++) {
		double v = r->counter ? (r->v[i] - r->v[i - 1]) /
						((double)(r->t[i] - r->t[i - 1]) * 1e-9)
				      : r->v[i];

		put_counter(s, name, "W", r->t[i], v);
	}
}

static void put_channel(struct stream *s, const struct erg_tl_channel *c, const char *unit)
{
	_cleanup_(erg_freep) char *name = quoted(c->def.rail);

	for (size_t i = 0; name && i < c->n; i++)
		put_counter(s, name, unit, c->t[i], (double)c->raw[i] * c->def.scale);
}

static int put_curves(struct stream *s, struct erg_err *err)
{
	struct erg_rail *rails = NULL;
	size_t n = 0;
	int r = erg_rails_build(s->tl, &rails, &n, err);

	for (size_t i = 0; r >= 0 && i < n; i++)
		put_rail(s, &rails[i]);
	erg_rails_free(rails, n);
	for (size_t i = 0; i < s->tl->n_channels; i++) {
		enum erg_quantity q = s->tl->channels[i].def.quantity;

		if (q == ERG_Q_TEMPERATURE)
			put_channel(s, &s->tl->channels[i], "degC");
		else if (q == ERG_Q_FREQUENCY)
			put_channel(s, &s->tl->channels[i], "Hz");
	}
	return r;
}

int erg_export_perfetto(const struct erg_timeline *tl, FILE *out, struct erg_err *err)
{
	struct stream s = {.out = out, .tl = tl, .names = calloc(tl->n_layers + 1, sizeof(char *))};
	int r = s.names ? 0 : erg_fail(err, -ENOMEM, "out of memory");

	for (size_t i = 0; !r && i < tl->n_layers; i++) {
		s.names[i] = quoted(tl->layers[i].name);
		if (!s.names[i])
			r = erg_fail(err, -ENOMEM, "out of memory");
	}
	if (!r) {
		fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
		put_tracks(&s);
		put_layers(&s);
		put_phases(&s);
		r = put_curves(&s, err);
		fputs("\n]}\n", out);
	}
	for (size_t i = 0; s.names && i < tl->n_layers; i++)
		free(s.names[i]);
	free(s.names);
	return r < 0 ? r : 0;
}
