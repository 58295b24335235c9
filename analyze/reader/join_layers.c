/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Instances of all chunks in one order. Chunks are sorted within and follow each other in time, so
 * a merge over the few that overlap is enough; a chunk's memory is given back as soon as it is
 * empty, which keeps the whole near one copy of the data.
 */
#include "analyze/reader/join.h"

#include <errno.h>
#include <string.h>

#include "analyze/timeline/nesting.h"
#include "formats/base/order.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

struct cursor {
	struct erg_worker_chunk *chunk;
	const struct erg_chunk_interval *iv;
	size_t at, n;
	uint32_t *tracks; /* chunk's thread to track; ERG_NONE: no instance of it came yet */
	bool *ours;
	const struct erg_chunk_thread *threads;
};

static void cursor_release(struct cursor *c)
{
	free(c->tracks);
	free(c->ours);
	c->tracks = NULL;
	c->ours = NULL;
}

static int cursor_open(struct erg_join *j, struct erg_worker_chunk *chunk, struct cursor *c)
{
	const struct erg_chunk_header *h = chunk->h;
	const char *base = (const char *)h;

	*c = (struct cursor){.chunk = chunk};
	if (!h)
		return 0;
	c->iv = (const struct erg_chunk_interval *)(base + h->intervals);
	c->n = h->n_intervals;
	c->threads = (const struct erg_chunk_thread *)(base + h->threads);
	c->tracks = calloc(h->n_threads + 1, sizeof(*c->tracks));
	c->ours = calloc(h->n_threads + 1, sizeof(*c->ours));
	if (!c->tracks || !c->ours)
		return -ENOMEM;
	for (size_t i = 0; i < h->n_threads; i++) {
		c->ours[i] = erg_join_ours(j, c->threads[i].pid);
		c->tracks[i] = ERG_NONE;
	}
	return 0;
}

static bool earlier(const struct erg_chunk_interval *a, const struct erg_chunk_interval *b)
{
	return a->begin != b->begin ? a->begin < b->begin : a->end > b->end;
}

static void *column(size_t n, size_t size)
{
	return malloc((n + 1) * size); /* untouched pages cost nothing */
}

static int allocate(struct erg_timeline *tl, size_t n, bool counted)
{
	struct erg_tl_intervals *iv = &tl->iv;

	iv->layer = column(n, sizeof(*iv->layer));
	iv->iteration = column(n, sizeof(*iv->iteration));
	iv->track = column(n, sizeof(*iv->track));
	iv->depth = column(n, sizeof(*iv->depth));
	if (!iv->layer || !iv->iteration || !iv->track || !iv->depth ||
		erg_times_reserve(&iv->begin, n) < 0 || erg_times_reserve(&iv->end, n) < 0)
		return -ENOMEM;
	if (!counted || !tl->n_counters)
		return 0;
	iv->enabled = column(n, sizeof(*iv->enabled));
	iv->running = column(n, sizeof(*iv->running));
	iv->counter = calloc(tl->n_counters + 1, sizeof(*iv->counter));
	if (!iv->enabled || !iv->running || !iv->counter)
		return -ENOMEM;
	for (size_t c = 0; c < tl->n_counters; c++) {
		iv->counter[c] = column(n, sizeof(**iv->counter));
		if (!iv->counter[c])
			return -ENOMEM;
	}
	return 0;
}

static void put_counters(struct erg_join *j, const struct cursor *c,
	const struct erg_chunk_interval *x, size_t row)
{
	struct erg_tl_intervals *iv = &j->tl->iv;
	const struct erg_chunk_header *h = c->chunk->h;
	uint32_t pid = c->threads[x->thread].pid;
	const int64_t *r;

	if (!iv->counter)
		return;
	iv->enabled[row] = iv->running[row] = 0;
	for (size_t k = 0; k < j->tl->n_counters; k++)
		iv->counter[k][row] = INT64_MIN;
	if (x->counted >= h->n_counted)
		return;
	r = (const int64_t *)((const char *)h + h->counted) +
		(size_t)x->counted * (2 + h->counter_stride);
	iv->enabled[row] = (uint64_t)r[0];
	iv->running[row] = (uint64_t)r[1];
	for (uint32_t k = 0; k < h->counter_stride; k++) {
		const struct erg_join_entry *e =
			erg_join_at(erg_join_find(j, pid, k, ERG_JOIN_COUNTER), x->end);

		if (e && e->index < j->tl->n_counters)
			iv->counter[e->index][row] = r[2 + k];
	}
}

/* What an id is of from SINCE until UNTIL, ns. */
struct memo {
	uint32_t pid, id, layer;
	uint64_t since, until;
};

#define MEMO 4096

static int put_interval(struct erg_join *j, struct cursor *c, const struct erg_chunk_interval *x,
	struct memo *memo)
{
	struct erg_tl_intervals *iv = &j->tl->iv;
	uint32_t pid = c->threads[x->thread].pid, *track = &c->tracks[x->thread];
	struct memo *m = &memo[(pid * 31 + x->id) % MEMO];

