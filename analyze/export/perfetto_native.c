/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Perfetto's own format: packets of Protocol Buffers, in compressed bundles. Written as a stream: a slice is
 * its begin and its end, and what is kept is a stack of open slices a row, however many there are.
 *
 * A slice's end is written before the next begin of its row that is not before it, so packets of a row are in
 * the order of time, and ends before begins at the same one; rows may go ahead of each other, as the trace
 * processor sorts. Slices that overlap without nesting get a row of their own. Names stand once, and events
 * name them by number.
 *
 * Reference: protos/perfetto/trace/ of Perfetto, by whose names the fields are called here.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/export/deflate.h"
#include "analyze/export/export.h"
#include "analyze/export/perfetto.h"
#include "analyze/export/proto.h"
#include "analyze/timeline/nesting.h"
#include "analyze/timeline/rail.h"
#include "formats/base/memory.h"
#include "formats/base/progress.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

enum {
	TRACE_PACKET = 1,

	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED = 12,
	PACKET_FLAGS = 13,
	PACKET_COMPRESSED = 50,
	PACKET_DESCRIPTOR = 60,

	INTERNED_CATEGORY = 1,
	INTERNED_NAME = 2,
	INTERNED_ANNOTATION = 3,
	ENTRY_IID = 1,
	ENTRY_NAME = 2,

	DESCRIPTOR_UUID = 1,
	DESCRIPTOR_NAME = 2,
	DESCRIPTOR_PROCESS = 3,
	DESCRIPTOR_THREAD = 4,
	DESCRIPTOR_PARENT = 5,
	DESCRIPTOR_COUNTER = 8,
	PROCESS_PID = 1,
	PROCESS_NAME = 6,
	THREAD_PID = 1,
	THREAD_TID = 2,
	THREAD_NAME = 5,
	COUNTER_UNIT_NAME = 6,

	EVENT_CATEGORY_IID = 3,
	EVENT_ANNOTATION = 4,
	EVENT_TYPE = 9,
	EVENT_NAME_IID = 10,
	EVENT_TRACK = 11,
	EVENT_NAME = 23,
	EVENT_DOUBLE = 44,
	ANNOTATION_NAME_IID = 1,
	ANNOTATION_UINT = 3,
};

enum { TYPE_BEGIN = 1, TYPE_END, TYPE_INSTANT, TYPE_COUNTER };
enum { CATEGORY_LAYER = 1, CATEGORY_PHASE, CATEGORY_MARKER };
enum { STATE_CLEARED = 1, NEEDS_STATE = 2 };

#define SEQUENCE 1u
#define BUNDLE (256u << 10) /* bytes of packets before they are compressed */
#define TOLD 4096u          /* events between two words on progress */

/* A row of slices that nest or follow each other. */
struct row {
	uint64_t uuid, parent;
	uint64_t ends[ERG_NESTING_MAX]; /* of the open slices, outermost first */
	size_t n;
	const char *name;
	struct row *next; /* another row of the same track */
};

struct native {
	FILE *out;
	const struct erg_timeline *tl;
	uint64_t zero;
	struct row *rows; /* one a track, then one for the phases */
	uint64_t next_uuid;
	struct erg_proto packets, packet, event,
		inner; /* kept, since they are filled millions of times */
	struct erg_proto compressed;
	bool failed;
};

static void write_packets(struct native *s, const struct erg_proto *p)
{
	s->failed |= p->failed;
	fwrite(p->v, 1, p->n, s->out); /* what fails is told by the commit */
}

/* What is gathered goes out, as one packet of packets. */
static void flush(struct native *s)
{
	struct erg_proto *c = &s->compressed;

	if (!s->packets.n)
		return;
	c->n = s->packet.n = 0;
	if (erg_deflate(s->packets.v, s->packets.n, c)) {
		erg_proto_message(&s->packet, PACKET_COMPRESSED, c);
		s->packets.n = 0;
		erg_proto_message(&s->packets, TRACE_PACKET, &s->packet);
	}
	write_packets(s, &s->packets);
	s->packets.n = s->packet.n = 0;
}

