/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Pareto front of smaller time and smaller energy. A point is on it when no other is as good in
 * both and better in one. Times and energies are estimates, so the same question is asked three
 * times: of the values; of every point at its worst against this one at its best (if one dominates
 * then, it does whatever the truth); and of every point at its best against this one at its worst
 * (if none does then, none does). What these do not settle is undecided.
 */
#include "analyze/experiment/points.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

struct corner {
	double time, energy;
	size_t point;
};

/* Value of the point, SIDE (-1, 0, 1) half widths away. One run says nothing of the next, so its
 * value may be anything. The sensor errs alike in all points: the systematic part takes no part. */
static double at(const struct erg_point *p, enum erg_objective obj, int side)
{
	if (!side)
		return p->est[obj].value;
	return p->n > 1 ? p->est[obj].value + side * p->est[obj].stat : side * INFINITY;
}

static int by_time(const void *pa, const void *pb)
{
	const struct corner *a = pa, *b = pb;

	return (a->time > b->time) - (a->time < b->time);
}

/* Of the corners sorted by time, the two of least energy up to each. */
struct least {
	size_t first, second;
};

static void fill_least(const struct corner *c, size_t n, struct least *ret)
{
	struct least l = {0, SIZE_MAX};

	for (size_t i = 0; i < n; i++) {
		if (c[i].energy < c[l.first].energy) {
			l.second = l.first;
			l.first = i;
		} else if (i && (l.second == SIZE_MAX || c[i].energy < c[l.second].energy)) {
			l.second = i;
		}
		ret[i] = l;
	}
}

/* Least energy among the first N corners, without the point SELF. */
static double least_energy(const struct corner *c, const struct least *l, size_t n, size_t self)
{
	size_t i;

	if (!n)
		return INFINITY;
	i = c[l[n - 1].first].point == self ? l[n - 1].second : l[n - 1].first;
	return i == SIZE_MAX ? INFINITY : c[i].energy;
}

/* How many corners come before TIME, those at TIME counted too if EQUAL. */
static size_t up_to(const struct corner *c, size_t n, double time, bool equal)
{
	size_t a = 0, b = n;

	while (a < b) {
		size_t m = (a + b) / 2;

		if (c[m].time < time || (equal && c[m].time == time))
			a = m + 1;
		else
			b = m;
	}
	return a;
}

/* ret[i]: whether some other point, OTHER half widths away, dominates point I, SELF half widths away. */
static int dominated(const struct erg_point *p, size_t n, int other, int self, bool *ret)
{
	_cleanup_(erg_freep) struct corner *c = calloc(n + 1, sizeof(*c));
	_cleanup_(erg_freep) struct least *l = calloc(n + 1, sizeof(*l));
	size_t m = 0;

	if (!c || !l)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		c[m] = (struct corner){at(&p[i], ERG_OBJ_TIME, other),
			at(&p[i], ERG_OBJ_ETS, other), i};
		m += !isnan(c[m].time) && !isnan(c[m].energy);
	}
	erg_sort(c, m, sizeof(*c), by_time);
	fill_least(c, m, l);
	for (size_t i = 0; i < n; i++) {
		double t = at(&p[i], ERG_OBJ_TIME, self), e = at(&p[i], ERG_OBJ_ETS, self);

		ret[i] = least_energy(c, l, up_to(c, m, t, true), i) < e ||
			least_energy(c, l, up_to(c, m, t, false), i) <= e;
	}
	return 0;
}

int erg_points_front(struct erg_point *p, size_t n)
{
	_cleanup_(erg_freep) bool *off = calloc(3 * n + 1, sizeof(*off));
	bool *surely = off + n, *maybe = off + 2 * n;

	if (!off || dominated(p, n, 0, 0, off) < 0 || dominated(p, n, 1, -1, surely) < 0 ||
		dominated(p, n, -1, 1, maybe) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		p[i].pareto = !off[i] && !isnan(at(&p[i], ERG_OBJ_TIME, 0)) &&
			!isnan(at(&p[i], ERG_OBJ_ETS, 0));
		p[i].decided = surely[i] || !maybe[i];
	}
	return 0;
}
