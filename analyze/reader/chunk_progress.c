/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libbabeltrace2 does not say how many bytes of a stream it has read. But a stream's file has a size
 * and the trace a range of time: a stream is taken to be as far as its last event lies in that range,
 * and counts by its size. That is off when events come unevenly, and right at the end. The range costs
 * a query, which opens the trace once more: only for chunks that take long, and only when a person
 * waits.
 */
#include "analyze/reader/chunk_progress.h"

#include <math.h>
#include <sys/stat.h>

#define WORTH_BYTES (4u << 20) /* about a tenth of a second */
#define EVERY 256u             /* batches, each of 15 messages */
#define READING 0.95           /* of a chunk's time; sorting and handing over take the rest */

/* {"inputs": [DIR]} */
static bt_value *inputs(const char *dir)
{
	bt_value *params = bt_value_map_create(), *list = NULL;

	if (params &&
		(bt_value_map_insert_empty_array_entry(params, "inputs", &list) ||
			bt_value_array_append_string_element(list, dir)))
		BT_VALUE_PUT_REF_AND_RESET(params);
	return params;
}

static void take_stream(struct erg_chunk_progress *p, const bt_value *stream, int64_t *end_ns)
{
	const bt_value *range = bt_value_map_borrow_entry_value_const(stream, "range-ns");
	const bt_value *begin, *end;

	if (!range)
		return; /* an empty stream */
	begin = bt_value_map_borrow_entry_value_const(range, "begin");
	end = bt_value_map_borrow_entry_value_const(range, "end");
	if (!begin || !end)
		return;
	if (bt_value_integer_signed_get(begin) < p->begin_ns)
		p->begin_ns = bt_value_integer_signed_get(begin);
	if (bt_value_integer_signed_get(end) > *end_ns)
		*end_ns = bt_value_integer_signed_get(end);
}

static void take_infos(struct erg_chunk_progress *p, const bt_value *infos)
{
	int64_t end_ns = INT64_MIN;

	p->begin_ns = INT64_MAX;
	for (uint64_t i = 0; i < bt_value_array_get_length(infos); i++) {
		const bt_value *streams = bt_value_map_borrow_entry_value_const(
			bt_value_array_borrow_element_by_index_const(infos, i), "stream-infos");

		for (uint64_t k = 0; streams && k < bt_value_array_get_length(streams); k++)
			take_stream(p, bt_value_array_borrow_element_by_index_const(streams, k),
				&end_ns);
	}
	p->span_ns = end_ns > p->begin_ns ? (double)end_ns - (double)p->begin_ns : 0;
}

void erg_chunk_progress_trace(struct erg_chunk_progress *p, const bt_component_class_source *source,
	const char *dir)
{
	bt_value *params;
	const bt_value *infos = NULL;
	bt_query_executor *q;

	p->span_ns = 0;
	if (!p->share || p->bytes < WORTH_BYTES)
		return;
	params = inputs(dir);
	q = params ? bt_query_executor_create(bt_component_class_source_as_component_class_const(
						      source),
			     "babeltrace.trace-infos", params)
		   : NULL;
	if (q && bt_query_executor_query(q, &infos) == BT_QUERY_EXECUTOR_QUERY_STATUS_OK)
		take_infos(p, infos);
	else
		bt_current_thread_clear_error(); /* decoding says what is wrong */
	bt_value_put_ref(infos);
	bt_query_executor_put_ref(q);
	bt_value_put_ref(params);
}

/* babeltrace2 names a stream of a folder by its file. */
static uint64_t file_bytes(const bt_message *m)
{
	const char *name;
	struct stat st;

	if (bt_message_get_type(m) != BT_MESSAGE_TYPE_STREAM_BEGINNING)
		return 0;
	name = bt_stream_get_name(bt_message_stream_beginning_borrow_stream_const(m));
	return name && !stat(name, &st) ? (uint64_t)st.st_size : 0;
}

static double decoded(const struct erg_chunk_progress *p, const struct erg_chunk_progress_stream *s,
	const bt_message *m)
{
	double part;
	int64_t t;

	if (bt_message_get_type(m) != BT_MESSAGE_TYPE_EVENT ||
		bt_clock_snapshot_get_ns_from_origin(
			bt_message_event_borrow_default_clock_snapshot_const(m), &t))
		return s->decoded;
	part = ((double)t - (double)p->begin_ns) / p->span_ns;
	return (double)s->bytes * fmin(fmax(part, 0), 1); /* times of a damaged trace may be any */
}

void erg_chunk_progress_step(struct erg_chunk_progress *p, struct erg_chunk_progress_stream *s,
	bt_message_array_const messages, uint64_t n)
{
	double now;

	if (!p->span_ns)
		return;
	if (!s->batches && n)
		s->bytes = file_bytes(messages[0]);
	if (s->batches++ % EVERY && n)
		return;
	now = n ? decoded(p, s, messages[n - 1]) : (double)s->bytes;
	p->decoded += now - s->decoded;
	s->decoded = now;
	atomic_store_explicit(p->share,
		(uint32_t)(ERG_CHUNK_PROGRESS_WHOLE * READING * (p->decoded / (double)p->bytes)),
		memory_order_relaxed);
}