static void put_packet(struct native *s)
{
	erg_proto_message(&s->packets, TRACE_PACKET, &s->packet);
	s->packet.n = 0;
	if (s->packets.n > BUNDLE)
		flush(s);
}

/* Strings of Protocol Buffers are UTF-8. */
static void put_text(struct erg_proto *p, unsigned int field, const char *text)
{
	_cleanup_(erg_freep) char *name = erg_noted(erg_utf8_copy(text));

	p->failed |= !name;
	erg_proto_text(p, field, name ? name : "?");
}

static void put_entry(struct native *s, unsigned int field, uint64_t iid, const char *name)
{
	s->inner.n = 0;
	erg_proto_uint(&s->inner, ENTRY_IID, iid);
	put_text(&s->inner, ENTRY_NAME, name);
	erg_proto_message(&s->event, field, &s->inner);
}

/* The first packet: all names that events name by number. */
static void put_names(struct native *s)
{
	s->event.n = 0;
	put_entry(s, INTERNED_CATEGORY, CATEGORY_LAYER, "layer");
	put_entry(s, INTERNED_CATEGORY, CATEGORY_PHASE, "phase");
	put_entry(s, INTERNED_CATEGORY, CATEGORY_MARKER, "marker");
	for (size_t i = 0; i < s->tl->n_layers; i++)
		put_entry(s, INTERNED_NAME, i + 1, s->tl->layers[i].name);
	put_entry(s, INTERNED_ANNOTATION, 1, "iteration");
	erg_proto_uint(&s->packet, PACKET_SEQUENCE, SEQUENCE);
	erg_proto_uint(&s->packet, PACKET_FLAGS, STATE_CLEARED);
	erg_proto_message(&s->packet, PACKET_INTERNED, &s->event);
	put_packet(s);
}

/* Begins a descriptor in s->event; end_descriptor() ends it. Returns its uuid. */
static uint64_t descriptor(struct native *s, uint64_t parent, const char *name)
{
	uint64_t uuid = ++s->next_uuid;

	s->event.n = 0;
	erg_proto_uint(&s->event, DESCRIPTOR_UUID, uuid);
	if (parent)
		erg_proto_uint(&s->event, DESCRIPTOR_PARENT, parent);
	if (name)
		put_text(&s->event, DESCRIPTOR_NAME, name);
	return uuid;
}

static void end_descriptor(struct native *s)
{
	erg_proto_message(&s->packet, PACKET_DESCRIPTOR, &s->event);
	erg_proto_uint(&s->packet, PACKET_SEQUENCE, SEQUENCE);
	put_packet(s);
}

static uint64_t put_process(struct native *s, uint32_t pid)
{
	char name[128];
	uint64_t uuid = descriptor(s, 0, pid ? NULL : "tracks");

	if (pid) {
		erg_perfetto_process(s->tl, pid, name, sizeof(name));
		s->inner.n = 0;
		erg_proto_uint(&s->inner, PROCESS_PID, pid);
		put_text(&s->inner, PROCESS_NAME, name);
		erg_proto_message(&s->event, DESCRIPTOR_PROCESS, &s->inner);
	}
	end_descriptor(s);
	return uuid;
}

static uint64_t put_track(struct native *s, const struct erg_tl_track *t, uint64_t parent)
{
	const bool thread = t->pid && t->tid;
	uint64_t uuid = descriptor(s, parent, thread ? NULL : t->name);

	if (thread) {
		s->inner.n = 0;
		erg_proto_uint(&s->inner, THREAD_PID, t->pid);
		erg_proto_uint(&s->inner, THREAD_TID, t->tid);
		put_text(&s->inner, THREAD_NAME, t->name);
		erg_proto_message(&s->event, DESCRIPTOR_THREAD, &s->inner);
	}
	end_descriptor(s);
	return uuid;
}

static void put_tracks(struct native *s, uint64_t machine)
{
	const struct erg_timeline *tl = s->tl;

	for (size_t i = 0; i < tl->n_tracks; i++) {
		struct row *row = &s->rows[i];

		for (size_t k = 0; k < i && !row->parent; k++)
			if (tl->tracks[k].pid == tl->tracks[i].pid)
				row->parent = s->rows[k].parent;
		if (!row->parent)
			row->parent = put_process(s, tl->tracks[i].pid);
		row->name = tl->tracks[i].name;
		row->uuid = put_track(s, &tl->tracks[i], row->parent);
	}
	s->rows[tl->n_tracks] = (struct row){.parent = machine,
		.name = "phases",
		.uuid = descriptor(s, machine, "phases")};
	end_descriptor(s);
}