	if (!c->ours[x->thread]) {
		j->foreign++;
		return 0;
	}
	if (x->end < x->begin) {
		j->reversed++;
		return 0;
	}
	if (m->pid != pid || m->id != x->id || m->layer == ERG_NONE || x->end < m->since ||
		x->end >= m->until) {
		const struct erg_join_entry *e = erg_join_layer(j, pid, x->id, x->end);

		if (!e)
			return -ENOMEM;
		*m = (struct memo){pid, x->id, e->index, e->since,
			e->later ? e->later->since : UINT64_MAX};
		j->undefined += !e->def;
	}
	/* tracks are in the order of their first instance, whichever CPU's stream is read first */
	if (*track == ERG_NONE && (*track = erg_join_track(j, &c->threads[x->thread])) == ERG_NONE)
		return -ENOMEM;
	iv->layer[iv->n] = m->layer;
	iv->iteration[iv->n] = x->iteration;
	if (erg_times_push(&iv->begin, x->begin) < 0 || erg_times_push(&iv->end, x->end) < 0)
		return -ENOMEM;
	iv->track[iv->n] = (uint16_t)*track;
	put_counters(j, c, x, iv->n);
	iv->n++;
	return 0;
}

static void refill_cursor(struct cursor *c)
{
	if (c->at < c->n)
		return;
	erg_worker_unmap(c->chunk);
	c->iv = NULL;
}

/* The cursor whose instance comes first among those that can be; cursors are in order of their
 * first instance, so the search ends at the first that begins later. */
static struct cursor *first_cursor(struct cursor *cs, size_t n, size_t *lo)
{
	struct cursor *best = NULL;

	while (*lo < n && !cs[*lo].iv)
		++*lo;
	for (size_t i = *lo; i < n; i++) {
		if (!cs[i].iv)
			continue;
		if (best && !cs[i].at && !earlier(&cs[i].iv[0], &best->iv[best->at]))
			break;
		if (!best || earlier(&cs[i].iv[cs[i].at], &best->iv[best->at]))
			best = &cs[i];
	}
	return best;
}

static int by_first(const void *a, const void *b)
{
	const struct cursor *x = a, *y = b;

	if (!x->n || !y->n)
		return (int)(x->n > 0) - (int)(y->n > 0);
	return earlier(&x->iv[0], &y->iv[0])    ? -1
		: earlier(&y->iv[0], &x->iv[0]) ? 1
		: x->chunk < y->chunk           ? -1
						: 1;
}

#define STEP_INSTANCES 65536 /* between two looks at the clock */

/* TOTAL instances of all cursors. */
static int merge_cursors(struct erg_join *j, struct cursor *cs, size_t total)
{
	_cleanup_(erg_freep) struct memo *memo = calloc(MEMO, sizeof(*memo));
	struct cursor *c;
	size_t lo = 0, n = 0;
	int r = memo ? 0 : -ENOMEM;

	for (size_t i = 0; memo && i < MEMO; i++)
		memo[i].layer = ERG_NONE;
	for (size_t i = 0; i < j->n_chunks; i++)
		refill_cursor(&cs[i]);
	while (!r && (c = first_cursor(cs, j->n_chunks, &lo))) {
		if (!(++n % STEP_INSTANCES))
			erg_progress("joining", n, total);
		r = put_interval(j, c, &c->iv[c->at++], memo);
		refill_cursor(c);
	}
	erg_progress("joining", 1, 1);
	return r;
}

/* Depth: how many instances of the track enclose this one. */
static int set_depths(struct erg_timeline *tl)
{
	struct erg_tl_intervals *iv = &tl->iv;
	_cleanup_(erg_nesting_freep) struct erg_nesting *nesting = NULL;

	if (erg_nesting_new(tl, &nesting) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < iv->n; i++) {
		size_t around = erg_nesting_around(nesting, i);

		iv->depth[i] = around == SIZE_MAX ? 0 : (uint8_t)(iv->depth[around] + 1);
	}
	return 0;
}

int erg_join_intervals(struct erg_join *j, struct erg_err *err)
{
	struct cursor *cs = calloc(j->n_chunks + 1, sizeof(*cs));
	size_t total = 0, counted = 0;
	int r = cs ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < j->n_chunks; i++) {
		r = cursor_open(j, &j->chunks[i], &cs[i]);
		total += cs[i].n;
		counted += j->chunks[i].h ? j->chunks[i].h->n_counted : 0;
	}
	if (!r)
		r = allocate(j->tl, total, counted > 0);
	if (!r)
		erg_sort(cs, j->n_chunks, sizeof(*cs), by_first);
	if (!r)
		r = merge_cursors(j, cs, total);
	if (!r)
		r = set_depths(j->tl);
	for (size_t i = 0; cs && i < j->n_chunks; i++)
		cursor_release(&cs[i]);
	free(cs);
	return r ? erg_fail(err, r, "out of memory for %zu layer instances", total) : 0;
}
