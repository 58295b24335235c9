/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes an imported log as CTF 1.8: a babeltrace2 graph of two components, a source of ours that
 * makes the messages and the ctf plug-in's file system sink. Definitions come first; then readings,
 * layers and phases are merged in the order of their times. One packet holds so many events that
 * it stays near a mebibyte.
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

#include "formats/util.h"
#include "record/import.h"
#include "record/import_schema.h"

#define EVENTS_PER_PACKET 16384u
#define EVENTS_PER_CHUNK 2000000u /* near 100 MB, a second of decoding */

enum { PID_RECORDER = 1, PID_APP = 2, TID_RECORDER = 1 };

struct phase_edge {
	int64_t t;
	bool end;
	const char *name;
};

struct feed {
	const struct erg_import_trace *what;
	struct erg_schema schema;
	struct phase_edge *edges;
	size_t n_edges;
	enum { AT_START, AT_EVENTS, AT_STREAM_END, AT_END } at;
	bt_packet *packet; /* open one */
	uint64_t in_packet, in_chunk, now;
	size_t definition, row, span, edge;
	uint32_t source; /* next one of this row */
	bool finished;   /* there is no datum left */
	struct erg_err err;
};

/* ---- one event ---- */

static bt_message *new_event(struct feed *f, bt_self_message_iterator *it, enum erg_event e,
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
	bt_field_integer_signed_set_value(
		bt_field_structure_borrow_member_field_by_index(context, 0), pid);
	bt_field_integer_signed_set_value(
		bt_field_structure_borrow_member_field_by_index(context, 1), tid);
	*ret = (struct erg_cursor){bt_event_borrow_payload_field(event), 0};
	return m;
}

static uint64_t on_trace(const struct feed *f, int64_t t)
{
	return (uint64_t)(t - f->what->origin_ns);
}

/* ---- definitions ---- */

static int put_process(struct feed *f, struct erg_cursor *c, bool app)
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

static int put_source(struct feed *f, struct erg_cursor *c, uint32_t source)
{
	const struct erg_import_log *log = f->what->log;
	const struct erg_import_channel *first = first_of(log, source);
	const struct erg_sensor_model *m = &first->model;
	int r;

	erg_put_unsigned(c, source);
	r = erg_put_string(c, f->what->kind) || erg_put_string(c, log->path) ||
		erg_put_string(c, erg_source_class_name(erg_import_class(first)));
	erg_put_unsigned(c, 0);
	r = r || erg_put_string(c, erg_sensor_kind_name(m->kind)) ||
		erg_put_string(c, erg_provenance_name(m->provenance));
	erg_put_unsigned(c, m->window_ns);
	erg_put_unsigned(c, m->period_ns);
	erg_put_signed(c, m->lag_ns);
	erg_put_unsigned(c, m->lag_u_ns);
	erg_put_real(c, m->alpha);
	erg_put_unsigned(c, log->interval_ns);
	erg_put_unsigned(c, channels_of(log, source));
	return r;
}

static int put_channel(struct feed *f, struct erg_cursor *c, size_t i)
{
	const struct erg_import_log *log = f->what->log;
	const struct erg_import_channel *ch = &log->channels[i];
	const struct erg_channel_def *d = &ch->def;
	uint32_t index = 0;
	int r;

	for (size_t k = 0; k < i; k++)
		index += log->channels[k].source == ch->source;
	erg_put_unsigned(c, ch->source);
	erg_put_unsigned(c, index);
	r = erg_put_string(c, d->rail) || erg_put_string(c, d->parent) ||
		erg_put_string(c, erg_quantity_name(d->quantity)) || erg_put_string(c, d->unit);
	erg_put_real(c, d->scale);
	erg_put_unsigned(c, d->wrap);
	erg_put_real(c, d->lsb);
	erg_put_real(c, d->offset_max);
	erg_put_real(c, d->gain_max);
	return r;
}

