/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes an imported log as CTF 1.8: a babeltrace2 graph of two components, a source of ours that
 * makes the messages of feed.c's events and the ctf plug-in's file system sink. One packet
 * holds so many events that it stays near a mebibyte.
 *
 * The graph runs in a child process: when the sink fails (a full disk) or is stopped, babeltrace2
 * 2.0 frees its streams twice and dies; the child then ends with the graph as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "formats/base/progress.h"
#include "formats/base/util.h"
#include "record/import/feed.h"

#define EVENTS_PER_PACKET 16384u
#define EVENTS_PER_CHUNK 2000000u /* near 100 MB, a second of decoding */

/* ---- the stream of messages ---- */

static void tell_progress(const struct erg_feed *f)
{
	const struct erg_import_layers *l = f->what->layers;

	erg_progress("writing", f->row + f->span + f->edge,
		f->what->log->n + (l ? l->n_spans : 0) + f->n_edges);
}

static bt_message *begin_packet(struct erg_feed *f, bt_self_message_iterator *it)
{
	tell_progress(f);
	f->packet = bt_packet_create(f->schema.stream);
	f->in_packet = 0;
	return f->packet ? bt_message_packet_beginning_create_with_default_clock_snapshot(it,
				   f->packet, f->now)
			 : NULL;
}

static bt_message *end_packet(struct erg_feed *f, bt_self_message_iterator *it)
{
	bt_message *m =
		bt_message_packet_end_create_with_default_clock_snapshot(it, f->packet, f->now);

	BT_PACKET_PUT_REF_AND_RESET(f->packet);
	return m;
}

/* NULL is a failure, except at ERG_FEED_END. */
static bt_message *next_message(struct erg_feed *f, bt_self_message_iterator *it)
{
	bt_message *m;
	bool end;

	switch (f->at) {
	case ERG_FEED_START:
		f->at = ERG_FEED_EVENTS;
		return bt_message_stream_beginning_create(it, f->schema.stream);
	case ERG_FEED_EVENTS:
		if (!f->packet)
			return begin_packet(f, it);
		if (f->in_packet == EVENTS_PER_PACKET)
			return end_packet(f, it);
		m = f->defined ? NULL : erg_feed_definition(f, it);
		end = f->defined; /* the chunk is full, unless another datum fits */
		if (f->defined && f->in_chunk++ < EVENTS_PER_CHUNK) {
			m = erg_feed_datum(f, it, &end);
			f->finished = !m && end;
		}
		if (!m && end) {
			f->at = ERG_FEED_STREAM_END;
			return end_packet(f, it);
		}
		f->in_packet++;
		return m;
	case ERG_FEED_STREAM_END:
		f->at = ERG_FEED_END;
		return bt_message_stream_end_create(it, f->schema.stream);
	default:
		return NULL;
	}
}

static bt_message_iterator_class_next_method_status iterate(bt_self_message_iterator *it,
	bt_message_array_const messages, uint64_t capacity, uint64_t *count)
{
	struct erg_feed *f =
		bt_self_component_get_data(bt_self_message_iterator_borrow_component(it));

	*count = 0;
	if (f->what->interrupted && *f->what->interrupted) {
		erg_fail(&f->err, -EINTR, "interrupted");
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_ERROR;
	}
	while (*count < capacity && f->at != ERG_FEED_END) {
		bt_message *m = next_message(f, it);

		if (!m) {
			while (*count > 0)
				bt_message_put_ref(messages[--*count]);
			return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_MEMORY_ERROR;
		}
		messages[(*count)++] = m;
	}
	return *count ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK
		      : BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
}

static bt_component_class_initialize_method_status initialize(bt_self_component_source *self,
	bt_self_component_source_configuration *config, const bt_value *params, void *data)
{
	bt_self_component *component = bt_self_component_source_as_self_component(self);
	struct erg_feed *f = data;

	bt_self_component_set_data(component, f);
	if (erg_schema_create(component, &f->schema) < 0 ||
		bt_self_component_source_add_output_port(self, "out", NULL, NULL))
		return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_MEMORY_ERROR;
	return BT_COMPONENT_CLASS_INITIALIZE_METHOD_STATUS_OK;
}

