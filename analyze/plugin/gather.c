/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One decoder for each stream of the graph, all into one set of tables; at the end the tables take
 * the same way as those of a chunk: written out, mapped, joined. So a figure cannot differ from
 * erg-analyze's by another way of reading.
 */
#include "analyze/plugin/gather.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "analyze/reader/event.h"
#include "analyze/reader/join.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

struct feed {
	const bt_stream *stream; /* a reference, so that no other gets its address */
	struct erg_decoder *decoder;
	size_t index; /* of the tables */
};

struct erg_gather {
	struct erg_tables tables;
	struct feed *feeds;
	size_t n, last;
};

int erg_gather_new(struct erg_gather **ret, struct erg_err *err)
{
	struct erg_gather *g = calloc(1, sizeof(*g));

	if (!g || erg_tables_init(&g->tables) < 0) {
		free(g);
		return erg_fail(err, -ENOMEM, "out of memory");
	}
	*ret = g;
	return 0;
}

static void drop_feeds(struct erg_gather *g)
{
	for (size_t i = 0; i < g->n; i++) {
		erg_decoder_free(g->feeds[i].decoder);
		bt_stream_put_ref(g->feeds[i].stream);
	}
	free(g->feeds);
	g->feeds = NULL;
	g->n = 0;
}

void erg_gather_free(struct erg_gather *g)
{
	if (!g)
		return;
	drop_feeds(g);
	erg_tables_release(&g->tables);
	free(g);
}

static const bt_stream *stream_of(const bt_message *m)
{
	switch (bt_message_get_type(m)) {
	case BT_MESSAGE_TYPE_EVENT:
		return bt_event_borrow_stream_const(bt_message_event_borrow_event_const(m));
	case BT_MESSAGE_TYPE_STREAM_BEGINNING:
		return bt_message_stream_beginning_borrow_stream_const(m);
	case BT_MESSAGE_TYPE_DISCARDED_EVENTS:
		return bt_message_discarded_events_borrow_stream_const(m);
	case BT_MESSAGE_TYPE_DISCARDED_PACKETS:
		return bt_message_discarded_packets_borrow_stream_const(m);
	default:
		return NULL;
	}
}

static struct feed *feed_of(struct erg_gather *g, const bt_stream *stream)
{
	struct feed *f;
	size_t index;

	if (g->last < g->n && g->feeds[g->last].stream == stream)
		return &g->feeds[g->last];
	for (size_t i = 0; i < g->n; i++)
		if (g->feeds[i].stream == stream)
			return &g->feeds[g->last = i];
	f = erg_noted(realloc(g->feeds, (g->n + 1) * sizeof(*f)));
	if (!f)
		return NULL;
	g->feeds = f;
	f += g->n;
	if (erg_tables_stream_new(&g->tables, &index) < 0)
		return NULL;
	*f = (struct feed){.stream = stream,
		.decoder = erg_decoder_new(&g->tables, index),
		.index = index};
	if (!f->decoder)
		return NULL;
	bt_stream_get_ref(stream);
	g->last = g->n++;
	return f;
}

/* A stream without a clock has no times that could be compared with the others'. */
static bool timed(const bt_stream *stream)
{
	return bt_stream_class_borrow_default_clock_class_const(
		       bt_stream_borrow_class_const(stream)) != NULL;
}

int erg_gather_message(struct erg_gather *g, const bt_message *m, struct erg_gathered *ret,
	struct erg_err *err)
{
	const bt_stream *stream = stream_of(m);
	const struct erg_chunk_interval *iv;
	const struct erg_chunk_thread *t;
	struct erg_tables_stream *s;
	struct feed *f;
	size_t before;

	if (!stream || !timed(stream))
		return 0;
	f = feed_of(g, stream);
	if (!f)
		return erg_fail(err, -ENOMEM, "out of memory for a stream");
	before = g->tables.streams[f->index].n;
	if (erg_decoder_message(f->decoder, m) < 0)
		return erg_fail(err, -ENOMEM, "out of memory for events");
	s = &g->tables.streams[f->index];
	if (s->n == before)
		return 0;
	iv = &s->iv[s->n - 1];
	t = &g->tables.threads[iv->thread];
	if (ret)
		*ret = (struct erg_gathered){t->pid, t->tid, iv->iteration, t->span, iv->begin,
			iv->end};
	return 1;
}

void erg_gather_forget(struct erg_gather *g)
{
	struct erg_tables *t = &g->tables;

	for (size_t i = 0; i < t->n_streams; i++)
		t->streams[i].n = 0;
	for (size_t i = 0; i < t->n_sources; i++)
		t->sources[i].n = 0;
	t->n_counted = 0;
	json_array_clear(t->defs);
}

/* The tables as a chunk's decoder hands them over. */
static int to_chunk(struct erg_gather *g, struct erg_worker_chunk *c, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = memfd_create("erg-gather", MFD_CLOEXEC);
	struct stat st;
	void *p;
	int r;

	if (fd < 0)
		return erg_fail_errno(err, -errno, "memory for the events");
	r = erg_tables_write(&g->tables, fd, err);
	if (r < 0)
		return r;
	p = fstat(fd, &st) ? MAP_FAILED
			   : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return erg_fail_errno(err, -errno, "memory for the events");
	snprintf(c->name, sizeof(c->name), "stream");
	c->h = p;
	c->size = (size_t)st.st_size;
	drop_feeds(g); /* their decoders fill streams of the tables that are gone */
	erg_tables_release(&g->tables);
	return erg_tables_init(&g->tables) < 0 ? erg_fail(err, -ENOMEM, "out of memory") : 0;
}

int erg_gather_timeline(struct erg_gather *g, const struct erg_gather_options *opt,
	struct erg_timeline **ret, struct erg_err *err)
{
	_cleanup_(erg_timeline_freep) struct erg_timeline *tl = calloc(1, sizeof(*tl));
	_cleanup_(erg_worker_unmap) struct erg_worker_chunk c = {0};
	int r;

	if (!tl || !(tl->archive = strdup(opt->run ? opt->run : "(stream)")) ||
		!(tl->warnings = json_array()))
		return erg_fail(err, -ENOMEM, "out of memory");
	r = opt->run ? erg_reader_documents(opt->run, tl, err) : 0;
	if (!r && !tl->manifest && !(tl->manifest = json_object()))
		return erg_fail(err, -ENOMEM, "out of memory");
	if (!r)
		r = to_chunk(g, &c, err);
	if (!r)
		r = erg_join_timeline(tl, &c, 1, err);
	if (r >= 0)
		r = erg_reader_finish(tl, opt->common.reader.sensor, &c, 1, err);
	if (r < 0)
		return r;
	*ret = erg_steal_ptr(&tl);
	return 0;
}
