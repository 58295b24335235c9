/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The trace is the filter's own, since an IR object cannot be added to another component's trace. Its
 * clock has the frequency, the offset and the origin of the input's, so that sinks which order or
 * compare the two can.
 */
#include "analyze/plugin/message.h"

#include <errno.h>
#include <math.h>

#include "formats/base/util.h"

enum kind { KIND_TEXT, KIND_NUMBER, KIND_REAL };

struct field {
	const char *name;
	enum kind kind;
};

/* The events' fields, in their order. */
enum {
	F_NETWORK,
	F_LAYER,
	F_ITERATION,
	F_ENERGY,
	F_METHOD,
	F_RESOLVED,
	F_RAIL,
	F_SIMULATED,
	F_TID
};
enum { P_RAIL, P_POWER, P_SIMULATED };

static const struct field energy_fields[] = {
	[F_NETWORK] = {"network", KIND_TEXT},
	[F_LAYER] = {"layer", KIND_TEXT},
	[F_ITERATION] = {"iteration", KIND_NUMBER},
	[F_ENERGY] = {"energy_uj", KIND_REAL},
	[F_METHOD] = {"method", KIND_TEXT},
	[F_RESOLVED] = {"resolved", KIND_NUMBER},
	[F_RAIL] = {"rail", KIND_TEXT},
	[F_SIMULATED] = {"simulated", KIND_NUMBER},
	[F_TID] = {"tid", KIND_NUMBER},
};

static const struct field power_fields[] = {
	[P_RAIL] = {"rail", KIND_TEXT},
	[P_POWER] = {"power_w", KIND_REAL},
	[P_SIMULATED] = {"simulated", KIND_NUMBER},
};

static bt_field_class *payload_class(bt_trace_class *tc, const struct field *fields, size_t n)
{
	bt_field_class *s = bt_field_class_structure_create(tc);

	for (size_t i = 0; s && i < n; i++) {
		bt_field_class *f = fields[i].kind == KIND_TEXT ? bt_field_class_string_create(tc)
			: fields[i].kind == KIND_REAL
			? bt_field_class_real_double_precision_create(tc)
			: bt_field_class_integer_unsigned_create(tc);

		if (f && fields[i].kind == KIND_NUMBER)
			bt_field_class_integer_set_field_value_range(f, 32);
		if (!f ||
			bt_field_class_structure_append_member(s, fields[i].name, f) !=
				BT_FIELD_CLASS_STRUCTURE_APPEND_MEMBER_STATUS_OK) {
			bt_field_class_put_ref(s);
			s = NULL;
		}
		bt_field_class_put_ref(f);
	}
	return s;
}

static bt_event_class *event_class(bt_trace_class *tc, bt_stream_class *sc, const char *name,
	const struct field *fields, size_t n)
{
	bt_field_class *payload = payload_class(tc, fields, n);
	bt_event_class *e = payload ? bt_event_class_create(sc) : NULL;

	if (e &&
		(bt_event_class_set_name(e, name) != BT_EVENT_CLASS_SET_NAME_STATUS_OK ||
			bt_event_class_set_payload_field_class(e, payload) !=
				BT_EVENT_CLASS_SET_FIELD_CLASS_STATUS_OK)) {
		bt_event_class_put_ref(e);
		e = NULL;
	}
	bt_field_class_put_ref(payload);
	return e;
}

static bt_clock_class *clock_like(bt_self_component *self, const bt_clock_class *like)
{
	bt_clock_class *c = bt_clock_class_create(self);
	int64_t seconds;
	uint64_t cycles;

	if (!c)
		return NULL;
	bt_clock_class_get_offset(like, &seconds, &cycles);
	bt_clock_class_set_frequency(c, bt_clock_class_get_frequency(like));
	bt_clock_class_set_offset(c, seconds, cycles);
	bt_clock_class_set_precision(c, bt_clock_class_get_precision(like));
	bt_clock_class_set_origin_is_unix_epoch(c, bt_clock_class_origin_is_unix_epoch(like));
	if (bt_clock_class_get_uuid(like))
		bt_clock_class_set_uuid(c, bt_clock_class_get_uuid(like));
	if (bt_clock_class_get_name(like))
		bt_clock_class_set_name(c, bt_clock_class_get_name(like));
	return c;
}

