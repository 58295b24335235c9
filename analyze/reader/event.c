/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events of the provider ergtrace, field by field. Where a field stands is looked up once for each
 * event class and kept, so that an event costs a few indexed reads. Frequent events become fixed
 * records; rare ones become JSON objects with the event's own field names.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/reader/event.h"
#include "formats/base/memory.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

#define FIELDS_MAX 16
#define PREFIX "ergtrace:"

struct event;
typedef int handler(struct erg_decoder *d, const struct event *e, const bt_field *payload,
	uint64_t time);

/* Where an integer field stands, and how it is read. */
struct place {
	int64_t at; /* index in its structure, -1: none */
	enum { PLACE_OTHER, PLACE_UNSIGNED, PLACE_SIGNED } kind;
};

/* An event class as this decoder sees it. */
struct event {
	const bt_event_class *cls;
	const char *name;            /* without prefix; owned by the class */
	handler *handle;             /* NULL: not ours */
	struct place at[FIELDS_MAX]; /* the handler's fields in the payload */
	struct place vpid, vtid;     /* in the common context */
};

struct erg_decoder {
	struct erg_tables *t;
	size_t stream;
	struct event *events;
	size_t n_events;
	const struct event *last;
	uint32_t vpid, vtid; /* of the current event */
	bool samples;        /* the stream is of the channel "samples" */
};

static const bt_field *field_member(const bt_field *payload, struct place p)
{
	return p.at < 0
		? NULL
		: bt_field_structure_borrow_member_field_by_index_const(payload, (uint64_t)p.at);
}

static int64_t integer(const bt_field *f)
{
	bt_field_class_type type;

	if (!f)
		return 0;
	type = bt_field_get_class_type(f);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
		return (int64_t)bt_field_integer_unsigned_get_value(f);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER))
		return bt_field_integer_signed_get_value(f);
	return 0;
}

static uint64_t field_number(const bt_field *payload, struct place p)
{
	const bt_field *f = field_member(payload, p);

	if (f && p.kind == PLACE_UNSIGNED)
		return bt_field_integer_unsigned_get_value(f);
	if (f && p.kind == PLACE_SIGNED)
		return (uint64_t)bt_field_integer_signed_get_value(f);
	return 0;
}

/* Fills VALUES with up to MAX elements of an array field; returns how many there are. */
static uint64_t field_elements(const bt_field *f, int64_t *values, uint64_t max)
{
	uint64_t n;

	if (!f || !bt_field_class_type_is(bt_field_get_class_type(f), BT_FIELD_CLASS_TYPE_ARRAY))
		return 0;
	n = bt_field_array_get_length(f);
	for (uint64_t i = 0; i < n && i < max; i++)
		values[i] = integer(bt_field_array_borrow_element_field_by_index_const(f, i));
	return n;
}

/* ---- frequent events ---- */

static const char *const layer_fields[] = {"id", "iteration", "begin", NULL};
static const char *const counted_fields[] = {"id", "iteration", "begin", "enabled", "running",
	"deltas", NULL};
static const char *const span_fields[] = {"id", "iteration", "begin", "end", "track", NULL};
static const char *const sample_fields[] = {"source", "t_before", "t_after", "native", "values",
	NULL};
static const char *const reading_fields[] = {"source", "values", NULL};
static const char *const no_fields[] = {NULL};

static struct erg_chunk_interval *add_interval(struct erg_decoder *d, const struct event *e,
	const bt_field *p, uint32_t tid, bool span)
{
	struct erg_chunk_interval *iv;
	int thread = erg_tables_thread(d->t, d->vpid, tid, span);

	iv = thread < 0 ? NULL : erg_tables_interval(d->t, d->stream);
	if (iv)
		*iv = (struct erg_chunk_interval){.id = (uint32_t)field_number(p, e->at[0]),
			.iteration = (uint32_t)field_number(p, e->at[1]),
			.begin = field_number(p, e->at[2]),
			.counted = UINT32_MAX,
			.thread = (uint16_t)thread,
			.span = span};
	return iv;
}

