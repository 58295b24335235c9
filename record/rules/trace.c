/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A CTF trace, event after event, by libbabeltrace2: its source for folders, its muxer for the order
 * of time, and a sink of ours. Malformed traces may end libbabeltrace2, and the process with it: this
 * is a program of its own, whose parent sees that.
 */
#include "record/rules/trace.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <babeltrace2/babeltrace.h>

#include "formats/base/ctf.h"
#include "formats/base/util.h"

#define DEPTH_MAX 8 /* of variants in variants, as nobody has them */

struct sink {
	struct erg_rules_trace *t;
	struct erg_err *err;
	bt_message_iterator *it;
	int failed;
	/* Where stretches end in which events were lost: some tracers lose them before that, some after the beginning. */
	uint64_t *loss_ends;
	size_t n_loss_ends;
};

static bool number_text(const bt_field *f, bt_field_class_type type, struct erg_rules_value *ret)
{
	const bt_field_class *cls = bt_field_borrow_class_const(f);
	bool hex = bt_field_class_integer_get_preferred_display_base(cls) ==
		BT_FIELD_CLASS_INTEGER_PREFERRED_DISPLAY_BASE_HEXADECIMAL;

	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER)) {
		uint64_t v = bt_field_integer_unsigned_get_value(f);

		snprintf(ret->key, sizeof(ret->key), "%" PRIu64, v);
		snprintf(ret->text, sizeof(ret->text), hex ? "0x%" PRIx64 : "%" PRIu64, v);
	} else {
		int64_t v = bt_field_integer_signed_get_value(f);
		uint64_t bits = bt_field_class_integer_get_field_value_range(cls);

		snprintf(ret->key, sizeof(ret->key), "%" PRId64, v);
		if (hex)
			snprintf(ret->text, sizeof(ret->text), "0x%" PRIx64,
				(uint64_t)v & (bits < 64 ? ((uint64_t)1 << bits) - 1 : UINT64_MAX));
		else
			memcpy(ret->text, ret->key, sizeof(ret->text));
	}
	return true;
}

/* The word for the number, where the trace has one. */
static bool enumeration_text(const bt_field *f, bt_field_class_type type,
	struct erg_rules_value *ret)
{
	bt_field_class_enumeration_mapping_label_array labels;
	uint64_t n = 0;
	bool found;

	number_text(f, type, ret);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_UNSIGNED_INTEGER))
		found = bt_field_enumeration_unsigned_get_mapping_labels(f, &labels, &n) ==
			BT_FIELD_ENUMERATION_GET_MAPPING_LABELS_STATUS_OK;
	else
		found = bt_field_enumeration_signed_get_mapping_labels(f, &labels, &n) ==
			BT_FIELD_ENUMERATION_GET_MAPPING_LABELS_STATUS_OK;
	if (found && n)
		snprintf(ret->text, sizeof(ret->text), "%s", labels[0]);
	return true;
}

static bool real_text(const bt_field *f, bt_field_class_type type, struct erg_rules_value *ret)
{
	double v = type == BT_FIELD_CLASS_TYPE_SINGLE_PRECISION_REAL
		? (double)bt_field_real_single_precision_get_value(f)
		: bt_field_real_double_precision_get_value(f);

	snprintf(ret->text, sizeof(ret->text), "%g", v);
	snprintf(ret->key, sizeof(ret->key), "%.17g", v);
	return true;
}

/* What a variant holds now, or an option if it holds anything. */
static const bt_field *inner(const bt_field *f)
{
	for (int depth = 0; f && depth < DEPTH_MAX; depth++) {
		bt_field_class_type type = bt_field_get_class_type(f);

		if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_VARIANT))
			f = bt_field_variant_borrow_selected_option_field_const(f);
		else if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_OPTION))
			f = bt_field_option_borrow_field_const(f);
		else
			return f;
	}
	return NULL;
}

