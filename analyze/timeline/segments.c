/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sweep over the intervals in order of time. Each track has a stack of the intervals that are
 * open; its top is the innermost layer. The sweep stops wherever a top changes. Nothing here
 * assumes that intervals nest properly: one that outlives its parent simply stays the top until it
 * ends, so that hostile data costs precision and not termination.
 *
 * Layers that run at once share the time by the CPU time they used, when the counter task-clock
 * was recorded: a thread that waits in a layer for another spends nothing there.
 */
#include "analyze/timeline/segments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

struct open {
	size_t iv; /* index of the interval */
	uint64_t end;
};

struct stack {
	struct open *open; /* innermost last */
	size_t n, room;
};

struct entries {
	uint64_t begin, end;
	size_t n;
	uint32_t *class_, *iteration;
	uint16_t *track;
	float *share;
};

struct erg_segment_iter {
	const struct erg_timeline *tl;
	const uint32_t *map;
	bool device;
	const int64_t *cpu_ns; /* column of task-clock, or NULL */
	struct stack *stacks;  /* per track */
	uint16_t *active;      /* tracks whose stack is not empty */
	size_t n_active;
	size_t next;                           /* next interval to open */
	uint64_t now, next_begin;              /* of the interval NEXT; UINT64_MAX: none is left */
	struct entries entries[2], *cur, *out; /* being merged; handed out */
	bool have_cur;
};

static const struct open *top(const struct erg_segment_iter *it, size_t active)
{
	const struct stack *s = &it->stacks[it->active[active]];

	return &s->open[s->n - 1];
}

static int open_interval(struct erg_segment_iter *it, size_t i, uint64_t end)
{
	uint16_t track = it->tl->iv.track[i];
	struct stack *s = &it->stacks[track];

	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 8;
		struct open *open = reallocarray(s->open, room, sizeof(*open));

		if (!open)
			return -ENOMEM;
		s->open = open;
		s->room = room;
	}
	if (!s->n) {
		size_t k = it->n_active++;

		for (; k && it->active[k - 1] > track; k--) /* in order of tracks */
			it->active[k] = it->active[k - 1];
		it->active[k] = track;
	}
	s->open[s->n++] = (struct open){i, end};
	return 0;
}

/* Begin of interval I; UINT64_MAX behind the last. */
static uint64_t begin_of(const struct erg_segment_iter *it, size_t i)
{
	return i < it->tl->iv.n ? erg_tl_begin(&it->tl->iv, i) : UINT64_MAX;
}

/* Opens what begins at or before it->now. */
static int open_all(struct erg_segment_iter *it)
{
	const struct erg_tl_intervals *iv = &it->tl->iv;
	const uint64_t now = it->now;
	uint64_t begin = it->next_begin;
	size_t i = it->next;
	int r = 0;

	for (; i < iv->n && begin <= now && !r; begin = begin_of(it, ++i)) {
		uint64_t end = erg_tl_end(iv, i);

		if (end > now && erg_tl_track_is(&it->tl->tracks[iv->track[i]], it->device))
			r = open_interval(it, i, end);
	}
	it->next = i;
	it->next_begin = begin;
	return r;
}

/* Closes what ended at or before it->now; returns when the innermost intervals may change next. */
static uint64_t close_all(struct erg_segment_iter *it)
{
	const uint64_t now = it->now;
	uint64_t t = it->next_begin < it->tl->end ? it->next_begin : it->tl->end;
	size_t kept = 0, n = it->n_active;

	for (size_t k = 0; k < n; k++) {
		uint16_t track = it->active[k];
		struct stack *s = &it->stacks[track];
		size_t left = s->n;

		while (left && s->open[left - 1].end <= now)
			left--;
		s->n = left;
		if (!left)
			continue;
		it->active[kept++] = track;
		t = s->open[left - 1].end < t ? s->open[left - 1].end : t;
	}
	it->n_active = kept;
	return t;
}

static uint32_t mapped(const struct erg_segment_iter *it, uint32_t class_)
{
	return it->map ? it->map[class_] : class_;
}

/* CPU seconds a second of the interval, 0..1; -1 where unknown. */
static double busy(const struct erg_segment_iter *it, size_t i)
{
	const struct erg_tl_intervals *iv = &it->tl->iv;
	double w;

	if (!it->cpu_ns || it->cpu_ns[i] == INT64_MIN || erg_tl_end(iv, i) <= erg_tl_begin(iv, i))
		return -1;
	w = (double)it->cpu_ns[i] / (double)erg_tl_duration(iv, i);
	return w < 0 ? 0 : w > 1 ? 1 : w;
}

static void fill_shares(const struct erg_segment_iter *it, struct entries *e)
{
	double sum = 0;
	bool known = e->n > 1;

	for (size_t k = 0; k < e->n && known; k++) {
		double w = busy(it, top(it, k)->iv);

		known = w >= 0;
		e->share[k] = (float)w;
		sum += w;
	}
	for (size_t k = 0; k < e->n; k++)
		e->share[k] = known && sum > 0 ? (float)(e->share[k] / sum) : 1 / (float)e->n;
}

