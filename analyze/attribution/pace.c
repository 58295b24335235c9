/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The pace of a reader, and how far its stamps are off it: the level of the stamps about each, against one reading a
 * spacing, without those that were held up.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/times.h"
#include "analyze/attribution/idle.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"

#define NEIGHBOURS 16 /* to either side, whose pace is asked */
#define WINDOW (2 * NEIGHBOURS + 1)
#define HELD_UP 6 /* median deviations (4 SD) behind the others: it says nothing of the pace */
#define SCATTER_SEEN 2e4 /* ns, SD */

/* Stamps about one of them, against a pace of one a spacing. */
struct near {
	size_t n;
	double i[WINDOW], x[WINDOW]; /* number, and ns by which it is later */
};

/* How late the more punctual quarter is. */
static double punctual(double *x, size_t n)
{
	gsl_sort(x, 1, n);
	return gsl_stats_quantile_from_sorted_data(x, 1, n, 0.25);
}

/* Whether the readings between the first and the last are as many as the time is long: a reading that is missing
 * makes all behind it later, one that was held up those behind it until the reader has caught up. */
static bool complete(const struct near *v, double spacing)
{
	double x[WINDOW], before;

	memcpy(x, v->x, v->n * sizeof(*x));
	before = punctual(x, v->n / 2);
	return fabs(punctual(x + v->n / 2, v->n - v->n / 2) - before) < spacing / 2;
}

/* From one time to the next of a pace, to which T is later; within half a spacing. */
static double off_grid(double t, double spacing)
{
	return fabs(t - round(t / spacing) * spacing);
}

/* When of the pace most of the stamps are: one of them, by the median of what the others are off. FAR: that median. */
static double phase_of(const struct near *v, double spacing, double *ret_far)
{
	double at = 0;

	*ret_far = INFINITY;
	for (size_t c = 0; c < v->n; c++) {
		double t = v->x[c] + v->i[c] * spacing, far[WINDOW], median;

		for (size_t j = 0; j < v->n; j++)
			far[j] = off_grid(v->x[j] + v->i[j] * spacing - t, spacing);
		median = attr_median(far, v->n);
		if (median < *ret_far) {
			*ret_far = median;
			at = t;
		}
	}
	return at;
}

#define EARLY 0.25 /* of a spacing: a stamp is late rather than early */

/* Where readings are missing, those that are there have the numbers that their times say, of those that are at the
 * pace; false where these are not most of them. */
static bool number_by_time(struct near *v, double spacing)
{
	double far, phase = phase_of(v, spacing, &far);

	/* that of the one in the middle, which has number 0 */
	phase -= spacing * ceil(phase / spacing - EARLY);
	for (size_t j = 0; j < v->n; j++) {
		double t = v->x[j] + v->i[j] * spacing;

		v->i[j] = floor((t - phase) / spacing + EARLY);
		v->x[j] = t - v->i[j] * spacing;
	}
	return far < spacing / 8;
}

static bool look_near(const struct attr_readings *r, size_t m, struct near *ret)
{
	size_t from = m > NEIGHBOURS ? m - NEIGHBOURS : 0,
	       to = m + NEIGHBOURS < r->n ? m + NEIGHBOURS : r->n - 1;

	ret->n = 0;
	for (size_t j = from; j <= to; j++) {
		ret->i[ret->n] = (double)j - (double)m;
		ret->x[ret->n] = (double)(int64_t)(r->stamp[j] - r->stamp[m]) -
			ret->i[ret->n] * r->spacing_ns;
		ret->n++;
	}
	return complete(ret, r->spacing_ns) || number_by_time(ret, r->spacing_ns);
}

/* Those that were held up are left out, as they say nothing of the pace. */
static void keep_steady(struct near *v)
{
	double x[WINDOW], level, spread;
	size_t n = 0;

	memcpy(x, v->x, v->n * sizeof(*x));
	level = attr_median(x, v->n);
	for (size_t j = 0; j < v->n; j++)
		x[j] = fabs(v->x[j] - level);
	spread = attr_median(x, v->n);
	for (size_t j = 0; j < v->n; j++)
		if (fabs(v->x[j] - level) <= HELD_UP * spread + 1) {
			v->i[n] = v->i[j];
			v->x[n++] = v->x[j];
		}
	v->n = n;
}

/* How much later than the pace of its neighbours reading M was stamped, ns; 0 where they have none. */
static double off_pace(const struct attr_readings *r, size_t m)
{
	double si = 0, sx = 0, sii = 0, six = 0, n;
	struct near v;

	if (!look_near(r, m, &v))
		return 0;
	keep_steady(&v);
	n = (double)v.n;
	for (size_t j = 0; j < v.n; j++) {
		si += v.i[j];
		sx += v.x[j];
		sii += v.i[j] * v.i[j];
		six += v.i[j] * v.x[j];
	}
	sii -= si * si / n;
	six -= si * sx / n;
	return sii > 0 ? -(sx - six / sii * si) / n : 0;
}

/* By second differences; where one is missing these say nothing. */
bool attr_stamps_scatter(const struct attr_readings *r)
{
	double sum = 0, n = 0;

	for (size_t m = 2; m < r->n; m++) {
		double d = (double)(r->t[m] - r->t[m - 1]),
		       before = (double)(r->t[m - 1] - r->t[m - 2]);

		if (d + before > 3 * r->spacing_ns)
			continue;
		sum += (d - before) * (d - before);
		n++;
	}
	return n > 0 && sum / (6 * n) >= SCATTER_SEEN * SCATTER_SEEN;
}

int attr_stamps_keep(struct attr_run *r)
{
	struct attr_readings *rd = &r->st->readings;
	uint64_t *t;

	if (rd->stamp)
		return 0;
	t = malloc((rd->n + 1) * sizeof(*t));
	rd->stamp = malloc((rd->n + 1) * sizeof(*t));
	if (!t || !rd->stamp) {
		free(t);
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	}
	memcpy(t, rd->t, rd->n * sizeof(*t));
	memcpy(rd->stamp, rd->t, rd->n * sizeof(*t));
	free(rd->own_t);
	rd->t = rd->own_t = t;
	rd->off = malloc((rd->n + 1) * sizeof(*rd->off));
	if (!rd->off)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	for (size_t m = 0; m < rd->n; m++)
		rd->off[m] = off_pace(rd, m);
	return 0;
}

/* A reading at another time saw another update. */
static void move_to(struct attr_readings *r, size_t m, uint64_t t)
{
	if (r->update)
		r->update[m] += round((double)(int64_t)(t - r->own_t[m]) / r->period_ns);
	r->own_t[m] = t;
}

void attr_times_by_pace(struct attr_readings *r, double part, double from)
{
	r->n_late = 0;
	for (size_t m = 0; m < r->n; m++) {
		bool all = r->off[m] > from;
		double by = all ? r->off[m] : part * r->off[m];
		uint64_t t = r->stamp[m] - (uint64_t)(int64_t)llround(by);

		r->n_late += all;
		move_to(r, m, m && t <= r->own_t[m - 1] ? r->own_t[m - 1] + 1 : t);
	}
	r->steadied = part;
	r->late_from_ns = from;
}

void attr_unsteady(struct attr_run *r)
{
	struct attr_readings *rd = &r->st->readings;

	for (size_t m = 0; m < rd->n && rd->stamp; m++)
		move_to(rd, m, rd->stamp[m]);
	free(rd->scatter);
	rd->scatter = NULL;
	rd->n_late = 0;
	rd->steadied = rd->late_from_ns = 0;
}
