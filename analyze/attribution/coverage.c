/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time that no reading speaks for. Between two readings more than three periods apart lies a gap:
 * half a period on either side of it counts as covered, and the window of the reading; the rest
 * does not, and is nobody's energy. A counter goes on counting: it has gaps only where it was reset.
 */
#include <errno.h>
#include <math.h>

#include "analyze/attribution/internal.h"
#include "formats/base/util.h"

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

static int find_gaps(struct erg_attr_state *st, struct erg_err *err)
{
	const struct attr_readings *r = &st->readings;
	double window = st->memory_ns, before = -window;
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;
	size_t cap = 0;
	int rc = 0;

	for (size_t m = 0; m < r->n && !rc; m++) {
		double t = attr_lagged(&st->view, &st->shape, r->t[m]);

		if (!m || (!counter && t - window - before > 2 * st->reach_ns))
			rc = add_gap(st, &cap, m ? before + st->reach_ns : 0,
				t - (counter ? 0 : window) - st->reach_ns, err);
		else if (counter && r->v[m] < r->v[m - 1])
			rc = add_gap(st, &cap, before, t, err);
		before = t;
	}
	if (rc < 0)
		return rc;
	return add_gap(st, &cap, before + st->reach_ns, INFINITY, err);
}

/* S of column C, one of N in its segment, are in a gap. */
static void uncover(struct erg_attr_state *st, uint16_t c, uint32_t n, double s)
{
	const struct attr_view *v = &st->view;
	bool base = v->col_base && v->col_base[c] == ATTR_NO_BASE;

	if (base && n > 1)
		return;
	st->class_covered[v->col_class[c]] -= v->col_on && !base ? s * v->col_share[c] / v->col_on[c]
								   : s;
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

		for (size_t i = attr_view_find(v, gap->begin); i < v->n &&
			attr_begin(v, i) < gap->end; i++) {
			uint64_t from = attr_begin(v, i) > gap->begin ? attr_begin(v, i) : gap->begin;
			uint64_t to = attr_begin(v, i + 1) < gap->end ? attr_begin(v, i + 1) : gap->end;

			for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1) && to > from; e++)
				uncover(st, v->col[e], attr_first(v, i + 1) - attr_first(v, i),
					(double)(to - from) * 1e-9);
		}
	}
	return 0;
}
