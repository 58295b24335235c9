/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The schema of imported traces: one row for each field, in the order of tracepoints/provider.h,
 * so that what is imported decodes like what was recorded. Only a reading is another event: a log
 * has one time for each, the event's own, and it written thrice would be most of the archive. A
 * sequence is two fields, as LTTng writes it: its length, named _NAME_length, and its elements.
 */
#include "record/import/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum field_type { END, U8, U32, U64, S64, F64, STR, SEQ32, SEQ64 };

struct field {
	const char *name;
	enum field_type type;
};

#define FIELDS_MAX 16
#define READING_FIELDS                                                                             \
	{"source", U32},                                                                           \
	{                                                                                          \
		"values", SEQ64                                                                    \
	}

static const struct event {
	const char *name;
	struct field fields[FIELDS_MAX];
} events[ERG_EV_N] = {
	[ERG_EV_PROCESS_DEFINE] = {"process_define", {{"run", STR}, {"role", STR}, {"exe", STR}}},
	[ERG_EV_LAYER_DEFINE] = {"layer_define",
		{{"id", U32}, {"parent", U32}, {"level", U8}, {"name", STR}, {"type", STR},
			{"network", STR}, {"macs", U64}, {"params", U64}, {"bytes_in", U64},
			{"bytes_out", U64}, {"bytes_params", U64}, {"in_shape", SEQ32},
			{"out_shape", SEQ32}, {"kernel_shape", SEQ32}}},
	[ERG_EV_TRACK_DEFINE] = {"track_define", {{"track", U32}, {"name", STR}, {"device", U8}}},
	[ERG_EV_COUNTER_DEFINE] = {"counter_define",
		{{"index", U32}, {"name", STR}, {"origin", STR}}},
	[ERG_EV_SOURCE_DEFINE] = {"source_define",
		{{"source", U32}, {"kind", STR}, {"path", STR}, {"class_name", STR},
			{"simulated", U8}, {"sensor", STR}, {"provenance", STR}, {"window_ns", U64},
			{"period_ns", U64}, {"lag_ns", S64}, {"lag_u_ns", U64}, {"alpha", F64},
			{"interval_ns", U64}, {"channels", U32}}},
	[ERG_EV_CHANNEL_DEFINE] = {"channel_define",
		{{"source", U32}, {"index", U32}, {"rail", STR}, {"parent", STR}, {"quantity", STR},
			{"unit", STR}, {"scale", F64}, {"wrap", U64}, {"lsb", F64},
			{"offset_max", F64}, {"gain_max", F64}, {"offset", F64}}},
	[ERG_EV_LAYER_SPAN] = {"layer_span",
		{{"id", U32}, {"iteration", U32}, {"begin", U64}, {"end", U64}, {"track", U32}}},
	[ERG_EV_LAYER_COUNTED] = {"layer_counted",
		{{"id", U32}, {"iteration", U32}, {"begin", U64}, {"enabled", U64},
			{"running", U64}, {"deltas", SEQ64}}},
	[ERG_EV_PHASE_BEGIN] = {"phase_begin", {{"name", STR}}},
	[ERG_EV_PHASE_END] = {"phase_end", {{"name", STR}}},
	[ERG_EV_POWER_READING] = {"power_reading", {READING_FIELDS}},
	[ERG_EV_THERMAL_READING] = {"thermal_reading", {READING_FIELDS}},
	[ERG_EV_FREQUENCY_READING] = {"frequency_reading", {READING_FIELDS}},
	[ERG_EV_UTILIZATION_READING] = {"utilization_reading", {READING_FIELDS}},
};

/* ---- classes ---- */

static bt_field_class *integer_class(bt_trace_class *tc, uint64_t bits, bool is_signed)
{
	bt_field_class *fc = is_signed ? bt_field_class_integer_signed_create(tc)
				       : bt_field_class_integer_unsigned_create(tc);

	if (fc)
		bt_field_class_integer_set_field_value_range(fc, bits);
	return fc;
}

static bt_field_class *field_class(bt_trace_class *tc, enum field_type type)
{
	switch (type) {
	case U8:
		return integer_class(tc, 8, false);
	case U32:
		return integer_class(tc, 32, false);
	case U64:
		return integer_class(tc, 64, false);
	case S64:
		return integer_class(tc, 64, true);
	case F64:
		return bt_field_class_real_double_precision_create(tc);
	case STR:
		return bt_field_class_string_create(tc);
	default:
		return NULL;
	}
}

/* Takes over the class. */
static int append_member(bt_field_class *structure, const char *name, bt_field_class *member)
{
	int r = !member || bt_field_class_structure_append_member(structure, name, member) ? -ENOMEM
											   : 0;

	bt_field_class_put_ref(member);
	return r;
}

static int append_sequence(bt_trace_class *tc, bt_field_class *structure, const struct field *f)
{
	bt_field_class *element = integer_class(tc, f->type == SEQ64 ? 64 : 32, f->type == SEQ64);
	bt_field_class *length = integer_class(tc, 8, false), *array = NULL;
	char name[64];
	int r;

	snprintf(name, sizeof(name), "_%s_length", f->name);
	r = length ? bt_field_class_structure_append_member(structure, name, length) : -ENOMEM;
	if (r == 0 && element)
		array = bt_field_class_array_dynamic_create(tc, element, length);
	bt_field_class_put_ref(element);
	bt_field_class_put_ref(length);
	return r == 0 ? append_member(structure, f->name, array) : -ENOMEM;
}

