/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Decodes one chunk with libbabeltrace2. Each stream of the source goes straight into a simple sink
 * of its own: no muxer, since order over streams is restored by sorting instances later, which is
 * several times cheaper than merging messages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <babeltrace2/babeltrace.h>

#include "analyze/reader/event.h"
#include "analyze/reader/chunk_progress.h"
#include "analyze/reader/trim.h"
#include "formats/base/order.h"
#include "formats/base/ctf.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"

struct graph {
	bt_graph *g;
	const bt_plugin *ctf;
	struct erg_tables *tables;
	struct erg_chunk_progress *progress;
};

static void graph_release(struct graph *g)
{
	if (g->g)
		bt_graph_put_ref(g->g);
	if (g->ctf)
		bt_plugin_put_ref(g->ctf);
}

/* The innermost cause that libbabeltrace2 has for the failure, as one line. */
static void explain(char *buf, size_t len, const char *what)
{
	const bt_error *error = bt_current_thread_take_error();
	const char *text = NULL;

	if (error) {
		const bt_error_cause *cause = bt_error_borrow_cause_by_index(error, 0);

		text = cause ? bt_error_cause_get_message(cause) : NULL;
	}
	snprintf(buf, len, "%s%s%s", what, text ? ": " : "", text ? text : "");
	for (char *p = buf; *p; p++)
		if (*p == '\n')
			*p = ' ';
	if (error)
		bt_error_release(error);
}

struct sink {
	struct erg_tables *t;
	struct erg_decoder *d;
	struct erg_chunk_progress *progress;
	struct erg_chunk_progress_stream stream;
};

static bt_graph_simple_sink_component_consume_func_status consume(bt_message_iterator *it,
	void *data)
{
	struct sink *sink = data;
	bt_message_array_const messages;
	uint64_t count;
	bt_message_iterator_next_status s = bt_message_iterator_next(it, &messages, &count);
	int r = 0;

	if (s == BT_MESSAGE_ITERATOR_NEXT_STATUS_END) {
		erg_chunk_progress_step(sink->progress, &sink->stream, NULL, 0);
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
	}
	if (s == BT_MESSAGE_ITERATOR_NEXT_STATUS_AGAIN)
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_AGAIN;
	if (s != BT_MESSAGE_ITERATOR_NEXT_STATUS_OK) { /* ends this stream, not the others */
		explain(sink->t->error, sizeof(sink->t->error),
			"a stream cannot be read to its end");
		return BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_END;
	}
	erg_chunk_progress_step(sink->progress, &sink->stream, messages, count);
	for (uint64_t i = 0; i < count; i++) {
		if (!r)
			r = erg_decoder_message(sink->d, messages[i]);
		bt_message_put_ref(messages[i]);
	}
	return r ? BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_MEMORY_ERROR
		 : BT_GRAPH_SIMPLE_SINK_COMPONENT_CONSUME_FUNC_STATUS_OK;
}

static void finalize(void *data)
{
	struct sink *sink = data;

	erg_decoder_free(sink->d);
	free(sink);
}

static int connect_port(struct graph *g, const bt_component_source *src, uint64_t i)
{
	const bt_port_output *out = bt_component_source_borrow_output_port_by_index_const(src, i);
	const bt_component_sink *component;
	struct sink *sink = calloc(1, sizeof(*sink));
	char name[32];
	size_t stream;

	if (!sink || erg_tables_stream_new(g->tables, &stream) < 0)
		return -ENOMEM;
	sink->t = g->tables;
	sink->progress = g->progress;
	sink->d = erg_decoder_new(g->tables, stream);
	snprintf(name, sizeof(name), "stream%zu", stream);
	if (!sink->d ||
		bt_graph_add_simple_sink_component(g->g, name, NULL, consume, finalize, sink,
			&component) != BT_GRAPH_ADD_COMPONENT_STATUS_OK)
		return -EINVAL;
	return bt_graph_connect_ports(g->g, out,
		       bt_component_sink_borrow_input_port_by_index_const(component, 0),
		       NULL) == BT_GRAPH_CONNECT_PORTS_STATUS_OK
		? 0
		: -EINVAL;
}