/* Begins an event of TRACK in s->event; end_event() puts it at T. */
static void event(struct native *s, unsigned int type, uint64_t track)
{
	s->event.n = 0;
	erg_proto_uint(&s->event, EVENT_TYPE, type);
	erg_proto_uint(&s->event, EVENT_TRACK, track);
}

static void end_event(struct native *s, uint64_t t, bool names)
{
	erg_proto_uint(&s->packet, PACKET_TIMESTAMP, t - s->zero);
	erg_proto_uint(&s->packet, PACKET_SEQUENCE, SEQUENCE);
	if (names)
		erg_proto_uint(&s->packet, PACKET_FLAGS, NEEDS_STATE);
	erg_proto_message(&s->packet, PACKET_TRACK_EVENT, &s->event);
	put_packet(s);
}

/* Ends the slices of the row that end at T or before. */
static void close_slices(struct native *s, struct row *row, uint64_t t)
{
	while (row->n && row->ends[row->n - 1] <= t) {
		event(s, TYPE_END, row->uuid);
		end_event(s, row->ends[--row->n], false);
	}
}

/* The row of track I for a slice; slices come in the order of their begin. NULL: no memory. */
static struct row *row_for(struct native *s, size_t i, uint64_t begin, uint64_t end)
{
	for (struct row *row = &s->rows[i];; row = row->next) {
		char name[128];

		close_slices(s, row, begin);
		if (row->n < ERG_NESTING_MAX && (!row->n || end <= row->ends[row->n - 1])) {
			row->ends[row->n++] = end;
			return row;
		}
		if (row->next)
			continue;
		row->next = erg_noted(calloc(1, sizeof(*row)));
		if (!row->next)
			return NULL;
		snprintf(name, sizeof(name), "%.100s (overlapping)", s->rows[i].name);
		row->next->uuid = descriptor(s, row->parent, name);
		row->next->parent = row->parent;
		end_descriptor(s);
	}
}

static void put_layer(struct native *s, size_t i)
{
	const struct erg_tl_intervals *iv = &s->tl->iv;
	const uint64_t begin = erg_tl_begin(iv, i);
	const struct row *row = row_for(s, iv->track[i], begin, erg_tl_end(iv, i));

	if (!row) {
		s->failed = true;
		return;
	}
	s->inner.n = 0;
	erg_proto_uint(&s->inner, ANNOTATION_NAME_IID, 1);
	erg_proto_uint(&s->inner, ANNOTATION_UINT, iv->iteration[i]);
	event(s, TYPE_BEGIN, row->uuid);
	erg_proto_uint(&s->event, EVENT_CATEGORY_IID, CATEGORY_LAYER);
	erg_proto_uint(&s->event, EVENT_NAME_IID, (uint64_t)iv->layer[i] + 1);
	erg_proto_message(&s->event, EVENT_ANNOTATION, &s->inner);
	end_event(s, begin, true);
}

static void put_phases(struct native *s)
{
	_cleanup_(erg_freep) const struct erg_tl_phase **sorted = erg_perfetto_phases(s->tl);

	s->failed |= !sorted;
	for (size_t i = 0; !s->failed && i < s->tl->n_phases; i++) {
		const struct row *row =
			row_for(s, s->tl->n_tracks, sorted[i]->begin, sorted[i]->end);

		s->failed |= !row;
		if (!row)
			return;
		event(s, TYPE_BEGIN, row->uuid);
		erg_proto_uint(&s->event, EVENT_CATEGORY_IID, CATEGORY_PHASE);
		put_text(&s->event, EVENT_NAME, sorted[i]->name);
		end_event(s, sorted[i]->begin, true);
	}
}