/* ---- the graph ---- */

static bt_component_class_source *source_class(void)
{
	bt_message_iterator_class *it = bt_message_iterator_class_create(iterate);
	bt_component_class_source *cls =
		it ? bt_component_class_source_create("erg-import", it) : NULL;

	bt_message_iterator_class_put_ref(it);
	if (cls)
		bt_component_class_source_set_initialize_method(cls, initialize);
	return cls;
}

/* What babeltrace2 gives as the first cause of its failure; a full disk, which it does not name,
 * is looked for. */
static int fail_babeltrace(const char *dir, struct erg_err *err)
{
	const bt_error *e = bt_current_thread_take_error();
	const char *cause = "no cause given";
	struct statvfs disk;

	if (statvfs(dir, &disk) == 0 && disk.f_bavail * disk.f_frsize < 1u << 20)
		return erg_fail_errno(err, -ENOSPC, "%s", dir);
	if (e && bt_error_get_cause_count(e) > 0)
		cause = bt_error_cause_get_message(bt_error_borrow_cause_by_index(e, 0));
	erg_fail(err, -EIO, "%s: babeltrace2 could not write the trace: %s", dir, cause);
	if (e)
		bt_error_release(e);
	return -EIO;
}

/* Since 2.1 the sink writes CTF 2 unless told, which needs another graph (MIP 1) and readers of our
 * formats do not know; before, it does not know the parameter. */
static bool sink_must_be_told(void)
{
	return bt_version_get_major() > 2 || bt_version_get_minor() >= 1;
}

static bt_value *sink_params(const char *dir)
{
	bt_value *p = bt_value_map_create();

	if (p && sink_must_be_told() && bt_value_map_insert_string_entry(p, "ctf-version", "1"))
		BT_VALUE_PUT_REF_AND_RESET(p);

	if (p &&
		(bt_value_map_insert_string_entry(p, "path", dir) ||
			bt_value_map_insert_bool_entry(p, "assume-single-trace", BT_TRUE) ||
			bt_value_map_insert_bool_entry(p, "quiet", BT_TRUE)))
		BT_VALUE_PUT_REF_AND_RESET(p);
	return p;
}

static int run_graph(bt_graph *graph, const bt_component_class_source *source,
	const bt_component_class_sink *sink, const bt_value *params, struct erg_feed *f)
{
	const bt_component_source *from;
	const bt_component_sink *to;

	if (bt_graph_add_source_component_with_initialize_method_data(graph, source, "log", NULL, f,
		    BT_LOGGING_LEVEL_NONE, &from) ||
		bt_graph_add_sink_component(graph, sink, "ctf", params, BT_LOGGING_LEVEL_NONE,
			&to) ||
		bt_graph_connect_ports(graph,
			bt_component_source_borrow_output_port_by_index_const(from, 0),
			bt_component_sink_borrow_input_port_by_index_const(to, 0), NULL))
		return -EIO;
	return bt_graph_run(graph) == BT_GRAPH_RUN_STATUS_OK ? 0 : -EIO;
}

static int write_trace(struct erg_feed *f, const char *dir, struct erg_err *err)
{
	const bt_plugin *plugin = NULL;
	bt_component_class_source *source = source_class();
	bt_value *params = sink_params(dir);
	bt_graph *graph = bt_graph_create(0);
	int r = -EIO;

	if (bt_plugin_find("ctf", BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, BT_TRUE, &plugin) !=
		BT_PLUGIN_FIND_STATUS_OK)
		erg_fail(err, r, "babeltrace2's plug-in 'ctf' was not found (package babeltrace2)");
	else if (!source || !params || !graph)
		r = erg_fail_errno(err, -ENOMEM, "%s", dir);
	else if (run_graph(graph, source,
			 bt_plugin_borrow_sink_component_class_by_name_const(plugin, "fs"), params,
			 f) < 0)
		r = f->err.code ? erg_fail(err, f->err.code, "%s", f->err.msg)
				: fail_babeltrace(dir, err);
	else
		r = 0;
	if (r < 0)
		return r; /* see above */
	bt_graph_put_ref(graph);
	erg_schema_release(&f->schema);
	bt_value_put_ref(params);
	bt_component_class_source_put_ref(source);
	bt_plugin_put_ref(plugin);
	return 0;
}

