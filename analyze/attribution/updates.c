/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sensor that updates every 10 ms and is read every 2 ms: each new value was made between two readings. Where updates
 * come like clockwork, thousands of such brackets leave them hardly any room, and the time of each update is known a
 * thousand times better than by the reading that saw it first.
 *
 * Each bracket gets the number of its update by a clock that is pushed into one bracket after the other. The period is
 * the one that leaves the most room between the brackets' ends, the phase the middle of that room. Stamps may be late, and
 * are never early, so more of the begins may be wrong than of the ends.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/updates.h"
#include "analyze/attribution/idle.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define BRACKETS_MIN 50
#define BRACKETS_MAX 4096 /* that the room is asked of */
#define EARLY 0.01        /* share of the brackets that may end too early */
#define ROOM_MIN 0.25 /* of a bracket: updates that are off by more do not come like clockwork */
/* With more the reader goes with the updates, and these may do what it does, unless it hardly does anything. */
#define ROOM_MAX 0.1
#define ROOM_ALL 0.9
#define ROUNDS 3
#define ABOUT 0.3 /* of the period, that is off where updates of the same value were not seen */
#define HALVINGS 40
#define GOLDEN 0.6180339887498949
/* Share of the brackets that may begin too late: stamps that were held up, where one in a hundred is not enough. */
static const double late[] = {0.01, 0.1};

/* An update was later than one and not later than the other, ns since the first reading. */
struct bracket {
	double after, by, number;
};

struct brackets {
	struct bracket *at;
	size_t n;
	double late;        /* share of them that may begin too late */
	double *after, *by; /* scratch, BRACKETS_MAX each */
};

double attr_updates_at(const struct attr_updates *u, double number)
{
	return u->first_ns + number * u->period_ns;
}

double attr_updates_number(const struct attr_updates *u, double when)
{
	return floor((when - u->first_ns) / u->period_ns);
}

/* By how much a time is outside of a bracket, ns. */
static double outside(double t, double after, double by)
{
	return fmax(fmax(after - t, t - by), 0);
}

double attr_updates_between(const struct attr_updates *u, double after, double by)
{
	double last = attr_updates_number(u, by);

	return outside(attr_updates_at(u, last), after, by) <=
			outside(attr_updates_at(u, last + 1), after, by)
		? last
		: last + 1;
}

static size_t find_brackets(const uint64_t *t, const double *v, size_t n, struct bracket *ret)
{
	size_t found = 0;

	for (size_t i = 1; i < n; i++)
		if (v[i] != v[i - 1])
			ret[found++] = (struct bracket){.after = (double)(t[i - 1] - t[0]),
				.by = (double)(t[i] - t[0])};
	return found;
}

/* Numbers by a clock of PERIOD that each bracket puts right. Returns the period by the first and the last. */
static double number_brackets(struct brackets *b, double period)
{
	double clock = (b->at[0].after + b->at[0].by) / 2, first = clock, number = 0;

	for (size_t i = 1; i < b->n; i++) {
		struct bracket *x = &b->at[i];
		struct attr_updates u = {.period_ns = period, .first_ns = clock};
		double steps = fmax(attr_updates_between(&u, x->after, x->by), 1);

		number += steps;
		x->number = number;
		clock = fmin(fmax(clock + steps * period, x->after), x->by);
	}
	return (clock - first) / number;
}

/* The room between the ends of the brackets with PERIOD, ns; in its middle is update 0. */
static double room(struct brackets *b, double period, double *ret_middle)
{
	size_t n = b->n < BRACKETS_MAX ? b->n : BRACKETS_MAX;
	size_t first = (size_t)(EARLY * (double)n), last = n - 1 - (size_t)(b->late * (double)n);

	for (size_t i = 0; i < n; i++) {
		const struct bracket *x = &b->at[i * b->n / n];

		b->after[i] = x->after - x->number * period;
		b->by[i] = x->by - x->number * period;
	}
	gsl_sort(b->after, 1, n);
	gsl_sort(b->by, 1, n);
	*ret_middle = (b->after[last] + b->by[first]) / 2;
	return b->by[first] - b->after[last];
}

/* The period that leaves the most room, about one that is right to within WIDTH ns from end to end; the room, ns. */
static double most_room(struct brackets *b, double width, struct attr_updates *u)
{
	double reach = width / b->at[b->n - 1].number, lo = u->period_ns - reach,
	       hi = u->period_ns + reach;
	double x = hi - GOLDEN * (hi - lo), y = lo + GOLDEN * (hi - lo), middle;
	double at_x = room(b, x, &middle), at_y = room(b, y, &middle);

	for (int i = 0; i < HALVINGS; i++)
		if (at_x >= at_y) {
			hi = y;
			y = x;
			at_y = at_x;
			x = hi - GOLDEN * (hi - lo);
			at_x = room(b, x, &middle);
		} else {
			lo = x;
			x = y;
			at_x = at_y;
			y = lo + GOLDEN * (hi - lo);
			at_y = room(b, y, &middle);
		}
	u->period_ns = (lo + hi) / 2;
	return room(b, u->period_ns, &u->first_ns);
}

static double median_width(struct brackets *b)
{
	size_t n = b->n < BRACKETS_MAX ? b->n : BRACKETS_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct bracket *x = &b->at[i * b->n / n];

		b->by[i] = x->by - x->after;
	}
	return attr_median(b->by, n);
}

int attr_updates_find(const uint64_t *t, const double *v, size_t n, double period,
	struct attr_updates *ret)
{
	_cleanup_(erg_freep) struct bracket *at = erg_noted(malloc(n * sizeof(*at)));
	_cleanup_(erg_freep) double *ends = erg_noted(malloc(2 * BRACKETS_MAX * sizeof(*ends)));
	struct brackets b = {.at = at, .after = ends, .by = ends + BRACKETS_MAX};
	double width, left = -INFINITY;

	if (!at || !ends)
		return -ENOMEM;
	b.n = find_brackets(t, v, n, at);
	if (b.n < BRACKETS_MIN)
		return 0;
	at[0].number = 0;
	ret->period_ns = period;
	for (int i = 0; i < ROUNDS; i++)
		ret->period_ns = number_brackets(&b, ret->period_ns);
	if (fabs(ret->period_ns - period) > ABOUT * period)
		return 0;
	width = median_width(&b);
	period = ret->period_ns;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(late) && left <= -ROOM_MIN * width; i++) {
		b.late = late[i];
		ret->period_ns = period;
		left = most_room(&b, width, ret);
	}
	ret->room_ns = fmax(left, 0);
	return left > -ROOM_MIN * width && (left < ROOM_MAX * width || left > ROOM_ALL * width);
}