static void put_slices(struct native *s)
{
	for (size_t i = 0; !s->failed && i < s->tl->iv.n; i++) {
		put_layer(s, i);
		if (i % TOLD == 0)
			erg_progress("layers", i, s->tl->iv.n);
	}
	erg_progress("layers", 1, 1);
	put_phases(s);
	for (size_t i = 0; i <= s->tl->n_tracks; i++)
		for (struct row *row = &s->rows[i]; row; row = row->next)
			close_slices(s, row, UINT64_MAX);
	for (size_t i = 0; i < s->tl->n_markers; i++) {
		event(s, TYPE_INSTANT, s->rows[s->tl->n_tracks].uuid);
		erg_proto_uint(&s->event, EVENT_CATEGORY_IID, CATEGORY_MARKER);
		put_text(&s->event, EVENT_NAME, s->tl->markers[i].text);
		end_event(s, s->tl->markers[i].t, true);
	}
}

static uint64_t put_counter(struct native *s, uint64_t machine, const char *name, const char *unit)
{
	uint64_t uuid = descriptor(s, machine, name);

	s->inner.n = 0;
	erg_proto_text(&s->inner, COUNTER_UNIT_NAME, unit);
	erg_proto_message(&s->event, DESCRIPTOR_COUNTER, &s->inner);
	end_descriptor(s);
	return uuid;
}

static void put_value(struct native *s, uint64_t counter, uint64_t t, double v)
{
	if (!isfinite(v))
		return; /* nobody knows */
	event(s, TYPE_COUNTER, counter);
	erg_proto_double(&s->event, EVENT_DOUBLE, v);
	end_event(s, t, false);
}

static void put_rail(struct native *s, uint64_t machine, const struct erg_rail *r)
{
	char title[96];
	uint64_t counter;

	snprintf(title, sizeof(title), "%.63s%s", r->name, r->simulated ? " (simulated)" : "");
	counter = put_counter(s, machine, title, "W");
	for (size_t i = 0; i < r->n; i++) {
		put_value(s, counter, r->t[i], erg_rail_power(r, i));
		if (i % TOLD == 0)
			erg_progress("rails", i, r->n);
	}
}

static void put_curves(struct native *s, uint64_t machine)
{
	for (size_t i = 0; i < s->tl->n_rails; i++)
		put_rail(s, machine, &s->tl->rails[i]);
	erg_progress("rails", 1, 1);
	for (size_t i = 0; i < s->tl->n_channels; i++) {
		const struct erg_tl_channel *c = &s->tl->channels[i];
		const bool hot = c->def.quantity == ERG_Q_TEMPERATURE;
		uint64_t counter;

		if (!hot && c->def.quantity != ERG_Q_FREQUENCY)
			continue;
		counter = put_counter(s, machine, c->def.rail, hot ? "degC" : "Hz");
		for (size_t k = 0; k < c->n; k++)
			put_value(s, counter, c->t[k], erg_channel_si(&c->def, c->raw[k]));
	}
}

static void native_release(struct native *s)
{
	for (size_t i = 0; s->rows && i <= s->tl->n_tracks; i++)
		for (struct row *row = s->rows[i].next, *next; row; row = next) {
			next = row->next;
			free(row);
		}
	free(s->rows);
	erg_proto_release(&s->packets);
	erg_proto_release(&s->packet);
	erg_proto_release(&s->event);
	erg_proto_release(&s->inner);
	erg_proto_release(&s->compressed);
}

int erg_export_perfetto(const struct erg_timeline *tl, FILE *out, struct erg_err *err)
{
	_cleanup_(native_release) struct native s = {.out = out,
		.tl = tl,
		.zero = erg_perfetto_zero(tl),
		.rows = erg_noted(calloc(tl->n_tracks + 1, sizeof(*s.rows)))};
	uint64_t machine;

	if (!s.rows)
		return erg_fail(err, -ENOMEM, "out of memory");
	put_names(&s);
	machine = descriptor(&s, 0, "machine");
	end_descriptor(&s);
	put_tracks(&s, machine);
	put_slices(&s);
	put_curves(&s, machine);
	flush(&s);
	s.failed |= s.packet.failed | s.event.failed | s.inner.failed;
	return s.failed ? erg_fail(err, -ENOMEM, "out of memory") : 0;
}
