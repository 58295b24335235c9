/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_SCHEMA_H
#define ERG_RECORD_IMPORT_SCHEMA_H

/*
 * The events of an imported trace (formats/FORMAT.md) as babeltrace2 classes, and a cursor that fills an event's
 * fields in their order. Private to this room.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <babeltrace2/babeltrace.h>

enum erg_event {
	ERG_EV_PROCESS_DEFINE,
	ERG_EV_LAYER_DEFINE,
	ERG_EV_TRACK_DEFINE,
	ERG_EV_COUNTER_DEFINE,
	ERG_EV_SOURCE_DEFINE,
	ERG_EV_CHANNEL_DEFINE,
	ERG_EV_LAYER_SPAN,
	ERG_EV_LAYER_COUNTED,
	ERG_EV_PHASE_BEGIN,
	ERG_EV_PHASE_END,
	ERG_EV_POWER_READING,
	ERG_EV_THERMAL_READING,
	ERG_EV_FREQUENCY_READING,
	ERG_EV_UTILIZATION_READING,
	ERG_EV_N,
};

struct erg_schema {
	bt_trace_class *trace_class;
	bt_clock_class *clock_class;
	bt_stream_class *stream_class;
	bt_event_class *events[ERG_EV_N];
	bt_trace *trace;
	bt_stream *stream;
};

/* Returns 0 or -ENOMEM. */
int erg_schema_create(bt_self_component *component, struct erg_schema *ret);
void erg_schema_release(struct erg_schema *s);

struct erg_cursor {
	bt_field *payload;
	uint64_t next;
};

void erg_put_unsigned(struct erg_cursor *c, uint64_t v);
void erg_put_signed(struct erg_cursor *c, int64_t v);
void erg_put_real(struct erg_cursor *c, double v);
/* -ENOMEM when the string cannot be kept. */
int erg_put_string(struct erg_cursor *c, const char *v);
/* A sequence of N elements whose values are set by erg_put_element(). */
int erg_put_sequence(struct erg_cursor *c, uint64_t n, bt_field **ret_array);
void erg_put_element(bt_field *array, uint64_t i, int64_t v);

#endif
