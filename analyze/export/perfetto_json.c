/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Trace Event Format, as Perfetto's trace processor takes it. Written as a stream, since a run has
 * millions of slices; strings go through jansson, so that no name can break the JSON.
 *
 * What it would drop without a word is never written: times before zero (zero is the first event of
 * all, not the command's begin), slices that overlap without nesting (they get a row of their own),
 * ids that a process may have for what is none.
 *
 * Reference: src/trace_processor/importers/json and importers/common/slice_tracker.cc of Perfetto.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/export/export.h"
#include "analyze/export/perfetto.h"
#include "analyze/timeline/nesting.h"
#include "analyze/timeline/rail.h"
#include "formats/base/memory.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define PID_MAX (1u << 22)         /* of Linux: ids from here on are no process's */
#define MACHINE_PID (PID_MAX + 1u) /* the recorder's own tracks: rails, temperatures, frequencies */
#define TRACKS_PID (PID_MAX + 2u)  /* tracks of no process */
#define TOLD 4096u                 /* events between two words on progress */

/* A row of slices that nest or follow each other. */
struct lane {
	unsigned int pid, tid;
	uint64_t ends[ERG_NESTING_MAX]; /* of the open slices, outermost first */
	size_t n;
	struct lane *next; /* another row of the same track */
};

struct stream {
	FILE *out;
	const struct erg_timeline *tl;
	uint64_t zero;      /* ns: the first event */
	char **names;       /* layers' names as JSON */
	struct lane *lanes; /* one a track, then one for the phases */
	unsigned int next_tid;
	bool any;
};

/* Microseconds. A double of them times 1000 may lie just below the nanosecond that was meant, and
 * readers cut or round it: a fifth of a nanosecond more makes both right. */
static void put_us(FILE *out, const char *key, uint64_t ns)
{
	fprintf(out, ",\"%s\":%" PRIu64 ".%03u2", key, ns / 1000, (unsigned int)(ns % 1000));
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

	if (!r)
		erg_memory_note();
	return r ? r : strdup("\"?\"");
}

static void meta(struct stream *s, const char *what, unsigned int pid, unsigned int tid,
	const char *name)
{
	_cleanup_(erg_freep) char *text = quoted(name);

	event(s);
	fprintf(s->out,
		"{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":%s}}", what,
		pid, tid, text ? text : "\"?\"");
}

static unsigned int track_pid(const struct erg_tl_track *t)
{
	return t->pid ? t->pid : TRACKS_PID;
}

static void put_tracks(struct stream *s)
{
	meta(s, "process_name", MACHINE_PID, 0, "machine");
	for (size_t i = 0; i < s->tl->n_tracks; i++) {
		const struct erg_tl_track *t = &s->tl->tracks[i];
		char name[128];

		erg_perfetto_process(s->tl, t->pid, name, sizeof(name));
		s->lanes[i].pid = track_pid(t);
		s->lanes[i].tid = t->tid ? t->tid : s->next_tid++;
		meta(s, "process_name", s->lanes[i].pid, 0, name);
		meta(s, "thread_name", s->lanes[i].pid, s->lanes[i].tid, t->name);
	}
	s->lanes[s->tl->n_tracks].pid = MACHINE_PID;
	s->lanes[s->tl->n_tracks].tid = s->next_tid++;
	meta(s, "thread_name", MACHINE_PID, s->lanes[s->tl->n_tracks].tid, "phases");
}

static bool lane_takes(struct lane *l, uint64_t begin, uint64_t end)
{
	while (l->n && l->ends[l->n - 1] <= begin)
		l->n--;
	if (l->n == ERG_NESTING_MAX || (l->n && end > l->ends[l->n - 1]))
		return false;
	l->ends[l->n++] = end;
	return true;
}

/* The row of track I for a slice; slices come in the order of their begin. NULL: no memory. */
static const struct lane *lane_for(struct stream *s, size_t i, uint64_t begin, uint64_t end)
{
	const char *track = i < s->tl->n_tracks ? s->tl->tracks[i].name : "phases";
	struct lane *l = &s->lanes[i];

	while (!lane_takes(l, begin, end)) {
		char name[128];

		if (!l->next) {
			l->next = erg_noted(calloc(1, sizeof(*l)));
			if (!l->next)
				return NULL;
			l->next->pid = l->pid;
			l->next->tid = s->next_tid++;
			snprintf(name, sizeof(name), "%.100s (overlapping)", track);
			meta(s, "thread_name", l->next->pid, l->next->tid, name);
		}
		l = l->next;
	}
	return l;
}

/* Opens a slice of track I, for the caller to close with "}". NAME is JSON. */
static bool put_slice(struct stream *s, size_t i, const char *cat, const char *name, uint64_t begin,
	uint64_t end)
{
	const struct lane *l = lane_for(s, i, begin, end);

	if (!l)
		return false;
	event(s);
	fprintf(s->out, "{\"ph\":\"X\",\"cat\":\"%s\",\"name\":%s,\"pid\":%u,\"tid\":%u", cat, name,
		l->pid, l->tid);
	put_us(s->out, "ts", begin - s->zero);
	put_us(s->out, "dur", end - begin);
	return true;
}