static int on_layer(struct erg_decoder *d, const struct event *e, const bt_field *p, uint64_t time)
{
	struct erg_chunk_interval *iv = add_interval(d, e, p, d->vtid, false);

	if (!iv)
		return -ENOMEM;
	iv->end = time;
	return 0;
}

static int on_counted(struct erg_decoder *d, const struct event *e, const bt_field *p,
	uint64_t time)
{
	struct erg_chunk_interval *iv = add_interval(d, e, p, d->vtid, false);
	int64_t values[ERG_TABLES_COUNTERS_MAX], *row;
	uint64_t n = field_elements(field_member(p, e->at[5]), values, ERG_TABLES_COUNTERS_MAX);

	if (!iv)
		return -ENOMEM;
	iv->end = time;
	n = n > ERG_TABLES_COUNTERS_MAX ? ERG_TABLES_COUNTERS_MAX : n;
	row = erg_tables_counted(d->t, n, &iv->counted);
	if (!row)
		return -ENOMEM;
	row[0] = (int64_t)field_number(p, e->at[3]);
	row[1] = (int64_t)field_number(p, e->at[4]);
	memcpy(row + 2, values, n * sizeof(*values));
	return 0;
}

#define TRACK_OWN UINT32_MAX /* an instance of the thread itself, which wrote it later */

static int on_span(struct erg_decoder *d, const struct event *e, const bt_field *p, uint64_t time)
{
	const uint32_t track = (uint32_t)field_number(p, e->at[4]);
	struct erg_chunk_interval *iv =
		add_interval(d, e, p, track == TRACK_OWN ? d->vtid : track, track != TRACK_OWN);

	if (!iv)
		return -ENOMEM;
	iv->end = field_number(p, e->at[3]);
	return 0;
}

static int add_reading(struct erg_decoder *d, uint64_t source, const bt_field *of_channels,
	const uint64_t times[3])
{
	int64_t values[256], *row;
	uint64_t n = field_elements(of_channels, values, ERG_ARRAY_SIZE(values));

	if (!n || n > ERG_ARRAY_SIZE(values))
		return 0;
	row = erg_tables_reading(d->t, d->vpid, (uint32_t)source, (uint32_t)n);
	if (!row)
		return 0; /* another number of channels than before: not a reading of this source */
	memcpy(row, times, 3 * sizeof(*row));
	memcpy(row + 3, values, n * sizeof(*values));
	return 0;
}

static int on_sample(struct erg_decoder *d, const struct event *e, const bt_field *p, uint64_t time)
{
	const uint64_t times[] = {field_number(p, e->at[1]), field_number(p, e->at[2]),
		field_number(p, e->at[3])};

	return add_reading(d, field_number(p, e->at[0]), field_member(p, e->at[4]), times);
}

/* Of a log: it took no time, at the event's own. */
static int on_reading(struct erg_decoder *d, const struct event *e, const bt_field *p,
	uint64_t time)
{
	const uint64_t times[] = {time, time, 0};

	return add_reading(d, field_number(p, e->at[0]), field_member(p, e->at[1]), times);
}

/* ---- rare events ---- */

static json_t *field_json(const bt_field *f)
{
	bt_field_class_type type = bt_field_get_class_type(f);

	/* Of an empty string libbabeltrace2 (2.0.4) sets the length only: the value is what the field
	 * held before, in another event. */
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_STRING))
		return erg_utf8_json(
			bt_field_string_get_length(f) ? bt_field_string_get_value(f) : "");
	if (type == BT_FIELD_CLASS_TYPE_DOUBLE_PRECISION_REAL)
		return json_real(bt_field_real_double_precision_get_value(f));
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY)) {
		int64_t values[256];
		uint64_t n = field_elements(f, values, ERG_ARRAY_SIZE(values));
		json_t *list = json_array();

		for (uint64_t i = 0; i < n && i < ERG_ARRAY_SIZE(values); i++)
			json_array_append_new(list, json_integer(values[i]));
		return list;
	}
	return json_integer(integer(f));
}