enum { CHUNK_DONE = 1, CHUNK_LAST }; /* codes of words that are no verdict */

/* A word is shorter than PIPE_BUF, so it comes whole. */
static bool send_word(int to, const struct erg_err *word)
{
	return write(to, word, sizeof(*word)) == (ssize_t)sizeof(*word);
}

/* Chunk after chunk, each with all definitions, from where the one before ended. */
static int write_chunks(struct erg_feed *f, const char *dir, int to, struct erg_err *err)
{
	unsigned int chunk = 0;
	int r = 0;

	while (r == 0 && !f->finished) {
		_cleanup_(erg_freep) char *path = NULL;

		if (asprintf(&path, "%s/%04u", dir, chunk++) < 0) {
			path = NULL;
			return erg_fail_errno(err, -ENOMEM, "%s", dir);
		}
		f->at = ERG_FEED_START;
		f->definition = 0;
		f->defined = false;
		f->in_chunk = 0;
		r = write_trace(f, path, err);
		if (r == 0 &&
			!send_word(to,
				&(struct erg_err){.code = f->finished ? CHUNK_LAST : CHUNK_DONE}))
			r = erg_fail_errno(err, -errno, "%s", path);
	}
	tell_progress(f);
	return r;
}

/* What the child says: *word. False when it died, or when it is to be stopped. */
static bool take_word(int fd, const volatile int *interrupted, struct erg_err *word)
{
	ssize_t n;

	do
		if (interrupted && *interrupted)
			return false;
	while ((n = read(fd, word, sizeof(*word))) < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*word);
}

/* Hands the chunks on as they come; the child's verdict, or nothing when it died. */
static int follow(const struct erg_import_trace *what, int fd, pid_t child, const char *dir,
	struct erg_err *err)
{
	struct erg_err word = {0};
	unsigned int chunk = 0;
	bool told;
	int status, r = 0;

	while ((told = take_word(fd, what->interrupted, &word)) && word.code > 0 && r == 0)
		r = what->chunk ? what->chunk(what->data, chunk++, word.code == CHUNK_LAST, err)
				: 0;
	if (r < 0 || (what->interrupted && *what->interrupted))
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (what->interrupted && *what->interrupted)
		return erg_fail(err, -EINTR, "interrupted");
	if (r < 0)
		return r;
	if (!told)
		return erg_fail(err, -EIO,
			"%s: babeltrace2 died while it wrote the trace (signal %d)", dir,
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return word.code ? erg_fail(err, word.code, "%s", word.msg) : 0;
}

static int write_in_child(struct erg_feed *f, const char *dir, struct erg_err *err)
{
	_cleanup_(erg_closep) int from = -1, to = -1;
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return erg_fail_errno(err, -errno, "%s", dir);
	from = fds[0];
	to = fds[1];
	child = fork();
	if (child < 0)
		return erg_fail_errno(err, -errno, "%s", dir);
	if (child == 0) {
		struct erg_err verdict = {0};

		write_chunks(f, dir, to, &verdict);
		_exit(send_word(to, &verdict) ? 0 : 1);
	}
	close(erg_steal_fd(&to));
	return follow(f->what, from, child, dir, err);
}

int erg_import_write(const struct erg_import_trace *what, const char *dir, struct erg_err *err)
{
	struct erg_feed f;
	int r = erg_feed_init(&f, what);

	if (r < 0)
		return erg_fail_errno(err, r, "%s", dir);
	r = write_in_child(&f, dir, err);
	free(f.edges);
	return r;
}