static bool value_of(const bt_field *f, struct erg_rules_value *ret)
{
	bt_field_class_type type = bt_field_get_class_type(f);

	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ENUMERATION))
		return enumeration_text(f, type, ret);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_INTEGER))
		return number_text(f, type, ret);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_REAL))
		return real_text(f, type, ret);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_BOOL)) {
		snprintf(ret->text, sizeof(ret->text), "%s",
			bt_field_bool_get_value(f) ? "true" : "false");
		memcpy(ret->key, ret->text, sizeof(ret->key));
		return true;
	}
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_BIT_ARRAY)) {
		uint64_t bits = bt_field_bit_array_get_value_as_integer(f);

		snprintf(ret->text, sizeof(ret->text), "0x%" PRIx64, bits);
		snprintf(ret->key, sizeof(ret->key), "%" PRIu64, bits);
		return true;
	}
	if (!bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_STRING))
		return false;
	/* of an empty string only the length is set (libbabeltrace2 2.0.4) */
	snprintf(ret->text, sizeof(ret->text), "%s",
		bt_field_string_get_length(f) ? bt_field_string_get_value(f) : "");
	memcpy(ret->key, ret->text, sizeof(ret->key));
	return true;
}

/* The element of an array that NAME is the number of. */
static const bt_field *element(const bt_field *array, const char *name)
{
	char *end;
	unsigned long long i = strtoull(name, &end, 10);

	return end != name && !*end && *name != '-' && i < bt_field_array_get_length(array)
		? bt_field_array_borrow_element_field_by_index_const(array, i)
		: NULL;
}

/* The field NAME in F, a structure or an array. */
static const bt_field *within(const bt_field *f, const char *name)
{
	bt_field_class_type type;

	f = inner(f);
	if (!f)
		return NULL;
	type = bt_field_get_class_type(f);
	if (bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_STRUCTURE))
		return bt_field_structure_borrow_member_field_by_name_const(f, name);
	return bt_field_class_type_is(type, BT_FIELD_CLASS_TYPE_ARRAY) ? element(f, name) : NULL;
}

/* NAME may have dots in it, or lead through them into structures and arrays. */
static bool member(const bt_field *f, const char *name, struct erg_rules_value *ret)
{
	const bt_field *whole = f ? within(f, name) : NULL;
	const char *dot = strchr(name, '.');
	char first[ERG_RULES_TEXT];

	whole = whole ? inner(whole) : NULL;
	if (whole && value_of(whole, ret))
		return true;
	if (!f || !dot || (size_t)(dot - name) >= sizeof(first))
		return false;
	memcpy(first, name, (size_t)(dot - name));
	first[dot - name] = '\0';
	return member(within(f, first), dot + 1, ret);
}

static const bt_field *packet_context(const bt_event *event)
{
	const bt_stream_class *cls =
		bt_stream_borrow_class_const(bt_event_borrow_stream_const(event));

	return bt_stream_class_supports_packets(cls)
		? bt_packet_borrow_context_field_const(bt_event_borrow_packet_const(event))
		: NULL;
}

/* Of the payload first, then of what surrounds it. */
static bool field(const struct erg_rules_event *e, const char *name, struct erg_rules_value *ret)
{
	const bt_event *event = e->data;

	return member(bt_event_borrow_payload_field_const(event), name, ret) ||
		member(bt_event_borrow_specific_context_field_const(event), name, ret) ||
		member(bt_event_borrow_common_context_field_const(event), name, ret) ||
		member(packet_context(event), name, ret);
}

/* NAME, or as the kernel's tracer says it, without the v. */
static uint64_t context_number(const bt_event *event, const char *name, bool *ret_there)
{
	struct erg_rules_value v;
	const bt_field *context = bt_event_borrow_common_context_field_const(event);
	bool there = member(context, name, &v) || member(context, name + 1, &v);

	*ret_there = there;
	return there ? strtoull(v.key, NULL, 10) : 0;
}

/* Of a trace of one process, as LTTng's buffers of each process make them. */
static uint64_t trace_pid(const bt_event *event, bool *ret_there)
{
	const bt_value *pid = bt_trace_borrow_environment_entry_value_by_name_const(
		bt_stream_borrow_trace_const(bt_event_borrow_stream_const(event)), "vpid");

	*ret_there = pid && bt_value_is_signed_integer(pid);
	return *ret_there ? (uint64_t)bt_value_integer_signed_get(pid) : 0;
}

static bool has_clock(const bt_event *event)
{
	return bt_stream_class_borrow_default_clock_class_const(
		bt_stream_borrow_class_const(bt_event_borrow_stream_const(event)));
}

