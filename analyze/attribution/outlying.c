/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Single readings that cannot be of this load: 0, twice or ten times what the sensor saw, as a bus gives them that
 * garbles one now and then. A sum, and least squares more so, take them for power. They lie far outside of the range of
 * all others, with nothing between, and their neighbours in time are ordinary: power that is drawn for longer than
 * readings are apart is not alone, and a window that sees a part of a burst fills the space between. Nor do they come
 * with one layer: what is short and hot has few readings, too, but they are its own. A load may still have such spikes:
 * what they would add is in the intervals.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/outlying.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "analyze/attribution/warn.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define LEAST 50      /* readings */
#define SEVERAL 3     /* of them that are far: one or two may be real */
#define RANGE_OF 0.4  /* of the median: the range of all others is taken for no less */
#define FAR 2.        /* ranges beyond it */
#define EMPTY 1.      /* ranges without a reading, between them and the others */
#define ZERO 0.02     /* of the least ordinary reading: nothing */
#define NEAR_ZERO 0.2 /* of the median: the others are all above */

/* Of sorted readings X the first that is far above all others; N: none. */
static size_t first_above(const double *x, size_t n, double range)
{
	size_t i = n - (size_t)(ATTR_OUTLYING_MOST * (double)n);
	double edge = x[i - 1];

	for (; i < n; i++)
		if (x[i] > edge + FAR * range && x[i] - x[i - 1] > EMPTY * range)
			return i;
	return n;
}

/* How many are far below all others: by as much, or 0 where no other is near that. */
static size_t last_below(const double *x, size_t n, double range)
{
	size_t i = (size_t)(ATTR_OUTLYING_MOST * (double)n);
	double edge = x[i], median = x[n / 2];

	for (; i > 0; i--) {
		double at = x[i - 1], next = x[i];

		if (at < edge - FAR * range && next - at > EMPTY * range)
			return i;
		if (next > NEAR_ZERO * median && fabs(at) < ZERO * next)
			return i;
	}
	return 0;
}

#define CHANCE_SD 3. /* more neighbours than that are no chance, */
#define ONE_PAIR 5   /* but for one pair of so many */

bool attr_outlying_alone(const bool *out, size_t n, size_t marked)
{
	double expected = (double)marked * (double)marked / (double)n;
	size_t pairs = 0;

	for (size_t i = 1; i < n; i++)
		pairs += out[i] && out[i - 1];
	return (double)pairs <=
		expected + CHANCE_SD * sqrt(expected) + (marked >= ONE_PAIR ? 1 : 0);
}

/* Marks those from LO to HI, where they are alone. */
static void mark(const double *v, size_t n, double lo, double hi, bool *out)
{
	size_t marked = 0;

	for (size_t i = 0; i < n; i++) {
		out[i] = v[i] >= lo && v[i] <= hi;
		marked += out[i];
	}
	if (!attr_outlying_alone(out, n, marked))
		memset(out, 0, n * sizeof(*out));
}

int attr_outlying_far(const double *v, size_t n, bool *out)
{
	_cleanup_(erg_freep) double *x = malloc((n + 1) * sizeof(*x));
	_cleanup_(erg_freep) bool *below = calloc(n + 1, sizeof(*below));
	size_t few = (size_t)(ATTR_OUTLYING_MOST * (double)n), above, low, marked = 0;
	double range;

	memset(out, 0, n * sizeof(*out));
	if (n < LEAST)
		return 0;
	if (!x || !below)
		return -ENOMEM;
	memcpy(x, v, n * sizeof(*x));
	erg_sort_doubles(x, n);
	range = fmax(x[n - 1 - few] - x[few], RANGE_OF * fabs(x[n / 2]));
	above = first_above(x, n, range);
	low = last_below(x, n, range);
	if (above < n)
		mark(v, n, x[above], INFINITY, out);
	if (low)
		mark(v, n, -INFINITY, x[low - 1], below);
	for (size_t i = 0; i < n; i++) {
		out[i] = out[i] || below[i];
		marked += out[i];
	}
	if (marked < SEVERAL)
		memset(out, 0, n * sizeof(*out));
	return 0;
}

#define LAG_FROM (-1e6) /* ns, beside what was declared */
#define LAG_TO 120e6
#define LAG_STEPS 400.
#define ORDINARY 2000 /* readings that the others are compared with, about */
#define MARKED 500
#define SURE 20. /* ln of the odds against chance, of all layers and lags together */