static int put_layer(struct erg_cursor *c, const struct erg_import_layer_def *d, uint32_t id)
{
	bt_field *none;
	int r;

	erg_put_unsigned(c, id);
	erg_put_unsigned(c, d->parent);
	erg_put_unsigned(c, d->level);
	r = erg_put_string(c, d->name) || erg_put_string(c, d->type) || erg_put_string(c, d->network);
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

/* The definition number I; NULL with *ret_end set when there are no more. */
static bt_message *next_definition(struct feed *f, bt_self_message_iterator *it, bool *ret_end)
{
	const struct erg_import_layers *l = f->what->layers;
	const size_t counts[] = {1, erg_import_sources(f->what->log), f->what->log->n_channels,
		l ? 1 : 0, l ? l->n_tracks : 0, l ? l->n_counters : 0, l ? l->n_defs : 0};
	static const enum erg_event kinds[] = {ERG_EV_PROCESS_DEFINE, ERG_EV_SOURCE_DEFINE,
		ERG_EV_CHANNEL_DEFINE, ERG_EV_PROCESS_DEFINE, ERG_EV_TRACK_DEFINE,
		ERG_EV_COUNTER_DEFINE, ERG_EV_LAYER_DEFINE};
	size_t i = f->definition, k = 0;
	struct erg_cursor c;
	bt_message *m;
	int r = 0;

	while (k < ERG_ARRAY_SIZE(counts) && i >= counts[k])
		i -= counts[k++];
	*ret_end = k == ERG_ARRAY_SIZE(counts);
	if (*ret_end)
		return NULL;
	m = new_event(f, it, kinds[k], f->now, k < 3 ? PID_RECORDER : PID_APP,
		k < 3 ? TID_RECORDER : 2, &c);
	if (!m)
		return NULL;
	switch (k) {
	case 0:
	case 3: r = put_process(f, &c, k == 3); break;
	case 1: r = put_source(f, &c, (uint32_t)i); break;
	case 2: r = put_channel(f, &c, i); break;
	case 4:
		r = put_named(&c, (uint32_t)i + 1, l->tracks[i]);
		erg_put_unsigned(&c, strcasestr(l->tracks[i], "gpu") != NULL);
		break;
	case 5: r = put_named(&c, (uint32_t)i, l->counters[i]) || erg_put_string(&c, "import"); break;
	default: r = put_layer(&c, &l->defs[i], (uint32_t)i + 1); break;
	}
	f->definition++;
	if (r)
		bt_message_put_ref(m);
	return r ? NULL : m;
}

/* ---- data ---- */

static bt_message *sample(struct feed *f, bt_self_message_iterator *it)
{
	static const enum erg_event kinds[ERG_CLASS_N] = {ERG_EV_POWER_SAMPLE,
		ERG_EV_THERMAL_SAMPLE, ERG_EV_FREQUENCY_SAMPLE, ERG_EV_UTILIZATION_SAMPLE};
	const struct erg_import_log *log = f->what->log;
	const struct erg_import_channel *first = first_of(log, f->source);
	struct erg_cursor c;
	bt_message *m = new_event(f, it, kinds[erg_import_class(first)], f->now, PID_RECORDER,
		TID_RECORDER, &c);
	bt_field *values;
	uint64_t i = 0;

	if (!m)
		return NULL;
	erg_put_unsigned(&c, f->source);
	erg_put_unsigned(&c, f->now);
	erg_put_unsigned(&c, f->now);
	erg_put_unsigned(&c, 0);
	if (erg_put_sequence(&c, channels_of(log, f->source), &values) < 0) {
		bt_message_put_ref(m);
		return NULL;
	}
	for (size_t k = 0; k < log->n_channels; k++)
		if (log->channels[k].source == f->source)
			erg_put_element(values, i++, log->channels[k].raw[f->row]);
	return m;
}

static bt_message *next_sample(struct feed *f, bt_self_message_iterator *it)
{
	bt_message *m = sample(f, it);

	if (++f->source == erg_import_sources(f->what->log)) {
		f->source = 0;
		f->row++;
	}
	return m;
}

static bt_message *next_span(struct feed *f, bt_self_message_iterator *it)
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

static bt_message *next_edge(struct feed *f, bt_self_message_iterator *it)
{
	const struct phase_edge *e = &f->edges[f->edge++];
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
static bt_message *next_datum(struct feed *f, bt_self_message_iterator *it, bool *ret_end)
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
	return t == edge ? next_edge(f, it) : next_sample(f, it);
}

/* ---- the stream of messages ---- */

static bt_message *begin_packet(struct feed *f, bt_self_message_iterator *it)
{
	f->packet = bt_packet_create(f->schema.stream);
	f->in_packet = 0;
	return f->packet ? bt_message_packet_beginning_create_with_default_clock_snapshot(it,
		f->packet, f->now) : NULL;
}

static bt_message *end_packet(struct feed *f, bt_self_message_iterator *it)
{
	bt_message *m = bt_message_packet_end_create_with_default_clock_snapshot(it, f->packet,
		f->now);

	BT_PACKET_PUT_REF_AND_RESET(f->packet);
	return m;
}

/* NULL is a failure, except at AT_END. */
static bt_message *next_message(struct feed *f, bt_self_message_iterator *it)
{
	bt_message *m;
	bool end;

	switch (f->at) {
	case AT_START:
		f->at = AT_EVENTS;
		return bt_message_stream_beginning_create(it, f->schema.stream);
	case AT_EVENTS:
		if (!f->packet)
			return begin_packet(f, it);
		if (f->in_packet == EVENTS_PER_PACKET)
			return end_packet(f, it);
		m = next_definition(f, it, &end);
		if (!m && end && f->in_chunk++ < EVENTS_PER_CHUNK) {
			m = next_datum(f, it, &end);
			f->finished = !m && end;
		}
		if (!m && end) {
			f->at = AT_STREAM_END;
			return end_packet(f, it);
		}
		f->in_packet++;
		return m;
	case AT_STREAM_END:
		f->at = AT_END;
		return bt_message_stream_end_create(it, f->schema.stream);
	default:
		return NULL;
	}
}

static bt_message_iterator_class_next_method_status iterate(bt_self_message_iterator *it,
	bt_message_array_const messages, uint64_t capacity, uint64_t *count)
{
	struct feed *f = bt_self_component_get_data(bt_self_message_iterator_borrow_component(it));

	*count = 0;
	if (f->what->interrupted && *f->what->interrupted) {
		erg_fail(&f->err, -EINTR, "interrupted");
		return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_ERROR;
	}
	while (*count < capacity && f->at != AT_END) {
		bt_message *m = next_message(f, it);

		if (!m) {
			while (*count > 0)
				bt_message_put_ref(messages[--*count]);
			return BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_MEMORY_ERROR;
		}
		messages[(*count)++] = m;
	}
	return *count ? BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_OK :
			BT_MESSAGE_ITERATOR_CLASS_NEXT_METHOD_STATUS_END;
}

static bt_component_class_initialize_method_status initialize(bt_self_component_source *self,
	bt_self_component_source_configuration *config, const bt_value *params, void *data)
{
	bt_self_component *component = bt_self_component_source_as_self_component(self);
	struct feed *f = data;

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

static bt_value *sink_params(const char *dir)
{
	bt_value *p = bt_value_map_create();

	if (p && (bt_value_map_insert_string_entry(p, "path", dir) ||
			 bt_value_map_insert_bool_entry(p, "assume-single-trace", BT_TRUE) ||
			 bt_value_map_insert_bool_entry(p, "quiet", BT_TRUE)))
		BT_VALUE_PUT_REF_AND_RESET(p);
	return p;
}

static int run_graph(bt_graph *graph, const bt_component_class_source *source,
	const bt_component_class_sink *sink, const bt_value *params, struct feed *f)
{
	const bt_component_source *from;
	const bt_component_sink *to;

	if (bt_graph_add_source_component_with_initialize_method_data(graph, source, "log", NULL, f,
		    BT_LOGGING_LEVEL_NONE, &from) ||
		bt_graph_add_sink_component(graph, sink, "ctf", params, BT_LOGGING_LEVEL_NONE, &to) ||
		bt_graph_connect_ports(graph,
			bt_component_source_borrow_output_port_by_index_const(from, 0),
			bt_component_sink_borrow_input_port_by_index_const(to, 0), NULL))
		return -EIO;
	return bt_graph_run(graph) == BT_GRAPH_RUN_STATUS_OK ? 0 : -EIO;
}

static int write_trace(struct feed *f, const char *dir, struct erg_err *err)
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
			 bt_plugin_borrow_sink_component_class_by_name_const(plugin, "fs"), params, f) <
		0)
		r = f->err.code ? erg_fail(err, f->err.code, "%s", f->err.msg) :
				  fail_babeltrace(dir, err);
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