static int fill_structure(bt_trace_class *tc, bt_field_class *structure, const struct field *f)
{
	int r = 0;

	for (; r == 0 && f->type != END; f++)
		r = f->type == SEQ32 || f->type == SEQ64
			? append_sequence(tc, structure, f)
			: append_member(structure, f->name, field_class(tc, f->type));
	return r;
}

static int create_event(struct erg_schema *s, const struct event *e, bt_event_class **ret)
{
	bt_field_class *payload = bt_field_class_structure_create(s->trace_class);
	char name[64];
	int r = -ENOMEM;

	snprintf(name, sizeof(name), "ergtrace:%s", e->name);
	*ret = bt_event_class_create(s->stream_class);
	if (*ret && payload && bt_event_class_set_name(*ret, name) == 0 &&
		fill_structure(s->trace_class, payload, e->fields) == 0 &&
		bt_event_class_set_payload_field_class(*ret, payload) == 0)
		r = 0;
	bt_field_class_put_ref(payload);
	return r;
}

static int create_stream_class(struct erg_schema *s)
{
	bt_field_class *context = bt_field_class_structure_create(s->trace_class);
	int r = -ENOMEM;

	if (context &&
		append_member(context, "vpid", integer_class(s->trace_class, 32, true)) == 0 &&
		append_member(context, "vtid", integer_class(s->trace_class, 32, true)) == 0 &&
		bt_stream_class_set_default_clock_class(s->stream_class, s->clock_class) == 0 &&
		bt_stream_class_set_event_common_context_field_class(s->stream_class, context) == 0)
		r = 0;
	bt_stream_class_set_supports_packets(s->stream_class, BT_TRUE, BT_TRUE, BT_TRUE);
	bt_field_class_put_ref(context);
	return r;
}

static int set_environment(bt_trace *trace)
{
	return bt_trace_set_environment_entry_string(trace, "domain", "ust") ||
			bt_trace_set_environment_entry_string(trace, "tracer_name",
				"ergtrace-import") ||
			bt_trace_set_environment_entry_string(trace, "tracer_version", ERG_VERSION)
		? -ENOMEM
		: 0;
}

int erg_schema_create(bt_self_component *component, struct erg_schema *ret)
{
	int r;

	ret->trace_class = bt_trace_class_create(component);
	ret->clock_class = bt_clock_class_create(component);
	ret->stream_class = ret->trace_class ? bt_stream_class_create(ret->trace_class) : NULL;
	if (!ret->stream_class || !ret->clock_class)
		return -ENOMEM;
	bt_clock_class_set_frequency(ret->clock_class, 1000000000);
	bt_clock_class_set_origin_is_unix_epoch(ret->clock_class, BT_FALSE);
	if (bt_clock_class_set_name(ret->clock_class, "ergtrace_import"))
		return -ENOMEM;
	r = create_stream_class(ret);
	for (int i = 0; r == 0 && i < ERG_EV_N; i++)
		r = create_event(ret, &events[i], &ret->events[i]);
	if (r < 0)
		return r;
	ret->trace = bt_trace_create(ret->trace_class);
	ret->stream = ret->trace ? bt_stream_create(ret->stream_class, ret->trace) : NULL;
	return ret->stream ? set_environment(ret->trace) : -ENOMEM;
}

void erg_schema_release(struct erg_schema *s)
{
	bt_stream_put_ref(s->stream);
	bt_trace_put_ref(s->trace);
	for (int i = 0; i < ERG_EV_N; i++)
		bt_event_class_put_ref(s->events[i]);
	bt_stream_class_put_ref(s->stream_class);
	bt_clock_class_put_ref(s->clock_class);
	bt_trace_class_put_ref(s->trace_class);
	*s = (struct erg_schema){0};
}

/* ---- values ---- */

static bt_field *next_field(struct erg_cursor *c)
{
	return bt_field_structure_borrow_member_field_by_index(c->payload, c->next++);
}

void erg_put_unsigned(struct erg_cursor *c, uint64_t v)
{
	bt_field_integer_unsigned_set_value(next_field(c), v);
}

void erg_put_signed(struct erg_cursor *c, int64_t v)
{
	bt_field_integer_signed_set_value(next_field(c), v);
}

void erg_put_real(struct erg_cursor *c, double v)
{
	bt_field_real_double_precision_set_value(next_field(c), v);
}

int erg_put_string(struct erg_cursor *c, const char *v)
{
	return bt_field_string_set_value(next_field(c), v) ? -ENOMEM : 0;
}

int erg_put_sequence(struct erg_cursor *c, uint64_t n, bt_field **ret_array)
{
	erg_put_unsigned(c, n);
	*ret_array = next_field(c);
	return bt_field_array_dynamic_set_length(*ret_array, n) ? -ENOMEM : 0;
}

void erg_put_element(bt_field *array, uint64_t i, int64_t v)
{
	bt_field_integer_signed_set_value(bt_field_array_borrow_element_field_by_index(array, i),
		v);
}