/* How often each class ran at the times of readings. */
struct seen {
	double *out, *all; /* per class: of those that are marked, and of all */
	double n_out, n_all;
};

static void add_seen(const struct attr_view *v, double t, double *count, double *n)
{
	size_t i;

	if (t < 0 || t >= (double)(attr_begin(v, v->n) - v->t0))
		return;
	i = attr_view_find(v, v->t0 + (uint64_t)t);
	for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++)
		count[v->col_class[v->col[e]]]++;
	++*n;
}

static void see(const struct attr_view *v, const uint64_t *t, const bool *out, size_t n,
	size_t marked, double lag, struct seen *ret)
{
	size_t every = n / ORDINARY + 1, every_out = marked / MARKED + 1, at = 0;

	memset(ret->out, 0, v->n_classes * sizeof(double));
	memset(ret->all, 0, v->n_classes * sizeof(double));
	ret->n_out = ret->n_all = 0;
	for (size_t i = 0; i < n; i++) {
		double when = (double)(int64_t)(t[i] - v->t0) - lag;

		if (out[i] && !(at++ % every_out))
			add_seen(v, when, ret->out, &ret->n_out);
		if (!(i % every))
			add_seen(v, when, ret->all, &ret->n_all);
	}
}

/* ln of the odds against chance that so many of a class are marked (Chernoff's bound), the most of any. */
static double odds(const struct seen *s, size_t n_classes)
{
	double most = 0;

	for (size_t k = 0; k < n_classes; k++) {
		double p = (s->all[k] + 1) / (s->n_all + 1),
		       q = s->n_out > 0 ? s->out[k] / s->n_out : 0;
		double rest = q < 1 && p < 1 ? (1 - q) * log((1 - q) / (1 - p)) : 0;

		if (q > p)
			most = fmax(most, s->n_out * (q * log(q / p) + rest));
	}
	return most;
}

bool attr_outlying_of_layer(const struct attr_run *r, const uint64_t *t, const bool *out, size_t n)
{
	const struct attr_view *v = &r->st->view;
	_cleanup_(erg_freep) double *room = erg_noted(calloc(2 * v->n_classes + 2, sizeof(*room)));
	struct seen s = {.out = room, .all = room + v->n_classes + 1};
	bool known = r->opt.lag != ERG_LAG_AUTO;
	double middle = r->first.lag_ns + r->first.window_ns / 2, most = 0;
	double step = fmax(attr_view_typical_ns(v, v->n / 2) / 2, (LAG_TO - LAG_FROM) / LAG_STEPS);
	double from = known ? 0 : LAG_FROM, to = known ? 0 : LAG_TO, looks = 1;
	size_t marked = 0;

	for (size_t i = 0; i < n; i++)
		marked += out[i];
	for (double lag = from; room && lag <= to; lag += step) {
		see(v, t, out, n, marked, middle + lag, &s);
		most = fmax(most, odds(&s, v->n_classes));
		looks++;
	}
	return most > SURE + log(looks * (double)v->n_classes);
}

int attr_outlying_first(struct attr_run *r, const struct erg_rail *rail)
{
	int rc;

	if (rail->counter || r->st->view.n_classes == 0)
		return 0;
	rc = attr_outlying_far(rail->v, rail->n, r->outlying);
	if (rc < 0)
		return erg_fail(r->err, rc, "out of memory for %zu readings", rail->n);
	if (attr_outlying_of_layer(r, rail->t, r->outlying, rail->n))
		memset(r->outlying, 0, rail->n * sizeof(*r->outlying));
	return 0;
}

/* What reading I would add to the sum beyond what its neighbours FROM and TO make of it, J. */
static double adds(const struct erg_rail *rail, size_t i, size_t from, size_t to)
{
	double between = (rail->v[from] + rail->v[to]) / 2;
	double apart = (double)(rail->t[to] - rail->t[from]) * 1e-9;

	return (rail->v[i] - between) * apart / (double)(to - from);
}

static int rail_room(const struct erg_rail *rail, size_t n, struct attr_outlying *o)
{
	o->t = malloc((n + 1) * sizeof(*o->t));
	o->more_j = malloc((n + 1) * sizeof(*o->more_j));
	o->kept = *rail;
	o->kept.n = 0;
	o->kept.t = malloc((rail->n + 1) * sizeof(*rail->t));
	o->kept.v = malloc((rail->n + 1) * sizeof(*rail->v));
	o->kept.half = rail->half ? malloc((rail->n + 1) * sizeof(*rail->half)) : NULL;
	return o->t && o->more_j && o->kept.t && o->kept.v && (o->kept.half || !rail->half)
		? 0
		: -ENOMEM;
}