/* Chunk after chunk, each with all definitions, from where the one before ended. */
static int write_chunks(struct feed *f, const char *dir, struct erg_err *err)
{
	unsigned int chunk = 0;
	int r = 0;

	while (r == 0 && !f->finished) {
		_cleanup_(erg_freep) char *path = NULL;

		if (asprintf(&path, "%s/%04u", dir, chunk++) < 0) {
			path = NULL;
			return erg_fail_errno(err, -ENOMEM, "%s", dir);
		}
		f->at = AT_START;
		f->definition = 0;
		f->in_chunk = 0;
		r = write_trace(f, path, err);
	}
	return r;
}

/* What the child says before it ends; nothing when it died. */
static int take_verdict(int fd, pid_t child, const volatile int *interrupted, const char *dir,
	struct erg_err *err)
{
	struct erg_err verdict = {0};
	ssize_t n;
	int status;

	while ((n = read(fd, &verdict, sizeof(verdict))) < 0 && errno == EINTR)
		if (interrupted && *interrupted)
			kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (interrupted && *interrupted)
		return erg_fail(err, -EINTR, "interrupted");
	if (n != (ssize_t)sizeof(verdict))
		return erg_fail(err, -EIO, "%s: babeltrace2 died while it wrote the trace (signal %d)",
			dir, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return verdict.code ? erg_fail(err, verdict.code, "%s", verdict.msg) : 0;
}

static int write_in_child(struct feed *f, const char *dir, struct erg_err *err)
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
		ssize_t n;