static int on_rare(struct erg_decoder *d, const struct event *e, const bt_field *p, uint64_t time)
{
	const bt_field_class *cls = bt_field_borrow_class_const(p);
	uint64_t n = bt_field_class_structure_get_member_count(cls);
	json_t *o = json_pack("{s:s, s:I, s:I, s:I}", "event", e->name, "pid", (json_int_t)d->vpid,
		"tid", (json_int_t)d->vtid, "time", (json_int_t)time);

	for (uint64_t i = 0; o && i < n; i++) {
		const char *name = bt_field_class_structure_member_get_name(
			bt_field_class_structure_borrow_member_by_index_const(cls, i));
		const bt_field *f = bt_field_structure_borrow_member_field_by_index_const(p, i);

		json_object_set_new_nocheck(o, name, field_json(f));
	}
	return json_array_append_new(d->t->defs, o) ? -ENOMEM : 0;
}

static const struct {
	const char *name;
	handler *handle;
	const char *const *fields;
} handlers[] = {
	{"layer", on_layer, layer_fields},
	{"layer_counted", on_counted, counted_fields},
	{"layer_span", on_span, span_fields},
	{"power_sample", on_sample, sample_fields},
	{"thermal_sample", on_sample, sample_fields},
	{"frequency_sample", on_sample, sample_fields},
	{"utilization_sample", on_sample, sample_fields},
	{"power_reading", on_reading, reading_fields},
	{"thermal_reading", on_reading, reading_fields},
	{"frequency_reading", on_reading, reading_fields},
	{"utilization_reading", on_reading, reading_fields},
	{"process_define", on_rare, no_fields},
	{"layer_define", on_rare, no_fields},
	{"track_define", on_rare, no_fields},
	{"thread_define", on_rare, no_fields},
	{"phase_begin", on_rare, no_fields},
	{"phase_end", on_rare, no_fields},
	{"marker", on_rare, no_fields},
	{"counter_define", on_rare, no_fields},
	{"source_define", on_rare, no_fields},
	{"channel_define", on_rare, no_fields},
	{"recorder_status", on_rare, no_fields},
};

/* ---- event classes ---- */

static struct place place_of(const bt_field_class *cls, const char *name)
{
	uint64_t n = cls ? bt_field_class_structure_get_member_count(cls) : 0;

	for (uint64_t i = 0; i < n; i++) {
		const bt_field_class_structure_member *m =
			bt_field_class_structure_borrow_member_by_index_const(cls, i);
		bt_field_class_type type;

		if (strcmp(name, bt_field_class_structure_member_get_name(m)))
			continue;
		type = bt_field_class_get_type(
			bt_field_class_structure_member_borrow_field_class_const(m));
		return (struct place){(int64_t)i,
			bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER)
				? PLACE_UNSIGNED
				: bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)
				? PLACE_SIGNED
				: PLACE_OTHER};
	}
	return (struct place){-1, PLACE_OTHER};
}

static const struct event *event_new(struct erg_decoder *d, const bt_event_class *cls)
{
	const char *name = bt_event_class_get_name(cls);
	const bt_field_class *payload =
		bt_event_class_borrow_payload_field_class_const((bt_event_class *)cls);
	const bt_field_class *context =
		bt_stream_class_borrow_event_common_context_field_class_const(
			bt_event_class_borrow_stream_class_const(cls));
	struct event *e = erg_noted(realloc(d->events, (d->n_events + 1) * sizeof(*e)));

	if (!e)
		return NULL;
	d->events = e;
	e += d->n_events++;
	*e = (struct event){.cls = cls,
		.vpid = place_of(context, "vpid"),
		.vtid = place_of(context, "vtid")};
	if (!name || strncmp(name, PREFIX, strlen(PREFIX)))
		return e;
	e->name = name + strlen(PREFIX);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(handlers) && payload; i++) {
		if (strcmp(handlers[i].name, e->name))
			continue;
		e->handle = handlers[i].handle;
		for (size_t k = 0; handlers[i].fields[k]; k++)
			e->at[k] = place_of(payload, handlers[i].fields[k]);
	}
	return e;
}