static uint64_t time_of(const struct sink *s, const bt_clock_snapshot *clock)
{
	int64_t since_origin = 0;

	if (s->t->monotonic)
		return bt_clock_snapshot_get_value(clock);
	return bt_clock_snapshot_get_ns_from_origin(clock, &since_origin) ==
				BT_CLOCK_SNAPSHOT_GET_NS_FROM_ORIGIN_STATUS_OK &&
			since_origin > 0
		? (uint64_t)since_origin
		: 0;
}

static void losses_end(struct sink *s, uint64_t now_ns)
{
	bool ended = false;

	for (size_t i = 0; i < s->n_loss_ends;)
		if (s->loss_ends[i] < now_ns) {
			s->loss_ends[i] = s->loss_ends[--s->n_loss_ends];
			ended = true;
		} else {
			i++;
		}
	if (ended)
		s->t->loss(s->t->data);
}

static int on_event(struct sink *s, const bt_message *m)
{
	const bt_event *event = bt_message_event_borrow_event_const(m);
	struct erg_rules_event e = {.field = field, .data = event};
	bool process, thread;

	e.name = bt_event_class_get_name(bt_event_borrow_class_const(event));
	if (!e.name)
		return 0;
	if (!has_clock(event))
		return erg_fail(s->err, -EINVAL, "event %s: a trace with a clock was expected",
			e.name);
	e.pid = context_number(event, "vpid", &process);
	if (!process)
		e.pid = trace_pid(event, &process);
	e.tid = context_number(event, "vtid", &thread);
	s->t->no_threads |= !thread;
	s->t->no_processes |= !process;
	e.time_ns = time_of(s, bt_message_event_borrow_default_clock_snapshot_const(m));
	losses_end(s, e.time_ns);
	s->t->events++;
	return s->t->event(s->t->data, &e, s->err);
}

static int on_loss(struct sink *s, const bt_clock_snapshot *end)
{
	uint64_t *longer;

	s->t->loss(s->t->data);
	if (!end)
		return 0;
	longer = reallocarray(s->loss_ends, s->n_loss_ends + 1, sizeof(*longer));
	if (!longer)
		return erg_fail_errno(s->err, -ENOMEM, "rules");
	s->loss_ends = longer;
	s->loss_ends[s->n_loss_ends++] = time_of(s, end);
	return 0;
}

/* How many were lost, the trace need not say: one at least. */
static int on_lost_events(struct sink *s, const bt_message *m)
{
	const bt_stream_class *cls =
		bt_stream_borrow_class_const(bt_message_discarded_events_borrow_stream_const(m));
	uint64_t n = 1;

	if (bt_message_discarded_events_get_count(m, &n) != BT_PROPERTY_AVAILABILITY_AVAILABLE)
		n = 1;
	s->t->lost += n;
	return on_loss(s,
		bt_stream_class_discarded_events_have_default_clock_snapshots(cls)
			? bt_message_discarded_events_borrow_end_default_clock_snapshot_const(m)
			: NULL);
}

static int on_lost_packets(struct sink *s, const bt_message *m)
{
	const bt_stream_class *cls =
		bt_stream_borrow_class_const(bt_message_discarded_packets_borrow_stream_const(m));
	uint64_t n = 1;

	if (bt_message_discarded_packets_get_count(m, &n) != BT_PROPERTY_AVAILABILITY_AVAILABLE)
		n = 1;
	s->t->lost_packets += n;
	return on_loss(s,
		bt_stream_class_discarded_packets_have_default_clock_snapshots(cls)
			? bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(m)
			: NULL);
}

static int on_message(struct sink *s, const bt_message *m)
{
	switch (bt_message_get_type(m)) {
	case BT_MESSAGE_TYPE_EVENT:
		return on_event(s, m);
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		return on_lost_events(s, m);
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		return on_lost_packets(s, m);
	default:
		return 0;
	}
}

static bt_graph_simple_sink_component_consume_func_status consume(bt_message_iterator *it,
	void *data)
{
	bt_message_array_const messages;
	struct sink *s = data;
	uint64_t n = 0;

	switch (bt_message_iterator_next(it, &messages, &n)) {
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_OK:
		break;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_END:
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
	case BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN:
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_AGAIN;
	default:
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_ERROR;
	}
	for (uint64_t i = 0; i < n; i++) {
		if (!s->failed)
			s->failed = on_message(s, messages[i]);
		bt_message_put_ref(messages[i]);
	}
	return s->failed ? BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_ERROR
			 : BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK;
}