static bool fill_classes(struct erg_energy_stream *s, bt_trace_class *tc, bt_stream_class *sc,
	bt_clock_class *clock)
{
	bt_trace *trace;
	bool good = bt_stream_class_set_default_clock_class(sc, clock) ==
			BT_STREAM_CLASS_SET_DEFAULT_CLOCK_CLASS_STATUS_OK &&
		bt_stream_class_set_name(sc, "erg") == BT_STREAM_CLASS_SET_NAME_STATUS_OK;

	s->event = event_class(tc, sc, "erg:layer_energy", energy_fields,
		ERG_ARRAY_SIZE(energy_fields));
	s->power =
		event_class(tc, sc, "erg:rail_power", power_fields, ERG_ARRAY_SIZE(power_fields));
	good = good && s->event && s->power;
	trace = good ? bt_trace_create(tc) : NULL;
	if (trace && bt_trace_set_name(trace, "erg") == BT_TRACE_SET_NAME_STATUS_OK)
		s->stream = bt_stream_create(sc, trace);
	if (s->stream)
		bt_stream_set_name(s->stream, "energy");
	bt_trace_put_ref(trace);
	return s->stream != NULL;
}

int erg_energy_stream_open(struct erg_energy_stream *s, bt_self_component *self,
	const bt_clock_class *like)
{
	bt_trace_class *tc = bt_trace_class_create(self);
	bt_stream_class *sc = tc ? bt_stream_class_create(tc) : NULL;
	bt_clock_class *clock = clock_like(self, like);
	bool good = sc && clock && fill_classes(s, tc, sc, clock);

	bt_clock_class_put_ref(clock);
	bt_stream_class_put_ref(sc);
	bt_trace_class_put_ref(tc);
	return good ? 0 : -ENOMEM;
}

void erg_energy_stream_close(struct erg_energy_stream *s)
{
	bt_stream_put_ref(s->stream);
	bt_event_class_put_ref(s->event);
	bt_event_class_put_ref(s->power);
	*s = (struct erg_energy_stream){0};
}

static bt_field *field(bt_event *e, unsigned int f)
{
	return bt_field_structure_borrow_member_field_by_index(bt_event_borrow_payload_field(e), f);
}

static bool set_text(bt_event *e, unsigned int f, const char *text)
{
	return bt_field_string_set_value(field(e, f), text) == BT_FIELD_STRING_SET_VALUE_STATUS_OK;
}

const bt_message *erg_energy_message(const struct erg_energy_stream *s,
	bt_self_message_iterator *it, uint64_t time, const struct erg_share *share,
	const struct erg_gathered *g, const struct erg_rail *rail)
{
	bt_message *m =
		bt_message_event_create_with_default_clock_snapshot(it, s->event, s->stream, time);
	bt_event *e = m ? bt_message_event_borrow_event(m) : NULL;

	if (!e)
		return NULL;
	bt_field_integer_unsigned_set_value(field(e, F_ITERATION), g->iteration);
	bt_field_integer_unsigned_set_value(field(e, F_TID), g->tid);
	bt_field_real_double_precision_set_value(field(e, F_ENERGY), share->energy_j * 1e6);
	bt_field_integer_unsigned_set_value(field(e, F_RESOLVED), !isnan(share->energy_j));
	bt_field_integer_unsigned_set_value(field(e, F_SIMULATED), rail->simulated);
	if (set_text(e, F_NETWORK, share->layer->network) &&
		set_text(e, F_LAYER, share->layer->name) && set_text(e, F_METHOD, share->method) &&
		set_text(e, F_RAIL, rail->name))
		return m;
	bt_message_put_ref(m);
	return NULL;
}

const bt_message *erg_power_message(const struct erg_energy_stream *s, bt_self_message_iterator *it,
	uint64_t time, const struct erg_rail *rail, size_t i)
{
	bt_message *m =
		bt_message_event_create_with_default_clock_snapshot(it, s->power, s->stream, time);
	bt_event *e = m ? bt_message_event_borrow_event(m) : NULL;

	if (!e)
		return NULL;
	bt_field_real_double_precision_set_value(field(e, P_POWER), erg_rail_power(rail, i));
	bt_field_integer_unsigned_set_value(field(e, P_SIMULATED), rail->simulated);
	if (set_text(e, P_RAIL, rail->name))
		return m;
	bt_message_put_ref(m);
	return NULL;
}