static const struct event *event_of(struct erg_decoder *d, const bt_event_class *cls)
{
	if (d->last && d->last->cls == cls)
		return d->last;
	for (size_t i = 0; i < d->n_events; i++)
		if (d->events[i].cls == cls)
			return d->last = &d->events[i];
	return d->last = event_new(d, cls);
}

static int on_event(struct erg_decoder *d, const bt_message *m)
{
	const bt_event *event = bt_message_event_borrow_event_const(m);
	const struct event *e = event_of(d, bt_event_borrow_class_const(event));
	const bt_field *context;
	uint64_t time;

	if (!e)
		return -ENOMEM;
	if (!e->handle)
		return 0;
	time = bt_clock_snapshot_get_value(bt_message_event_borrow_default_clock_snapshot_const(m));
	context = bt_event_borrow_common_context_field_const(event);
	d->vpid = context ? (uint32_t)field_number(context, e->vpid) : 0;
	d->vtid = context ? (uint32_t)field_number(context, e->vtid) : 0;
	d->t->events++;
	d->t->first_ns = time < d->t->first_ns ? time : d->t->first_ns;
	d->t->last_ns = time > d->t->last_ns ? time : d->t->last_ns;
	return e->handle(d, e, bt_event_borrow_payload_field_const(event), time);
}

/* ---- losses ---- */

static int add_loss(struct erg_decoder *d, const char *what, uint64_t count, uint64_t begin,
	uint64_t end)
{
	return json_array_append_new(d->t->defs,
		       json_pack("{s:s, s:s, s:I, s:I, s:I, s:b}", "event", "loss", "what", what,
			       "count", (json_int_t)count, "begin", (json_int_t)begin, "end",
			       (json_int_t)end, "samples", d->samples))
		? -ENOMEM
		: 0;
}

static int on_discarded_events(struct erg_decoder *d, const bt_message *m)
{
	uint64_t count = 0;

	bt_message_discarded_events_get_count(m, &count);
	return add_loss(d, "events", count,
		bt_clock_snapshot_get_value(
			bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const(
				m)),
		bt_clock_snapshot_get_value(
			bt_message_discarded_events_borrow_end_default_clock_snapshot_const(m)));
}

static int on_discarded_packets(struct erg_decoder *d, const bt_message *m)
{
	uint64_t count = 0;

	bt_message_discarded_packets_get_count(m, &count);
	return add_loss(d, "packets", count,
		bt_clock_snapshot_get_value(
			bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const(
				m)),
		bt_clock_snapshot_get_value(
			bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(m)));
}

static void on_stream(struct erg_decoder *d, const bt_message *m)
{
	const char *name = bt_stream_get_name(bt_message_stream_beginning_borrow_stream_const(m));

	d->samples = name && !strncmp(erg_base_name(name), "samples", 7);
}

int erg_decoder_message(struct erg_decoder *d, const bt_message *m)
{
	switch (bt_message_get_type(m)) {
	case BT_MESSAGE_TYPE_EVENT:
		return on_event(d, m);
	case BT_MESSAGE_TYPE_STREAM_BEGINNING:
		on_stream(d, m);
		return 0;
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		return on_discarded_events(d, m);
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		return on_discarded_packets(d, m);
	default:
		return 0;
	}
}

struct erg_decoder *erg_decoder_new(struct erg_tables *t, size_t stream)
{
	struct erg_decoder *d = erg_noted(calloc(1, sizeof(*d)));

	if (d) {
		d->t = t;
		d->stream = stream;
	}
	return d;
}

void erg_decoder_free(struct erg_decoder *d)
{
	if (!d)
		return;
	free(d->events);
	free(d);
}