static int is_visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

/* Adds to INPUTS every folder below PATH that holds a trace: a file "metadata". In the order of their names, so that
 * the same trace gives the same. */
static int find_traces(const char *path, bt_value *inputs, int depth)
{
	_cleanup_(erg_freep) char *metadata = NULL;
	struct dirent **list = NULL;
	int found = 0, n;

	if (depth > 8)
		return 0;
	if (asprintf(&metadata, "%s/metadata", path) < 0) {
		metadata = NULL;
		return 0;
	}
	if (access(metadata, R_OK) == 0)
		return bt_value_array_append_string_element(inputs, path) ? 0 : 1;
	n = scandir(path, &list, is_visible, alphasort);
	for (int i = 0; i < n; i++) {
		_cleanup_(erg_freep) char *below = NULL;

		if (asprintf(&below, "%s/%s", path, list[i]->d_name) < 0)
			below = NULL;
		else
			found += find_traces(below, inputs, depth + 1);
		free(list[i]);
	}
	free(list);
	return found;
}

static const char *folder_at(const bt_value *folders, uint64_t i)
{
	return bt_value_string_get(bt_value_array_borrow_element_by_index_const(folders, i));
}

/* What is known of a folder: how its metadata begins, and whether a source has it. */
struct part {
	unsigned char head[20];
	bool known, taken;
};

/* Metadata of CTF 1 in packets begins with a magic number and the trace's UUID. */
static void part_read(const char *folder, struct part *ret)
{
	static const unsigned char magic[2][4] = {{0x57, 0x1d, 0xd1, 0x75},
		{0x75, 0xd1, 0x1d, 0x57}};
	_cleanup_(erg_freep) char *path = NULL;
	_cleanup_(erg_fclosep) FILE *f = NULL;

	if (asprintf(&path, "%s/metadata", folder) < 0)
		path = NULL;
	f = path ? fopen(path, "re") : NULL;
	ret->known = f && fread(ret->head, sizeof(ret->head), 1, f) == 1 &&
		(!memcmp(ret->head, magic[0], sizeof(magic[0])) ||
			!memcmp(ret->head, magic[1], sizeof(magic[1])));
}

/* Parts of one trace, as snapshots and the chunks of a rotation are: they may have packets in common, and packets
 * between them may be lost. */
static bool same_trace(const struct part *a, const struct part *b)
{
	return a == b || (a->known && b->known && !memcmp(a->head, b->head, sizeof(a->head)));
}

/* The trace of the folder at FIRST, with those after it that are parts of the same. */
static const bt_component_source *add_source(bt_graph *graph, const bt_value *folders,
	uint64_t first, struct part *parts)
{
	const bt_component_source *source = NULL;
	const bt_plugin *plugin = NULL;
	bt_value *params = bt_value_map_create(), *inputs = bt_value_array_create();
	bool ok = params && inputs;

	for (uint64_t i = first; ok && i < bt_value_array_get_length(folders); i++) {
		if (!same_trace(&parts[first], &parts[i]))
			continue;
		parts[i].taken = true;
		ok = !bt_value_array_append_string_element(inputs, folder_at(folders, i));
	}
	if (ok &&
		bt_plugin_find("ctf", BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, &plugin) ==
			BT_PLUGIN_FIND_STATUS_OK &&
		!bt_value_map_insert_entry(params, "inputs", inputs))
		(void)bt_graph_add_source_component(graph,
			bt_plugin_borrow_source_component_class_by_name_const(plugin, "fs"),
			folder_at(folders, first), params, BT_LOGGING_LEVEL_NONE, &source);
	bt_value_put_ref(inputs);
	bt_value_put_ref(params);
	bt_plugin_put_ref(plugin);
	return source;
}

