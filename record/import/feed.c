/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The events of an imported log. Definitions come first; then readings, layers and phases, merged
 * in the order of their times.
 */
#include "record/import/feed.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

enum { PID_RECORDER = 1, PID_APP = 2, TID_RECORDER = 1 };

/* ---- one event ---- */

static bt_message *new_event(struct erg_feed *f, bt_self_message_iterator *it, enum erg_event e,
	uint64_t t, int pid, int tid, struct erg_cursor *ret)
{
	bt_message *m = bt_message_event_create_with_packet_and_default_clock_snapshot(it,
		f->schema.events[e], f->packet, t);
	bt_event *event;
	bt_field *context;

	if (!m)
		return NULL;
	event = bt_message_event_borrow_event(m);
	context = bt_event_borrow_common_context_field(event);
	bt_field_integer_signed_set_value(bt_field_structure_borrow_member_field_by_index(context,
						  0),
		pid + (int)f->what->pid);
	bt_field_integer_signed_set_value(bt_field_structure_borrow_member_field_by_index(context,
						  1),
		tid);
	*ret = (struct erg_cursor){bt_event_borrow_payload_field(event), 0};
	return m;
}

static uint64_t on_trace(const struct erg_feed *f, int64_t t)
{
	return (uint64_t)(t - f->what->origin_ns);
}

/* ---- definitions ---- */

static int put_process(struct erg_feed *f, struct erg_cursor *c, bool app)
{
	return erg_put_string(c, f->what->run_id) || erg_put_string(c, app ? "app" : "recorder") ||
		erg_put_string(c, f->what->log->path);
}

static const struct erg_import_channel *first_of(const struct erg_import_log *log, uint32_t source)
{
	for (size_t i = 0; i < log->n_channels; i++)
		if (log->channels[i].source == source)
			return &log->channels[i];
	return NULL;
}

static uint32_t channels_of(const struct erg_import_log *log, uint32_t source)
{
	uint32_t n = 0;

	for (size_t i = 0; i < log->n_channels; i++)
		n += log->channels[i].source == source;
	return n;
}

static int put_source(struct erg_feed *f, struct erg_cursor *c, uint32_t source)
{
	const struct erg_import_log *log = f->what->log;
	const struct erg_import_channel *first = first_of(log, source);
	const struct erg_sensor_model *m = &first->model;
	int r;

	erg_put_unsigned(c, f->what->first_source + source);
	r = erg_put_string(c, erg_import_kind(first, f->what->kind)) ||
		erg_put_string(c, log->path) ||
		erg_put_string(c, erg_source_class_name(erg_import_class(first)));
	erg_put_unsigned(c, first->simulated);
	r = r || erg_put_string(c, erg_sensor_kind_name(m->kind)) ||
		erg_put_string(c, erg_provenance_name(m->provenance));
	erg_put_unsigned(c, m->window_ns);
	erg_put_unsigned(c, m->period_ns);
	erg_put_signed(c, m->lag_ns);
	erg_put_unsigned(c, m->lag_u_ns);
	erg_put_real(c, m->alpha);
	erg_put_unsigned(c, first->interval_ns);
	erg_put_unsigned(c, channels_of(log, source));
	return r;
}

static int put_channel(struct erg_feed *f, struct erg_cursor *c, size_t i)
{
	const struct erg_import_log *log = f->what->log;
	const struct erg_import_channel *ch = &log->channels[i];
	const struct erg_channel_def *d = &ch->def;
	uint32_t index = 0;
	int r;

	for (size_t k = 0; k < i; k++)
		index += log->channels[k].source == ch->source;
	erg_put_unsigned(c, f->what->first_source + ch->source);
	erg_put_unsigned(c, index);
	r = erg_put_string(c, d->rail) || erg_put_string(c, d->parent) ||
		erg_put_string(c, erg_quantity_name(d->quantity)) || erg_put_string(c, d->unit);
	erg_put_real(c, d->scale);
	erg_put_unsigned(c, d->wrap);
	erg_put_real(c, d->lsb);
	erg_put_real(c, d->offset_max);
	erg_put_real(c, fmin(1, d->gain_max + ch->doubt));
	erg_put_real(c, d->offset);
	return r;
}

static int put_layer(struct erg_cursor *c, const struct erg_import_layer_def *d, uint32_t id)
{
	bt_field *none;
	int r;

	erg_put_unsigned(c, id);
	erg_put_unsigned(c, d->parent);
	erg_put_unsigned(c, d->level);
	r = erg_put_string(c, d->name) || erg_put_string(c, d->type) ||
		erg_put_string(c, d->network);
	erg_put_unsigned(c, d->macs);
	for (int i = 0; i < 4; i++)
		erg_put_unsigned(c, 0);
	for (int i = 0; i < 3; i++)
		r = erg_put_sequence(c, 0, &none) || r;
	return r;
}