		write_chunks(f, dir, &verdict);
		n = write(to, &verdict, sizeof(verdict));
		_exit(n == (ssize_t)sizeof(verdict) ? 0 : 1);
	}
	close(erg_steal_fd(&to));
	return take_verdict(from, child, f->what->interrupted, dir, err);
}

/* ---- phases as edges ---- */

static int compare_edges(const void *a, const void *b)
{
	const struct phase_edge *x = a, *y = b;

	return x->t != y->t ? (x->t < y->t ? -1 : 1) : (int)y->end - (int)x->end;
}

static void add_edges(struct feed *f, const struct erg_import_phase *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i].end <= p[i].begin)
			continue;
		f->edges[f->n_edges++] = (struct phase_edge){p[i].begin, false, p[i].name};
		f->edges[f->n_edges++] = (struct phase_edge){p[i].end, true, p[i].name};
	}
}

int erg_import_write(const struct erg_import_trace *what, const char *dir, struct erg_err *err)
{
	size_t phases = what->log->n_phases + (what->layers ? what->layers->n_phases : 0);
	struct feed f = {.what = what, .edges = calloc(2 * phases + 1, sizeof(*f.edges))};
	int r;

	if (!f.edges)
		return erg_fail_errno(err, -ENOMEM, "%s", dir);
	add_edges(&f, what->log->phases, what->log->n_phases);
	if (what->layers)
		add_edges(&f, what->layers->phases, what->layers->n_phases);
	qsort(f.edges, f.n_edges, sizeof(*f.edges), compare_edges);
	/* definitions bear the first time of all, so that no message goes back */
	f.now = on_trace(&f, what->log->t[0]);
	if (f.n_edges && on_trace(&f, f.edges[0].t) < f.now)
		f.now = on_trace(&f, f.edges[0].t);
	if (what->layers && on_trace(&f, what->layers->spans[0].end) < f.now)
		f.now = on_trace(&f, what->layers->spans[0].end);
	r = write_in_child(&f, dir, err);
	free(f.edges);
	return r;
}