static const bt_component_filter *add_muxer(bt_graph *graph)
{
	const bt_component_filter *muxer = NULL;
	const bt_plugin *plugin = NULL;

	if (bt_plugin_find("utils", BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, &plugin) ==
		BT_PLUGIN_FIND_STATUS_OK)
		(void)bt_graph_add_filter_component(graph,
			bt_plugin_borrow_filter_component_class_by_name_const(plugin, "muxer"),
			"order", NULL, BT_LOGGING_LEVEL_NONE, &muxer);
	bt_plugin_put_ref(plugin);
	return muxer;
}

static bool connect_ports(bt_graph *graph, const bt_component_source *source,
	const bt_component_filter *muxer, uint64_t *at)
{
	uint64_t n = bt_component_source_get_output_port_count(source);

	for (uint64_t i = 0; i < n; i++)
		if (bt_graph_connect_ports(graph,
			    bt_component_source_borrow_output_port_by_index_const(source, i),
			    bt_component_filter_borrow_input_port_by_index_const(muxer, (*at)++),
			    NULL))
			return false;
	return true;
}

static bool build_graph(bt_graph *graph, const bt_value *folders, struct sink *s)
{
	const bt_component_filter *muxer = add_muxer(graph);
	const uint64_t n = bt_value_array_get_length(folders);
	_cleanup_(erg_freep) struct part *parts = calloc(n, sizeof(*parts));
	const bt_component_sink *sink = NULL;
	uint64_t at = 0;

	for (uint64_t i = 0; parts && i < n; i++)
		part_read(folder_at(folders, i), &parts[i]);
	for (uint64_t i = 0; parts && muxer && i < n; i++) {
		const bt_component_source *source;

		if (parts[i].taken)
			continue;
		source = add_source(graph, folders, i, parts);
		if (!source || !connect_ports(graph, source, muxer, &at))
			return false;
	}
	return parts && muxer &&
		!bt_graph_add_simple_sink_component(graph, "rules", NULL, consume, NULL, s,
			&sink) &&
		!bt_graph_connect_ports(graph,
			bt_component_filter_borrow_output_port_by_index_const(muxer, 0),
			bt_component_sink_borrow_input_port_by_index_const(sink, 0), NULL);
}

static int refuse_ctf2(const bt_value *folders, struct erg_err *err)
{
	for (uint64_t i = 0; i < bt_value_array_get_length(folders); i++)
		if (erg_ctf_is_unread(folder_at(folders, i), bt_version_get_major(),
			    bt_version_get_minor()))
			return erg_fail(err, -EINVAL,
				"%s: it is CTF 2, which babeltrace2 reads since 2.1; here is %u.%u.%u",
				folder_at(folders, i), bt_version_get_major(),
				bt_version_get_minor(), bt_version_get_patch());
	return 0;
}

static int fail_babeltrace(const char *path, struct erg_err *err)
{
	const bt_error *e = bt_current_thread_take_error();

	erg_fail(err, -EINVAL, "%s: the trace cannot be read: %s", path,
		e && bt_error_get_cause_count(e)
			? bt_error_cause_get_message(bt_error_borrow_cause_by_index(e, 0))
			: "babeltrace2 gives no cause");
	if (e)
		bt_error_release(e);
	return -EINVAL;
}

int erg_rules_trace_read(const char *path, struct erg_rules_trace *t, struct erg_err *err)
{
	bt_value *folders = bt_value_array_create();
	bt_graph *graph = bt_graph_create(0);
	struct sink s = {.t = t, .err = err};
	bt_graph_run_status status = BT_GRAPH_RUN_STATUS_ERROR;
	int r = 0;

	if (!folders || !graph)
		r = erg_fail_errno(err, -ENOMEM, "%s", path);
	else if (!find_traces(path, folders, 0))
		r = erg_fail(err, -ENOENT,
			"%s: a folder with a CTF trace (a file metadata) was expected", path);
	else
		r = refuse_ctf2(folders, err);
	if (!r && !build_graph(graph, folders, &s))
		r = fail_babeltrace(path, err);
	else if (!r)
		while ((status = bt_graph_run(graph)) == BT_GRAPH_RUN_STATUS_AGAIN)
			;
	if (!r && s.failed)
		r = s.failed;
	else if (!r && status != BT_GRAPH_RUN_STATUS_OK)
		r = fail_babeltrace(path, err);
	bt_graph_put_ref(graph);
	bt_value_put_ref(folders);
	free(s.loss_ends);
	return r;
}