static int put_named(struct erg_cursor *c, uint32_t id, const char *name)
{
	erg_put_unsigned(c, id);
	return erg_put_string(c, name);
}

bt_message *erg_feed_definition(struct erg_feed *f, bt_self_message_iterator *it)
{
	const struct erg_import_layers *l = f->what->layers;
	const size_t counts[] = {f->what->log->n_channels ? 1 : 0, erg_import_sources(f->what->log),
		f->what->log->n_channels, l ? 1 : 0, l ? l->n_tracks : 0, l ? l->n_counters : 0,
		l ? l->n_defs : 0};
	static const enum erg_event kinds[] = {ERG_EV_PROCESS_DEFINE, ERG_EV_SOURCE_DEFINE,
		ERG_EV_CHANNEL_DEFINE, ERG_EV_PROCESS_DEFINE, ERG_EV_TRACK_DEFINE,
		ERG_EV_COUNTER_DEFINE, ERG_EV_LAYER_DEFINE};
	size_t i = f->definition, k = 0;
	struct erg_cursor c;
	bt_message *m;
	int r = 0;

	while (k < ERG_ARRAY_SIZE(counts) && i >= counts[k])
		i -= counts[k++];
	f->defined = k == ERG_ARRAY_SIZE(counts);
	if (f->defined)
		return NULL;
	m = new_event(f, it, kinds[k], f->now, k < 3 ? PID_RECORDER : PID_APP,
		k < 3 ? TID_RECORDER : 2, &c);
	if (!m)
		return NULL;
	switch (k) {
	case 0:
	case 3:
		r = put_process(f, &c, k == 3);
		break;
	case 1:
		r = put_source(f, &c, (uint32_t)i);
		break;
	case 2:
		r = put_channel(f, &c, i);
		break;
	case 4:
		r = put_named(&c, (uint32_t)i + 1, l->tracks[i]);
		erg_put_unsigned(&c,
			l->places[i] == ERG_PLACE_BY_NAME ? strcasestr(l->tracks[i], "gpu") != NULL
							  : l->places[i] == ERG_PLACE_DEVICE);
		break;
	case 5:
		r = put_named(&c, (uint32_t)i, l->counters[i]) || erg_put_string(&c, "import");
		break;
	default:
		r = put_layer(&c, &l->defs[i], (uint32_t)i + 1);
		break;
	}
	f->definition++;
	if (r)
		bt_message_put_ref(m);
	return r ? NULL : m;
}

/* ---- data ---- */

static bt_message *reading(struct erg_feed *f, bt_self_message_iterator *it)
{
	static const enum erg_event kinds[ERG_CLASS_N] = {ERG_EV_POWER_READING,
		ERG_EV_THERMAL_READING, ERG_EV_FREQUENCY_READING, ERG_EV_UTILIZATION_READING};
	const struct erg_import_log *log = f->what->log;
	const struct erg_import_channel *first = first_of(log, f->source);
	struct erg_cursor c;
	bt_message *m = new_event(f, it, kinds[erg_import_class(first)], f->now, PID_RECORDER,
		TID_RECORDER, &c);
	bt_field *values;
	uint64_t i = 0;

	if (!m)
		return NULL;
	erg_put_unsigned(&c, f->what->first_source + f->source);
	if (erg_put_sequence(&c, channels_of(log, f->source), &values) < 0) {
		bt_message_put_ref(m);
		return NULL;
	}
	for (size_t k = 0; k < log->n_channels; k++)
		if (log->channels[k].source == f->source)
			erg_put_element(values, i++, log->channels[k].raw[f->row]);
	return m;
}

static void go_on(struct erg_feed *f)
{
	if (++f->source == f->sources) {
		f->source = 0;
		if (++f->row % ERG_IMPORT_ROWS_HELD == 0)
			erg_import_let_go(f->what->log, f->row);
	}
}

/* To the next source that was read; devices that are read in turn have rows of their own. */
static void skip_missing(struct erg_feed *f)
{
	const struct erg_import_log *log = f->what->log;

	while (f->devices > 1 && f->row < log->n &&
		!erg_import_was_read(log, first_of(log, f->source)->group, f->row))
		go_on(f);
}

static bt_message *next_reading(struct erg_feed *f, bt_self_message_iterator *it)
{
	bt_message *m = reading(f, it);

	go_on(f);
	skip_missing(f);
	return m;
}

