/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of a chunk. A stream's instances come in the order of their ends; in the order of their
 * begins, which everything later wants, only enclosing layers are out of place, by as many places
 * as they have inner layers. Insertion sort moves just those; the streams (one a CPU) are then
 * merged. So ordering costs little, and no heap of all events is needed.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/reader/tables.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

int erg_tables_init(struct erg_tables *t)
{
	*t = (struct erg_tables){.defs = json_array(), .first_ns = UINT64_MAX};
	return t->defs ? 0 : -ENOMEM;
}

void erg_tables_release(struct erg_tables *t)
{
	for (size_t i = 0; i < t->n_streams; i++)
		free(t->streams[i].iv);
	for (size_t i = 0; i < t->n_sources; i++)
		free(t->sources[i].rows);
	free(t->streams);
	free(t->sources);
	free(t->threads);
	free(t->counted);
	json_decref(t->defs);
}

static bool grow_table(void *pp, size_t *cap, size_t need, size_t size)
{
	size_t to = *cap ? *cap + *cap / 2 : 256;
	void *p;

	if (need <= *cap)
		return true;
	to = to < need ? need : to;
	p = erg_noted(realloc(*(void **)pp, to * size));
	if (!p)
		return false;
	*(void **)pp = p;
	*cap = to;
	return true;
}

int erg_tables_stream_new(struct erg_tables *t, size_t *ret)
{
	struct erg_tables_stream *s = realloc(t->streams, (t->n_streams + 1) * sizeof(*s));

	if (!s)
		return -ENOMEM;
	t->streams = s;
	*ret = t->n_streams;
	s[t->n_streams++] = (struct erg_tables_stream){0};
	return 0;
}

int erg_tables_thread(struct erg_tables *t, uint32_t pid, uint32_t tid, bool span)
{
	const struct erg_chunk_thread *l = t->n_threads ? &t->threads[t->last_thread] : NULL;
	struct erg_chunk_thread *p;

	if (l && l->pid == pid && l->tid == tid && l->span == span)
		return t->last_thread;
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].pid == pid && t->threads[i].tid == tid &&
			t->threads[i].span == span)
			return t->last_thread = (uint16_t)i;
	if (t->n_threads == UINT16_MAX)
		return -E2BIG;
	p = realloc(t->threads, (t->n_threads + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	t->threads = p;
	p[t->n_threads] = (struct erg_chunk_thread){pid, tid, span, 0};
	return t->last_thread = (uint16_t)t->n_threads++;
}

struct erg_chunk_interval *erg_tables_interval(struct erg_tables *t, size_t stream)
{
	struct erg_tables_stream *s = &t->streams[stream];

	return grow_table(&s->iv, &s->cap, s->n + 1, sizeof(*s->iv)) ? &s->iv[s->n++] : NULL;
}

int64_t *erg_tables_counted(struct erg_tables *t, size_t n, uint32_t *ret_index)
{
	const size_t words = 2 + ERG_TABLES_COUNTERS_MAX;
	int64_t *row;

	if (n > ERG_TABLES_COUNTERS_MAX || t->n_counted >= UINT32_MAX - 1 ||
		!grow_table(&t->counted, &t->cap_counted, t->n_counted + 1, words * sizeof(*row)))
		return NULL;
	row = t->counted + t->n_counted * words;
	for (size_t i = 2; i < words; i++)
		row[i] = INT64_MIN;
	t->stride = n > t->stride ? n : t->stride;
	*ret_index = (uint32_t)t->n_counted++;
	return row;
}

int64_t *erg_tables_reading(struct erg_tables *t, uint32_t pid, uint32_t source, uint32_t channels)
{
	struct erg_tables_source *s = NULL;

	for (size_t i = 0; i < t->n_sources && !s; i++)
		if (t->sources[i].source == source && t->sources[i].pid == pid)
			s = &t->sources[i];
	if (!s) {
		s = erg_noted(realloc(t->sources, (t->n_sources + 1) * sizeof(*s)));
		if (!s)
			return NULL;
		t->sources = s;
		s += t->n_sources++;
		*s = (struct erg_tables_source){.pid = pid, .source = source, .channels = channels};
	}
	if (s->channels != channels ||
		!grow_table(&s->rows, &s->cap, s->n + 1, (3 + (size_t)channels) * sizeof(*s->rows)))
		return NULL;
	return s->rows + (3 + (size_t)channels) * s->n++;
}

/* Earlier begin first; of two with one begin the longer first, as it encloses the other. */
static bool before(const struct erg_chunk_interval *a, const struct erg_chunk_interval *b)
{
	if (a->begin != b->begin)
		return a->begin < b->begin;
	if (a->end != b->end)
		return a->end > b->end;
	return a->thread < b->thread;
}

static int compare(const void *a, const void *b)
{
	return before(a, b) ? -1 : before(b, a) ? 1 : 0;
}

static bool same_stretch(const struct erg_chunk_interval *a, const struct erg_chunk_interval *b)
{
	return a->begin == b->begin && a->end == b->end && a->thread == b->thread &&
		a->end > a->begin;
}

/* Of instances that are the same stretch of one thread the one that ended last is around the others, and
 * comes first. They follow each other in a stream. */
static void put_outer_first(struct erg_chunk_interval *iv, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && same_stretch(&iv[i], &iv[end]); end++)
			;
		for (size_t a = i, b = end - 1; a < b; a++, b--) {
			struct erg_chunk_interval x = iv[a];

			iv[a] = iv[b];
			iv[b] = x;
		}
	}
}