static bool put_layers(struct stream *s)
{
	const struct erg_tl_intervals *iv = &s->tl->iv;

	for (size_t i = 0; i < iv->n; i++) {
		if (!put_slice(s, iv->track[i], "layer", s->names[iv->layer[i]],
			    erg_tl_begin(iv, i), erg_tl_end(iv, i)))
			return false;
		fprintf(s->out, ",\"args\":{\"iteration\":%u}}", iv->iteration[i]);
		if (i % TOLD == 0)
			erg_progress("layers", i, iv->n);
	}
	erg_progress("layers", 1, 1);
	return true;
}

static bool put_phases(struct stream *s)
{
	size_t n = s->tl->n_phases;
	_cleanup_(erg_freep) const struct erg_tl_phase **sorted = erg_perfetto_phases(s->tl);

	for (size_t i = 0; sorted && i < n; i++) {
		_cleanup_(erg_freep) char *name = quoted(sorted[i]->name);

		if (!put_slice(s, s->tl->n_tracks, "phase", name ? name : "\"?\"", sorted[i]->begin,
			    sorted[i]->end))
			return false;
		fputc('}', s->out);
	}
	return sorted;
}

static void put_markers(struct stream *s)
{
	for (size_t i = 0; i < s->tl->n_markers; i++) {
		_cleanup_(erg_freep) char *name = quoted(s->tl->markers[i].text);

		event(s);
		fprintf(s->out,
			"{\"ph\":\"i\",\"cat\":\"marker\",\"name\":%s,\"pid\":%u,\"tid\":%u,\"s\":\"g\"",
			name ? name : "\"?\"", MACHINE_PID, s->lanes[s->tl->n_tracks].tid);
		put_us(s->out, "ts", s->tl->markers[i].t - s->zero);
		fputc('}', s->out);
	}
}

static void put_counter(struct stream *s, const char *name, const char *unit, uint64_t t, double v)
{
	if (!isfinite(v))
		return; /* nobody knows */
	event(s);
	fprintf(s->out, "{\"ph\":\"C\",\"name\":%s,\"pid\":%u", name, MACHINE_PID);
	put_us(s->out, "ts", t - s->zero);
	fprintf(s->out, ",\"args\":{\"%s\":%.9g}}", unit, v);
}

static void put_rail(struct stream *s, const struct erg_rail *r)
{
	char title[96];
	_cleanup_(erg_freep) char *name = NULL;

	snprintf(title, sizeof(title), "%.63s%s", r->name, r->simulated ? " (simulated)" : "");
	name = quoted(title);
	for (size_t i = 0; name && i < r->n; i++) {
		put_counter(s, name, "W", r->t[i], erg_rail_power(r, i));
		if (i % TOLD == 0)
			erg_progress("rails", i, r->n);
	}
}

static void put_channel(struct stream *s, const struct erg_tl_channel *c, const char *unit)
{
	_cleanup_(erg_freep) char *name = quoted(c->def.rail);

	for (size_t i = 0; name && i < c->n; i++)
		put_counter(s, name, unit, c->t[i], erg_channel_si(&c->def, c->raw[i]));
}

static void put_curves(struct stream *s)
{
	for (size_t i = 0; i < s->tl->n_rails; i++)
		put_rail(s, &s->tl->rails[i]);
	for (size_t i = 0; i < s->tl->n_channels; i++) {
		enum erg_quantity q = s->tl->channels[i].def.quantity;

		if (q == ERG_Q_TEMPERATURE)
			put_channel(s, &s->tl->channels[i], "degC");
		else if (q == ERG_Q_FREQUENCY)
			put_channel(s, &s->tl->channels[i], "Hz");
	}
}

static void stream_release(struct stream *s)
{
	for (size_t i = 0; s->names && i < s->tl->n_layers; i++)
		free(s->names[i]);
	free(s->names);
	for (size_t i = 0; s->lanes && i <= s->tl->n_tracks; i++)
		for (struct lane *l = s->lanes[i].next, *next; l; l = next) {
			next = l->next;
			free(l);
		}
	free(s->lanes);
}

int erg_export_perfetto_json(const struct erg_timeline *tl, FILE *out, struct erg_err *err)
{
	_cleanup_(stream_release) struct stream s = {.out = out,
		.tl = tl,
		.zero = erg_perfetto_zero(tl),
		.names = erg_noted(calloc(tl->n_layers + 1, sizeof(*s.names))),
		.lanes = erg_noted(calloc(tl->n_tracks + 1, sizeof(*s.lanes))),
		.next_tid = PID_MAX + 16};
	bool ok = s.names && s.lanes;

	for (size_t i = 0; ok && i < tl->n_layers; i++) {
		s.names[i] = quoted(tl->layers[i].name);
		ok = s.names[i];
	}
	if (!ok)
		return erg_fail(err, -ENOMEM, "out of memory");
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
	put_tracks(&s);
	if (!put_layers(&s) || !put_phases(&s))
		return erg_fail(err, -ENOMEM, "out of memory");
	put_markers(&s);
	put_curves(&s);
	fputs("\n]}\n", out);
	return 0;
}
