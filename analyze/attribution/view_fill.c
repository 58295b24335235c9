/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Fills the segments of a view from a timeline, one at a time.
 * Six bytes a segment: its begin and one column. Only where a segment has several entries (layers
 * that run at the same time) do all segments get an index and a share. Boundaries of idle phases
 * become boundaries of segments.
 */
#include <errno.h>
#include <string.h>

#include "analyze/attribution/view.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define STEP_SEGMENTS 65536 /* between two words on progress */

struct filler {
	struct attr_view *v;
	const struct erg_attr_options *opt;
	const struct attr_gap_ends *ends;
	size_t cap, cap_entries, entries;
	size_t cut;    /* next boundary of an idle phase: 2 i, 2 i + 1 */
	uint64_t edge; /* its time; UINT64_MAX: none is left */
};

static void go_to(struct filler *f, size_t cut)
{
	const struct erg_attr_span *idle = f->opt->idle;

	f->cut = cut;
	f->edge = cut >= 2 * f->opt->n_idle ? UINT64_MAX
		: cut % 2                   ? idle[cut / 2].end
					    : idle[cut / 2].begin;
}

static int grow(void *pp, size_t n, size_t size, struct erg_err *err)
{
	void *p = realloc(*(void **)pp, n * size);

	if (!p)
		return erg_fail(err, -ENOMEM, "out of memory for %zu segments", n);
	*(void **)pp = p;
	return 0;
}

static int make_room(struct filler *f, size_t entries, struct erg_err *err)
{
	struct attr_view *v = f->v;
	int r = 0;

	if (v->first && v->n + 2 > f->cap) {
		f->cap = f->cap + f->cap / 2;
		r = grow(&v->first, f->cap, sizeof(*v->first), err);
	}
	if (!r && f->entries + entries > f->cap_entries) {
		f->cap_entries = f->cap_entries + f->cap_entries / 2 + 4096 + entries;
		r = grow(&v->col, f->cap_entries, sizeof(*v->col), err);
		if (!r && v->share)
			r = grow(&v->share, f->cap_entries, sizeof(*v->share), err);
	}
	return r;
}

/* The first segment with several entries: from now on entries have an index and a share, and what runs
 * has the base beside it, with a share of 0. */
static int go_multiple(struct filler *f, struct erg_err *err)
{
	struct attr_view *v = f->v;
	int r;

	f->entries = 0;
	f->cap = v->n + v->n / 2 + 4096;
	f->cap_entries = 2 * f->cap + 2 * f->cap_entries;
	r = grow(&v->first, f->cap, sizeof(*v->first), err);
	if (!r)
		r = grow(&v->share, f->cap_entries, sizeof(*v->share), err);
	if (!r)
		r = grow(&v->col, f->cap_entries, sizeof(*v->col), err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < v->n; i++) {
		v->first[i] = (uint32_t)f->entries;
		f->entries += v->col[i] == v->gap_class ? 1 : 2;
	}
	/* from the end, as entries only move up */
	for (size_t i = v->n; i-- > 0;) {
		uint16_t c = v->col[i];

		v->share[v->first[i]] = 1;
		v->col[v->first[i]] = c;
		if (c != v->gap_class) {
			v->share[v->first[i] + 1] = 0;
			v->col[v->first[i] + 1] = (uint16_t)v->gap_class;
		}
	}
	return 0;
}

static int push_time(struct filler *f, uint64_t t, struct erg_err *err)
{
	int r = erg_times_push(&f->v->begin, t);

	return r < 0 ? erg_fail(err, r, "out of memory for %zu segments", f->v->n) : 0;
}

static int push(struct filler *f, uint64_t begin, const struct erg_segment *s, struct erg_err *err)
{
	struct attr_view *v = f->v;
	int r = make_room(f, s->n + 1, err);

	if (!r && !v->first && s->n != 1)
		r = go_multiple(f, err);
	if (!r)
		r = push_time(f, begin, err);
	if (r < 0)
		return r;
	if (!v->first) {
		v->col[f->entries++] = (uint16_t)s->class_[0];
		v->n++;
		return 0;
	}
	v->first[v->n++] = (uint32_t)f->entries;
	for (size_t e = 0; e < s->n; e++) {
		v->col[f->entries] = (uint16_t)s->class_[e];
		v->share[f->entries++] = s->share[e];
	}
	if (s->class_[0] != v->gap_class) {
		v->col[f->entries] = (uint16_t)v->gap_class;
		v->share[f->entries++] = 0;
	}
	return 0;
}

static int add_segment(struct filler *f, const struct erg_segment *s, struct erg_err *err)
{
	int r = push(f, s->begin, s, err);

	while (f->edge <= s->begin)
		go_to(f, f->cut + 1);
	for (; !r && f->edge < s->end; go_to(f, f->cut + 1))
		if (f->edge > attr_begin(f->v, f->v->n - 1))
			r = push(f, f->edge, s, err);
	return r;
}

/* A gap that begins or ends as the shorter ones are is several segments. */
static int add_with_ends(struct filler *f, const struct erg_segment *s, struct erg_err *err)
{
	const struct attr_gap_ends *e = f->ends;
	struct erg_segment head = *s, amid = *s, tail = *s;
	bool gap = s->n == 1 && s->class_[0] == f->v->gap_class && f->v->n > 0;
	int r = 0;

	if (!(e->least_ns > 0) || !gap || (double)(s->end - s->begin) < e->least_ns)
		return add_segment(f, s, err);
	head.end = amid.begin = s->begin + (uint64_t)e->head_ns;
	tail.begin = amid.end = s->end - (uint64_t)e->tail_ns;
	if (head.end > head.begin)
		r = add_segment(f, &head, err);
	if (!r)
		r = add_segment(f, &amid, err);
	return !r && tail.end > tail.begin ? add_segment(f, &tail, err) : r;
}

static int from_timeline(struct filler *f, const struct attr_source *src, struct erg_err *err)
{
	_cleanup_(erg_segment_iter_freep) struct erg_segment_iter *it = NULL;
	struct erg_segment s;
	uint64_t end = 0, segments = 0;
	int r = erg_segment_iter_new(src->tl, src->device, src->map, &it, err);

	while (r >= 0 && (r = erg_segment_next(it, &s, err)) > 0) {
		end = s.end;
		r = add_with_ends(f, &s, err);
		if (++segments % STEP_SEGMENTS == 0)
			erg_progress("segments", end - src->tl->begin,
				src->tl->end - src->tl->begin);
	}
	erg_progress("segments", 1, 1);
	if (r < 0)
		return r;
	return push_time(f, end, err);
}

int attr_view_fill(struct attr_view *v, const struct attr_source *src,
	const struct erg_attr_options *opt, const struct attr_gap_ends *ends, struct erg_err *err)
{
	struct filler f = {.v = v, .opt = opt, .ends = ends};
	int r;

	go_to(&f, 0);
	r = from_timeline(&f, src, err);
	if (r < 0)
		return r;
	v->t0 = attr_begin(v, 0);
	if (v->first)
		v->first[v->n] = (uint32_t)f.entries;
	return 0;
}
