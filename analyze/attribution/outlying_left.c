/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Garbled readings that lie within the range of the others: what the fit leaves of them is far from what it leaves of any
 * other, with next to nothing between. Rare power that is real (a stall, a burst) is seen in part by some windows, and
 * fills that space, or lasts for more than one reading.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/kernel.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/outlying.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define LEAST 200      /* readings */
#define FAR 8.         /* robust standard deviations of what is left */
#define NEARER 5.      /* and between this and that are hardly any: */
#define BETWEEN 0.2    /* of those that are far */
#define OF_READING 0.4 /* of what the fit says of a reading, at least */
#define SEVERAL 5      /* of a fit that is refused one that is far off is nothing */
#define EXPLAINED                                                                                  \
	0.3 /* of what readings differ by, by robust standard deviations: more is left, and the fit says little */

/* What the fit leaves of each reading, NAN where it says nothing, and what it says. */
static int left_of(struct attr_run *r, double *left, double *says)
{
	const struct erg_attr_state *st = r->st;
	struct attr_kernel k;
	struct attr_row *row;
	int rc = attr_left_open(&k, r);

	for (size_t i = 0; i < st->readings.n; i++)
		left[i] = says[i] = NAN;
	if (rc < 0)
		return rc;
	while ((row = attr_kernel_next(&k))) {
		size_t m = k.m - k.stride;

		if (!attr_row_counts(&st->view, row))
			continue;
		left[m] = attr_row_left(row, st->power);
		says[m] = row->y - left[m];
	}
	attr_kernel_close(&k);
	return 0;
}

/* Median of the N values of X less MIDDLE, by size where BY_SIZE; ROOM: for as many. NAN: too few. */
static double median_of(const double *x, size_t n, double middle, bool by_size, double *room)
{
	size_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (!isnan(x[i]))
			room[m++] = by_size ? fabs(x[i] - middle) : x[i] - middle;
	if (m < LEAST)
		return NAN;
	erg_sort_doubles(room, m);
	return room[m / 2];
}

/* Robust: 1.4826 times the median of what they are off theirs by. */
static double robust_sd(const double *x, size_t n, double *room)
{
	double middle = median_of(x, n, 0, false, room);

	return isnan(middle) ? NAN : 1.4826 * median_of(x, n, middle, true, room);
}

/* Marks in OUT, of N, those that are far off; returns how many, 0: none, or not so far that it is sure. */
static size_t mark_far(const struct attr_readings *rd, const double *left, const double *says,
	double sd, bool *out)
{
	size_t far = 0, between = 0;

	for (size_t i = 0; i < rd->n; i++) {
		double e = fabs(left[i]);

		out[i] = e > FAR * sd && e > OF_READING * fabs(says[i]);
		far += out[i];
		between += e > NEARER * sd && !out[i];
	}
	return (double)between <= BETWEEN * (double)far &&
			(double)far <= ATTR_OUTLYING_MOST * (double)rd->n &&
			attr_outlying_alone(out, rd->n, far)
		? far
		: 0;
}

/* Marks in the run those of RAIL that were read at the times of the N readings that OUT marks. */
static size_t mark_rail(struct attr_run *r, const struct erg_rail *rail, const bool *out)
{
	const struct attr_readings *rd = &r->st->readings;
	const uint64_t *t = rd->stamp ? rd->stamp : rd->t;
	size_t more = 0, at = 0;

	for (size_t i = 0; i < rd->n; i++) {
		while (at < rail->n && rail->t[at] < t[i])
			at++;
		if (!out[i] || at == rail->n || rail->t[at] != t[i])
			continue;
		r->outlying[at] = true;
		more++;
	}
	return more;
}

static bool asked(const struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;

	return st->shape.kind != ERG_SENSOR_COUNTER && !st->readings.stale &&
		!st->readings.at_updates && st->view.gap_class && st->readings.n >= LEAST;
}

int attr_outlying_left(struct attr_run *r, const struct erg_rail *rail, size_t *ret_more)
{
	const struct attr_readings *rd = &r->st->readings;
	_cleanup_(erg_freep) double *left = erg_noted(malloc((3 * rd->n + 1) * sizeof(*left)));
	_cleanup_(erg_freep) bool *out = erg_noted(calloc(rd->n + 1, sizeof(*out)));
	double *says = left + rd->n, *room = says + rd->n, sd;
	size_t least = r->misfit.reason ? SEVERAL : 1;
	int rc;

	*ret_more = 0;
	if (!left || !out)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	if (!asked(r))
		return 0;
	rc = left_of(r, left, says);
	if (rc < 0)
		return rc;
	sd = fmax(robust_sd(left, rd->n, room), r->st->rail.lsb_w);
	if (!(sd < EXPLAINED * robust_sd(rd->v, rd->n, room)) ||
		mark_far(rd, left, says, sd, out) < least ||
		attr_outlying_of_layer(r, rd->t, out, rd->n))
		return 0;
	*ret_more = mark_rail(r, rail, out);
	return 0;
}
