/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time that no reading stands for (formats/observed.h): it is not covered, and nobody's energy. */
#include <errno.h>
#include <math.h>

#include "analyze/attribution/coverage.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"
#include "formats/observed.h"

static int add_gap(struct erg_attr_state *st, size_t *cap, double begin, double end,
	struct erg_err *err)
{
	uint64_t b0 = st->view.t0, last = attr_begin(&st->view, st->view.n);
	double limit = (double)(last - b0);

	begin = fmax(begin, 0);
	end = fmin(end, limit);
	if (begin >= end)
		return 0;
	if (st->n_gaps == *cap) {
		size_t more = *cap ? 2 * *cap : 16;
		struct erg_attr_span *p = realloc(st->gaps, more * sizeof(*p));

		if (!p)
			return erg_fail(err, -ENOMEM, "out of memory for %zu gaps", more);
		st->gaps = p;
		*cap = more;
	}
	st->gaps[st->n_gaps].begin = b0 + (uint64_t)begin;
	st->gaps[st->n_gaps++].end = b0 + (uint64_t)end;
	return 0;
}

/* Of a counter: where it was reset, and before and after its readings. */
static int find_resets(struct erg_attr_state *st, size_t *cap, struct erg_err *err)
{
	const struct attr_readings *r = &st->readings;
	double before = -INFINITY;
	int rc = 0;

	for (size_t m = 0; m < r->n && !rc; m++) {
		double t = attr_lagged(&st->view, &st->shape, r->t[m]);

		if (!m)
			rc = add_gap(st, cap, 0, t - st->reach_ns, err);
		else if (r->v[m] < r->v[m - 1])
			rc = add_gap(st, cap, before, t, err);
		before = t;
	}
	return rc ? rc : add_gap(st, cap, before + st->reach_ns, INFINITY, err);
}

/* Readings stand for time about the middles of their windows; before the first and after the last it is
 * as at half a gap. */
static int find_gaps(struct erg_attr_state *st, struct erg_err *err)
{
	const struct attr_readings *r = &st->readings;
	double window = attr_seen_ns(st), period = attr_period(st), before = 0;
	double half = erg_observed_half(period, window), end;
	size_t cap = 0;
	int rc = 0;

	if (st->shape.kind == ERG_SENSOR_COUNTER)
		return find_resets(st, &cap, err);
	for (size_t m = 0; m < r->n && !rc; m++) {
		double t = attr_lagged(&st->view, &st->shape, r->t[m]) - st->memory_ns / 2;

		if (m ? erg_observed_gap(t - before, period, window)
		      : erg_observed_gap(2 * t, period, window))
			rc = add_gap(st, &cap, m ? before + half : 0, t - half, err);
		before = t;
	}
	end = (double)(attr_begin(&st->view, st->view.n) - st->view.t0);
	if (!rc && erg_observed_gap(2 * (end - before), period, window))
		rc = add_gap(st, &cap, before + half, end, err);
	return rc;
}

/* S of column C, one of N in its segment, are in a gap. */
static void uncover(struct erg_attr_state *st, uint16_t c, uint32_t n, double s)
{
	const struct attr_view *v = &st->view;
	bool base = v->col_base && v->col_base[c] == ATTR_NO_BASE;

	if (base && n > 1)
		return;
	st->class_covered[v->col_class[c]] -=
		v->col_on && !base ? s * v->col_share[c] / v->col_on[c] : s;
}

int attr_coverage(struct erg_attr_state *st, struct erg_err *err)
{
	const struct attr_view *v = &st->view;
	int r = find_gaps(st, err);

	if (r < 0)
		return r;
	for (size_t c = 0; c < v->n_classes; c++)
		st->class_covered[c] = v->class_time[c];
	for (size_t g = 0; g < st->n_gaps; g++) {
		const struct erg_attr_span *gap = &st->gaps[g];

		for (size_t i = attr_view_find(v, gap->begin);
			i < v->n && attr_begin(v, i) < gap->end; i++) {
			uint64_t from =
				attr_begin(v, i) > gap->begin ? attr_begin(v, i) : gap->begin;
			uint64_t to =
				attr_begin(v, i + 1) < gap->end ? attr_begin(v, i + 1) : gap->end;

			/* a segment of bent columns (durations.c) has parts in several */
			for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1) && to > from;
				e++)
				uncover(st, v->col[e], attr_first(v, i + 1) - attr_first(v, i),
					(double)(to - from) * 1e-9 *
						(v->share ? (double)v->share[e] : 1));
		}
	}
	return 0;
}