static void keep(const struct erg_rail *rail, size_t i, struct erg_rail *kept)
{
	kept->t[kept->n] = rail->t[i];
	kept->v[kept->n] = rail->v[i];
	if (rail->half)
		kept->half[kept->n] = rail->half[i];
	kept->n++;
}

static void leave(const struct erg_rail *rail, const bool *out, size_t i, struct attr_outlying *o)
{
	size_t from = i, to = i;

	while (from > 0 && out[from])
		from--;
	while (to + 1 < rail->n && out[to])
		to++;
	from = out[from] ? to : from;
	to = out[to] ? from : to;
	o->t[o->n] = rail->t[i];
	o->more_j[o->n] = to > from ? adds(rail, i, from, to) : 0;
	o->lo = o->n ? fmin(o->lo, rail->v[i]) : rail->v[i];
	o->hi = o->n ? fmax(o->hi, rail->v[i]) : rail->v[i];
	o->n++;
}

void attr_outlying_release(struct attr_outlying *o)
{
	free(o->t);
	free(o->more_j);
	if (o->n)
		erg_rail_release(&o->kept);
	*o = (struct attr_outlying){0};
}

/* The first of them at or after T. */
static size_t first_at(const struct attr_outlying *o, uint64_t t)
{
	size_t lo = 0, hi = o->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->t[mid] < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

void attr_outlying_add(const struct attr_outlying *o, uint64_t begin, uint64_t end, double weight,
	struct attr_outlying_sum *sum)
{
	for (size_t i = first_at(o, begin); i < o->n && o->t[i] < end; i++) {
		double j = weight * o->more_j[i];

		sum->up += fmax(j, 0);
		sum->up2 += j > 0 ? j * j : 0;
		sum->down += fmax(-j, 0);
		sum->down2 += j < 0 ? j * j : 0;
	}
}

/* Were they real, how many of them a sampler sees would vary as chance has it. */
#define CHANCE 1.96

double attr_outlying_most(const struct attr_outlying_sum *sum)
{
	return fmax(sum->up + CHANCE * sqrt(sum->up2), sum->down + CHANCE * sqrt(sum->down2));
}

static void of_run(struct attr_outlying *o, uint64_t begin, uint64_t end)
{
	struct attr_outlying_sum s = {0};
	double most, square;

	attr_outlying_add(o, begin, end, 1, &s);
	most = fmax(s.up, s.down);
	square = s.up > s.down ? s.up2 : s.down2;
	o->w = most / ((double)(end - begin) * 1e-9);
	o->as_many = square > 0 ? most * most / square : 1;
}

double attr_outlying_j(const struct erg_attr_state *st, double time)
{
	const struct attr_outlying *o = &st->outlying;
	double run = (double)(attr_begin(&st->view, st->view.n) - st->view.t0) * 1e-9;
	double share = fmin(time / run, 1);

	return o->w > 0 && share > 0 ? o->w * time * (1 + CHANCE / sqrt(share * o->as_many)) : 0;
}

int attr_outlying_leave_out(struct attr_run *r, const struct erg_rail *rail)
{
	struct erg_attr_state *st = r->st;
	const struct erg_timeline *tl = r->src->tl;
	struct attr_outlying *o = &st->outlying;
	size_t n = 0;

	for (size_t i = 0; i < rail->n; i++)
		n += r->outlying[i];
	if (!n)
		return 0;
	if (rail_room(rail, n, o) < 0)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rail->n);
	for (size_t i = 0; i < rail->n; i++) {
		if (r->outlying[i])
			leave(rail, r->outlying, i, o);
		else
			keep(rail, i, &o->kept);
	}
	of_run(o, tl->begin, tl->end);
	return 0;
}

void attr_outlying_warn(struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;
	const struct attr_outlying *o = &st->outlying;

	if (o->n)
		attr_warn(r->a, "outlying-readings",
			"rail %s: %zu of %zu readings, from %.4g to %.4g W, cannot be of this load: each is alone "
			"and far from what the others say; they are left out, and the %.2g W that they would "
			"change the run's mean power by, were they real, are in every interval",
			st->rail.name, o->n, o->n + o->kept.n, o->lo, o->hi, o->w);
}