static int add_source(struct graph *g, const char *dir)
{
	const bt_component_class_source *cls =
		bt_plugin_borrow_source_component_class_by_name_const(g->ctf, "fs");
	const bt_component_source *src;
	bt_value *params = bt_value_map_create(), *inputs = NULL;
	int r = -EINVAL;

	if (cls)
		erg_chunk_progress_trace(g->progress, cls, dir);
	if (cls && params &&
		bt_value_map_insert_empty_array_entry(params, "inputs", &inputs) ==
			BT_VALUE_MAP_INSERT_ENTRY_STATUS_OK &&
		bt_value_array_append_string_element(inputs, dir) ==
			BT_VALUE_ARRAY_APPEND_ELEMENT_STATUS_OK &&
		bt_graph_add_source_component(g->g, cls, "trace", params, BT_LOGGING_LEVEL_NONE,
			&src) == BT_GRAPH_ADD_COMPONENT_STATUS_OK)
		r = 0;
	for (uint64_t i = 0; !r && i < bt_component_source_get_output_port_count(src); i++)
		r = connect_port(g, src, i);
	if (params)
		bt_value_put_ref(params);
	return r;
}

static int decode_trace(struct erg_tables *t, const char *dir, struct erg_chunk_progress *progress)
{
	_cleanup_(graph_release) struct graph g = {.tables = t, .progress = progress};
	bt_graph_run_status s;
	size_t before;

	g.g = bt_graph_create(0);
	if (!g.g ||
		bt_plugin_find("ctf", BT_TRUE, BT_FALSE, BT_TRUE, BT_FALSE, BT_FALSE, &g.ctf) !=
			BT_PLUGIN_FIND_STATUS_OK) {
		explain(t->error, sizeof(t->error), "libbabeltrace2 has no CTF plugin");
		return -ENOSYS;
	}
	before = t->n_streams;
	if (add_source(&g, dir) < 0) {
		explain(t->error, sizeof(t->error), "the trace cannot be opened");
		return -EINVAL;
	}
	if (t->n_streams == before)
		return 0; /* a graph without sinks cannot be run */
	do {
		s = bt_graph_run(g.g);
	} while (s == BT_GRAPH_RUN_STATUS_AGAIN);
	if (s == BT_GRAPH_RUN_STATUS_OK)
		return 0;
	explain(t->error, sizeof(t->error), "the trace cannot be read to its end");
	return -EINVAL;
}

struct found {
	char **dirs; /* with metadata: traces */
	size_t n;
	uint64_t bytes; /* of all files */
};

static void found_release(struct found *found)
{
	for (size_t i = 0; i < found->n; i++)
		free(found->dirs[i]);
	free(found->dirs);
}

static int note_file(void *data, const char *path, const struct stat *st)
{
	struct found *found = data;
	const char *name = strrchr(path, '/');
	char **p;

	found->bytes += (uint64_t)st->st_size;
	if (strcmp(name, "/metadata"))
		return 0;
	p = realloc(found->dirs, (found->n + 1) * sizeof(*p));
	if (p)
		found->dirs = p;
	if (!p || !(p[found->n] = strndup(path, (size_t)(name - path))))
		return -ENOMEM;
	found->n++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* TRACE is below the chunk's folder. */
static int decode_whole(struct erg_tables *t, const struct erg_chunk_task *task, const char *trace,
	struct erg_chunk_progress *progress)
{
	_cleanup_(erg_freep) char *called = NULL, *whole = NULL;
	int r = asprintf(&called, "%s%s", task->name, trace + strlen(task->dir)) < 0 ? -ENOMEM : 0;

	if (!r)
		r = erg_trim_trace(t, trace, called, task->scratch, &whole);
	if (!r && whole && erg_ctf_is_unread(whole, bt_version_get_major(), bt_version_get_minor()))
		snprintf(t->error, sizeof(t->error),
			"it is CTF 2, which babeltrace2 reads since 2.1; here is %u.%u.%u",
			bt_version_get_major(), bt_version_get_minor(), bt_version_get_patch());
	else if (!r && whole)
		decode_trace(t, whole, progress); /* what went wrong is in t->error */
	return r;
}

int erg_chunk_decode(const struct erg_chunk_task *task, struct erg_err *err)
{
	_cleanup_(erg_tables_release) struct erg_tables t = {0};
	struct erg_chunk_progress progress = {.share = task->share};
	_cleanup_(found_release) struct found found = {0};
	int r = erg_tables_init(&t);

	if (r || erg_tree_each_file(task->dir, note_file, &found) == -ENOMEM)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (!found.n)
		snprintf(t.error, sizeof(t.error), "no CTF metadata in this chunk");
	else
		erg_sort(found.dirs, found.n, sizeof(*found.dirs), by_name);
	progress.bytes = found.bytes;
	for (size_t i = 0; !r && i < found.n; i++)
		r = decode_whole(&t, task, found.dirs[i], &progress);
	return r ? erg_fail(err, r, "out of memory") : erg_tables_write(&t, task->fd, err);
}