static void fill_segment(const struct erg_segment_iter *it, uint64_t end, struct entries *e)
{
	const struct erg_tl_intervals *iv = &it->tl->iv;

	e->begin = it->now;
	e->end = end;
	e->n = it->n_active;
	if (e->n == 1) {
		size_t i = top(it, 0)->iv;

		e->class_[0] = mapped(it, iv->layer[i]);
		e->iteration[0] = iv->iteration[i];
		e->track[0] = it->active[0];
		e->share[0] = 1;
		return;
	}
	for (size_t k = 0; k < e->n; k++) {
		size_t i = top(it, k)->iv;

		e->class_[k] = mapped(it, iv->layer[i]);
		e->iteration[k] = iv->iteration[i];
		e->track[k] = it->active[k];
	}
	fill_shares(it, e);
	if (!e->n) {
		e->n = 1;
		e->class_[0] = mapped(it, (uint32_t)it->tl->n_layers);
		e->iteration[0] = 0;
		e->track[0] = 0;
		e->share[0] = 1;
	}
}

static bool same(const struct entries *a, const struct entries *b)
{
	if (a->n == 1 && b->n == 1) /* nearly always */
		return a->end == b->begin && a->class_[0] == b->class_[0] &&
			a->iteration[0] == b->iteration[0];
	return a->end == b->begin && a->n == b->n &&
		!memcmp(a->class_, b->class_, a->n * sizeof(*a->class_)) &&
		!memcmp(a->iteration, b->iteration, a->n * sizeof(*a->iteration)) &&
		!memcmp(a->share, b->share, a->n * sizeof(*a->share));
}

static void hand_out(const struct entries *e, struct erg_segment *ret)
{
	*ret = (struct erg_segment){e->begin, e->end, e->n, e->class_, e->iteration, e->track,
		e->share};
}

/* Makes the next raw segment into it->out. 1, 0 at the end. */
static int advance(struct erg_segment_iter *it)
{
	uint64_t t;
	int r;

	if (it->now >= it->tl->end)
		return 0;
	r = open_all(it);
	if (r < 0)
		return r;
	t = close_all(it);
	fill_segment(it, t, it->out);
	it->now = t;
	return 1;
}

int erg_segment_next(struct erg_segment_iter *it, struct erg_segment *ret, struct erg_err *err)
{
	struct entries *cur;
	int r;

	if (!it->map) { /* every segment differs from its neighbour */
		r = advance(it);
		if (r > 0)
			hand_out(it->out, ret);
		return r < 0 ? erg_fail_errno(err, r, "segments") : r;
	}
	while ((r = advance(it)) > 0) {
		cur = it->cur;
		if (it->have_cur && same(cur, it->out)) {
			cur->end = it->out->end;
			continue;
		}
		it->cur = it->out; /* what was gathered goes out, what differs is gathered */
		it->out = cur;
		if (it->have_cur) {
			hand_out(cur, ret);
			return 1;
		}
		it->have_cur = true;
	}
	if (r < 0)
		return erg_fail_errno(err, r, "segments");
	if (!it->have_cur)
		return 0;
	it->have_cur = false;
	hand_out(it->cur, ret);
	return 1;
}

static int alloc_entries(struct entries *e, size_t n)
{
	n += 1;
	e->class_ = calloc(n, sizeof(*e->class_));
	e->iteration = calloc(n, sizeof(*e->iteration));
	e->track = calloc(n, sizeof(*e->track));
	e->share = calloc(n, sizeof(*e->share));
	return e->class_ && e->iteration && e->track && e->share ? 0 : -ENOMEM;
}

static void free_entries(struct entries *e)
{
	free(e->class_);
	free(e->iteration);
	free(e->track);
	free(e->share);
}

int erg_segment_iter_new(const struct erg_timeline *tl, bool device, const uint32_t *map,
	struct erg_segment_iter **ret, struct erg_err *err)
{
	_cleanup_(erg_segment_iter_freep) struct erg_segment_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return erg_fail_errno(err, -ENOMEM, "segments");
	it->tl = tl;
	it->map = map;
	it->device = device;
	it->now = tl->begin;
	it->cur = &it->entries[0];
	it->out = &it->entries[1];
	it->next_begin = begin_of(it, 0);
	it->stacks = calloc(tl->n_tracks + 1, sizeof(*it->stacks));
	it->active = calloc(tl->n_tracks + 1, sizeof(*it->active));
	if (!it->stacks || !it->active || alloc_entries(it->cur, tl->n_tracks) < 0 ||
		alloc_entries(it->out, tl->n_tracks) < 0)
		return erg_fail_errno(err, -ENOMEM, "segments");
	for (size_t c = 0; tl->iv.counter && c < tl->n_counters; c++)
		if (!strcmp(tl->counters[c].name, "task-clock"))
			it->cpu_ns = tl->iv.counter[c];
	*ret = erg_steal_ptr(&it);
	return 0;
}

void erg_segment_iter_free(struct erg_segment_iter *it)
{
	if (!it)
		return;
	for (size_t i = 0; it->stacks && i < it->tl->n_tracks; i++)
		free(it->stacks[i].open);
	free(it->stacks);
	free(it->active);
	free_entries(&it->entries[0]);
	free_entries(&it->entries[1]);
	free(it);
}

void erg_segment_iter_freep(struct erg_segment_iter **it)
{
	erg_segment_iter_free(*it);
}