static bt_message *next_span(struct erg_feed *f, bt_self_message_iterator *it)
{
	const struct erg_import_layers *l = f->what->layers;
	const struct erg_import_span *s = &l->spans[f->span++];
	struct erg_cursor c;
	bt_message *m = new_event(f, it, l->n_counters ? ERG_EV_LAYER_COUNTED : ERG_EV_LAYER_SPAN,
		f->now, PID_APP, (int)s->track + 1, &c);
	bt_field *deltas;

	if (!m)
		return NULL;
	erg_put_unsigned(&c, s->layer + 1);
	erg_put_unsigned(&c, s->iteration);
	erg_put_unsigned(&c, on_trace(f, s->begin));
	if (!l->n_counters) {
		erg_put_unsigned(&c, on_trace(f, s->end));
		erg_put_unsigned(&c, s->track);
		return m;
	}
	erg_put_unsigned(&c, (uint64_t)(s->end - s->begin));
	erg_put_unsigned(&c, (uint64_t)(s->end - s->begin));
	if (erg_put_sequence(&c, l->n_counters, &deltas) < 0) {
		bt_message_put_ref(m);
		return NULL;
	}
	for (size_t i = 0; i < l->n_counters; i++)
		erg_put_element(deltas, i, l->values[(size_t)s->row * l->n_counters + i]);
	return m;
}

static bt_message *next_edge(struct erg_feed *f, bt_self_message_iterator *it)
{
	const struct erg_phase_edge *e = &f->edges[f->edge++];
	struct erg_cursor c;
	bt_message *m = new_event(f, it, e->end ? ERG_EV_PHASE_END : ERG_EV_PHASE_BEGIN, f->now,
		PID_APP, 2, &c);

	if (m && erg_put_string(&c, e->name) < 0) {
		bt_message_put_ref(m);
		return NULL;
	}
	return m;
}

/* The earliest of the three queues; at one time layers come before phases and phases before
 * readings. */
bt_message *erg_feed_datum(struct erg_feed *f, bt_self_message_iterator *it, bool *ret_end)
{
	const struct erg_import_layers *l = f->what->layers;
	const struct erg_import_log *log = f->what->log;
	int64_t row = f->row < log->n ? log->t[f->row] : INT64_MAX;
	int64_t span = l && f->span < l->n_spans ? l->spans[f->span].end : INT64_MAX;
	int64_t edge = f->edge < f->n_edges ? f->edges[f->edge].t : INT64_MAX;
	int64_t t = row < edge ? row : edge;

	t = span < t ? span : t;
	*ret_end = t == INT64_MAX;
	if (*ret_end)
		return NULL;
	f->now = on_trace(f, t);
	if (t == span)
		return next_span(f, it);
	return t == edge ? next_edge(f, it) : next_reading(f, it);
}

/* ---- phases as edges ---- */

static int compare_edges(const void *a, const void *b)
{
	const struct erg_phase_edge *x = a, *y = b;

	return x->t != y->t ? (x->t < y->t ? -1 : 1) : (int)y->end - (int)x->end;
}

static void add_edges(struct erg_feed *f, const struct erg_import_phase *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i].end <= p[i].begin)
			continue;
		f->edges[f->n_edges++] = (struct erg_phase_edge){p[i].begin, false, p[i].name};
		f->edges[f->n_edges++] = (struct erg_phase_edge){p[i].end, true, p[i].name};
	}
}

int erg_feed_init(struct erg_feed *f, const struct erg_import_trace *what)
{
	size_t phases = what->log->n_phases + (what->layers ? what->layers->n_phases : 0);

	*f = (struct erg_feed){.what = what, .edges = calloc(2 * phases + 1, sizeof(*f->edges))};
	if (!f->edges)
		return -ENOMEM;
	add_edges(f, what->log->phases, what->log->n_phases);
	if (what->layers)
		add_edges(f, what->layers->phases, what->layers->n_phases);
	erg_sort(f->edges, f->n_edges, sizeof(*f->edges), compare_edges);
	f->sources = (uint32_t)erg_import_sources(what->log);
	for (size_t i = 0; i < what->log->n_channels; i++)
		f->devices = what->log->channels[i].group + 1 > f->devices
			? what->log->channels[i].group + 1
			: f->devices;
	skip_missing(f);
	/* definitions bear the first time of all, so that no message goes back */
	f->now = what->log->n ? on_trace(f, what->log->t[0]) : UINT64_MAX;
	if (f->n_edges && on_trace(f, f->edges[0].t) < f->now)
		f->now = on_trace(f, f->edges[0].t);
	if (what->layers && on_trace(f, what->layers->spans[0].end) < f->now)
		f->now = on_trace(f, what->layers->spans[0].end);
	return 0;
}