/* Moves at most LIMIT places in all; returns false when the input is too far from sorted. */
static bool insertion_sort(struct erg_chunk_interval *iv, size_t n, size_t limit)
{
	size_t moved = 0;

	for (size_t i = 1; i < n; i++) {
		struct erg_chunk_interval x;
		size_t k = i;

		if (!before(&iv[i], &iv[i - 1]))
			continue;
		x = iv[i];
		while (k && before(&x, &iv[k - 1]))
			k--;
		memmove(&iv[k + 1], &iv[k], (i - k) * sizeof(x));
		iv[k] = x;
		moved += i - k;
		if (moved > limit)
			return false;
	}
	return true;
}

/* Does the next instance of stream A come before that of B? Of equal ones, the first stream's. */
static bool stream_before(const struct erg_tables *t, const size_t *at, long a, long b)
{
	const struct erg_chunk_interval *x = &t->streams[a].iv[at[a]];
	const struct erg_chunk_interval *y = &t->streams[b].iv[at[b]];

	return before(x, y) || (a < b && !before(y, x));
}

/* The stream whose next instance comes first, or -1; all but stream EXCEPT. */
static long next_stream(const struct erg_tables *t, const size_t *at, long except)
{
	long best = -1;

	for (long s = 0; s < (long)t->n_streams; s++)
		if (s != except && at[s] < t->streams[s].n &&
			(best < 0 || stream_before(t, at, s, best)))
			best = s;
	return best;
}

static int write_all(int fd, const void *data, size_t len, uint64_t *offset)
{
	const char *p = data;

	while (len) {
		ssize_t r = pwrite(fd, p, len, (off_t)*offset);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		p += r;
		len -= (size_t)r;
		*offset += (uint64_t)r;
	}
	return 0;
}

#define BATCH 4096

static int write_intervals(struct erg_tables *t, int fd, uint64_t *offset, uint64_t *ret_n)
{
	_cleanup_(erg_freep) struct erg_chunk_interval *buf = malloc(BATCH * sizeof(*buf));
	_cleanup_(erg_freep) size_t *at = calloc(t->n_streams + 1, sizeof(*at));
	size_t n = 0;
	int r = buf && at ? 0 : -ENOMEM;

	for (size_t s = 0; !r && s < t->n_streams; s++) {
		struct erg_tables_stream *st = &t->streams[s];

		put_outer_first(st->iv, st->n);
		if (!insertion_sort(st->iv, st->n, 256 * st->n + 4096))
			erg_sort(st->iv, st->n, sizeof(*st->iv), compare);
	}
	for (long s; !r && (s = next_stream(t, at, -1)) >= 0;) {
		long rival = next_stream(t, at, s);

		do { /* a thread stays on its CPU for a while */
			buf[n++] = t->streams[s].iv[at[s]++];
			++*ret_n;
			if (n == BATCH) {
				r = write_all(fd, buf, n * sizeof(*buf), offset);
				n = 0;
			}
		} while (!r && at[s] < t->streams[s].n &&
			(rival < 0 || stream_before(t, at, s, rival)));
	}
	return r ? r : write_all(fd, buf, n * sizeof(*buf), offset);
}

static int write_counted(const struct erg_tables *t, int fd, uint64_t *offset)
{
	int r = 0;

	for (size_t i = 0; !r && i < t->n_counted; i++)
		r = write_all(fd, t->counted + i * (2 + ERG_TABLES_COUNTERS_MAX),
			(2 + t->stride) * sizeof(int64_t), offset);
	return r;
}

static int write_sources(const struct erg_tables *t, int fd, uint64_t *offset,
	struct erg_chunk_header *h)
{
	_cleanup_(erg_freep) struct erg_chunk_source *list =
		calloc(t->n_sources + 1, sizeof(*list));
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < t->n_sources; i++) {
		const struct erg_tables_source *s = &t->sources[i];

		list[i] =
			(struct erg_chunk_source){s->pid, s->source, s->channels, 0, s->n, *offset};
		r = write_all(fd, s->rows, s->n * (3 + (size_t)s->channels) * sizeof(*s->rows),
			offset);
	}
	h->n_sources = t->n_sources;
	h->sources = *offset;
	return r ? r : write_all(fd, list, t->n_sources * sizeof(*list), offset);
}

int erg_tables_write(struct erg_tables *t, int fd, struct erg_err *err)
{
	struct erg_chunk_header h = {.magic = ERG_CHUNK_MAGIC,
		.events = t->events,
		.first_ns = t->first_ns,
		.last_ns = t->last_ns,
		.n_threads = t->n_threads,
		.n_counted = t->n_counted,
		.counter_stride = t->stride};
	_cleanup_(erg_freep) char *json = json_dumps(t->defs, JSON_COMPACT);
	uint64_t offset = sizeof(h), zero = 0;
	int r;

	if (!json || erg_memory_starved())
		return erg_fail(err, -ENOMEM, "out of memory for definitions");
	memcpy(h.error, t->error, sizeof(h.error));
	h.intervals = offset;
	r = write_intervals(t, fd, &offset, &h.n_intervals);
	h.threads = offset;
	if (!r)
		r = write_all(fd, t->threads, t->n_threads * sizeof(*t->threads), &offset);
	h.counted = offset;
	if (!r)
		r = write_counted(t, fd, &offset);
	if (!r)
		r = write_sources(t, fd, &offset, &h);
	h.json = offset;
	h.json_len = strlen(json);
	if (!r)
		r = write_all(fd, json, h.json_len + 1, &offset);
	if (!r)
		r = write_all(fd, &h, sizeof(h), &zero);
	return r ? erg_fail_errno(err, r, "cannot hand over the decoded chunk") : 0;
}
