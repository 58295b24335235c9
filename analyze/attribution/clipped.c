/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sensor whose range ends below what is drawn gives its largest value instead, again and again: too little by nobody
 * knows what. Readings pile up at exactly their largest value, where values just below are rare. A load that is flat on
 * top does so as well where nothing makes its readings differ: with coarse digits, or without any noise. Then they pile up
 * at other values, too, or what the fit leaves of the others is as little as a few steps; and the readings follow from the
 * layers, or those on top saw one layer alone, not several that all had the same power. With few steps in all the range
 * nobody can tell. A counter has no largest value.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/clipped.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/warn.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define LEAST 12        /* readings at the largest value */
#define LEAST_OF 0.004  /* of all */
#define STANDS_OUT 5.   /* times as many as at any value near */
#define NEAR_STEPS 20.  /* steps that are near, */
#define NEAR_RANGE 0.02 /* or so much of the range */
#define STEPS_LEAST 16. /* in the range */
#define PILE 0.2        /* of those at the top: as many elsewhere are a pile, too */
#define ONE_LAYER 0.9   /* of what a reading saw */
#define MIXED 0.2       /* of those at the top, that saw several layers */
#define STEPS_APART 3.  /* what the fit leaves of others, in steps: digits do not hide it */

static double near_of(const double *x, size_t n, double step)
{
	return fmax(NEAR_STEPS * step, NEAR_RANGE * (x[n - 1] - x[0]));
}

/* From FROM on, how many are equal. */
static size_t equal_from(const double *x, size_t n, size_t from)
{
	size_t i = from;

	while (i < n && x[i] == x[from])
		i++;
	return i - from;
}

/* The most at one value, or about one step, among X from FROM to TO. */
static double most_of(const double *x, size_t from, size_t to, double steps)
{
	double most = steps > 0 ? (double)(to - from) / steps : 0;

	for (size_t i = from; i < to;) {
		size_t equal = equal_from(x, to, i);

		most = fmax(most, (double)equal);
		i += equal;
	}
	return most;
}

size_t attr_clipped_top(const double *x, size_t n, double step)
{
	size_t at = n, from;
	double near;

	while (at > 0 && x[at - 1] == x[n - 1])
		at--;
	if (n - at < LEAST || (double)(n - at) < LEAST_OF * (double)n ||
		x[n - 1] - x[0] < STEPS_LEAST * step)
		return 0;
	near = near_of(x, n, step);
	for (from = at; from > 0 && x[from - 1] > x[n - 1] - near;)
		from--;
	return (double)(n - at) > STANDS_OUT * most_of(x, from, at, step > 0 ? near / step : 0)
		? n - at
		: 0;
}

bool attr_clipped_elsewhere(const double *x, size_t n, double step, double at_least)
{
	double near = n ? near_of(x, n, step) / 2 : 0, steps = step > 0 ? 2 * near / step : 0;
	size_t from = 0, to = 0;

	for (size_t i = 0; i < n && x[i] < x[n - 1];) {
		size_t equal = equal_from(x, n, i);

		while (x[from] < x[i] - near)
			from++;
		while (to < n && x[to] < x[i] + near)
			to++;
		if ((double)equal >= at_least &&
			(double)equal * steps > STANDS_OUT * (double)(to - from - equal))
			return true;
		i += equal;
	}
	return false;
}

/* Whether a reading saw several layers. */
static bool is_mixed(const struct attr_row *row)
{
	double most = 0;

	for (size_t i = 0; i < row->n; i++)
		most = fmax(most, row->a[i]);
	return most < ONE_LAYER;
}

struct look {
	double *x;    /* n readings of the work, sorted */
	double *left; /* n_left: what the fit leaves of those that are not on top, by size */
	size_t n, n_left, mixed; /* of those on top */
};

static int look_at(struct attr_run *r, double top, struct look *ret)
{
	const struct erg_attr_state *st = r->st;
	struct attr_kernel k;
	struct attr_row *row;
	int rc = attr_left_open(&k, r);

	if (rc < 0)
		return rc;
	while ((row = attr_kernel_next(&k))) {
		if (!attr_row_counts(&st->view, row))
			continue;
		ret->x[ret->n++] = row->y;
		if (row->y < top)
			ret->left[ret->n_left++] = fabs(attr_row_left(row, st->power));
		else
			ret->mixed += is_mixed(row);
	}
	attr_kernel_close(&k);
	erg_sort_doubles(ret->x, ret->n);
	erg_sort_doubles(ret->left, ret->n_left);
	return 0;
}

/* Whether what is on top is the sensor's end, by all that is known; the state says that it may be. PILES: readings pile up
 * elsewhere, be it outside of the work. */
static void tell(const struct attr_run *r, const struct look *l, bool piles,
	struct attr_clipped *ret)
{
	double step = r->st->rail.lsb_w, top = (double)(l->n - l->n_left);
	bool odd = r->misfit.reason && (double)l->mixed > MIXED * top;
	bool elsewhere = attr_clipped_elsewhere(l->x, l->n, step, PILE * top);

	if (!(top > 0) || (!odd && elsewhere))
		ret->n = 0;
	/* without noise any flat top is a pile: that the fit is refused says little then */
	ret->sure = ret->n && !elsewhere && !piles &&
		(odd || (l->n_left && 1.4826 * l->left[l->n_left / 2] > STEPS_APART * step));
}

int attr_clipped(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_readings *rd = &st->readings;
	/* those at the end of the range look like repetitions, too */
	const double *v = rd->repeated ? st->rail.v : rd->v;
	size_t n = rd->repeated ? st->rail.n : rd->n;
	_cleanup_(erg_freep) double *x = erg_noted(malloc((2 * n + 2) * sizeof(*x)));
	struct look l = {.x = x, .left = x + n + 1};
	bool piles;
	int rc;

	if (!x)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", n);
	if (st->shape.kind == ERG_SENSOR_COUNTER)
		return 0;
	memcpy(x, v, n * sizeof(*x));
	erg_sort_doubles(x, n);
	st->clipped.w = x[n - 1];
	st->clipped.of = n;
	st->clipped.n = attr_clipped_top(x, n, st->rail.lsb_w);
	if (!st->clipped.n)
		return 0;
	piles = attr_clipped_elsewhere(x, n, st->rail.lsb_w, PILE * (double)st->clipped.n);
	rc = look_at(r, st->clipped.w, &l);
	if (!rc)
		tell(r, &l, piles, &st->clipped);
	return rc;
}

void attr_clipped_warn(struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;

	if (st->clipped.n)
		attr_warn(r->a, "clipped",
			"rail %s: %zu of %zu readings are exactly %.6g W, the largest value, and hardly any are just "
			"below: %s; a sensor with more range (a lesser shunt, a lower gain) tells",
			st->rail.name, st->clipped.n, st->clipped.of, st->clipped.w,
			st->clipped.sure
				? "the sensor's range ends there, and what was drawn beyond is not known"
				: "where the sensor's range ends there, and not the load's power, energies are too low");
}
