/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often a value really changes. A meter that is asked more often than it measures repeats
 * itself; its readings change at multiples of its own period T, each seen up to one reading later.
 * On a circle of circumference T the changes of the right period lie together and those of a wrong
 * one anywhere: the length R of their mean direction is near 1 or near 0. If T explains the
 * changes, so do T/2, T/3, …, and for regular readings every h also 1/(1/h - 1/T); but two changes
 * in a row are seen floor(T/h) or one more readings apart, which leaves one of them.
 *
 * The search begins with the first changes, where a coarse grid of periods is fine enough, and is
 * refined with twice as many each time: the error of a period grows with the time it is carried.
 */
#include <math.h>
#include <stdlib.h>

#include "formats/base/order.h"
#include "formats/base/util.h"
#include "record/import/import.h"

#define FIRST_CHANGES 48u
#define CHANGES_MIN 24u
#define CHANGES_MAX 20000u
#define PAUSE 256 /* distances between changes */

/* Mean resultant length of the phases of N changes on a circle of T. */
static double concentration(const int64_t *changes, size_t n, double t)
{
	double c = 0, s = 0;

	for (size_t i = 0; i < n; i++) {
		double turns = (double)(changes[i] - changes[0]) / t;
		double angle = 2 * M_PI * (turns - floor(turns));

		c += cos(angle);
		s += sin(angle);
	}
	return hypot(c, s) / (double)n;
}

/* The best period within [lo, hi], by steps that move the last phase by a sixteenth of a turn. */
static double best_period(const int64_t *changes, size_t n, double lo, double hi, double *ret_r)
{
	double span = (double)(changes[n - 1] - changes[0]), best = lo;

	*ret_r = 0;
	for (double f = 1 / hi; f <= 1 / lo; f += 1 / (16 * span)) {
		double r = concentration(changes, n, 1 / f);

		if (r > *ret_r) {
			*ret_r = r;
			best = 1 / f;
		}
	}
	return best;
}

/* Nearly the shortest distance between two changes: the twentieth part is shorter. 0: no memory. */
static double shortest_gap(const int64_t *changes, size_t n)
{
	int64_t *gaps = calloc(n, sizeof(*gaps));
	double ret = 0;

	for (size_t i = 1; gaps && i < n; i++)
		gaps[i - 1] = changes[i] - changes[i - 1];
	if (gaps) {
		erg_sort_i64(gaps, n - 1);
		ret = (double)gaps[(n - 1) / 20];
	}
	free(gaps);
	return ret;
}

/* Least squares of the changes on their numbers of periods: what a grid leaves is taken out. */
static double refine_period(const int64_t *changes, size_t n, double t)
{
	double sm = 0, sx = 0, smm = 0, smx = 0;

	for (size_t i = 0; i < n; i++) {
		double x = (double)(changes[i] - changes[0]), m = round(x / t);

		sm += m;
		sx += x;
		smm += m * m;
		smx += m * x;
	}
	return (smx - sm * sx / (double)n) / (smm - sm * sm / (double)n);
}

/*
 * Seen up to one reading late, so R is about sinc(interval / T). By chance R exceeds sqrt(20 / n)
 * once in 10^8 trials.
 */
static bool is_significant(double r, size_t n, double t, double interval)
{
	double x = M_PI * interval / t;

	return r > 0.25 && r * r * (double)n > 20 && r > 0.8 * fabs(sin(x) / x);
}

/*
 * The most changes that follow each other without a long pause: over one the phase is not carried, and over a
 * jump of a clock, as of a board that begins in 1970, there would be no end of periods to try.
 */
static size_t longest_stretch(const int64_t **changes, size_t n, double pause)
{
	const int64_t *all = *changes;
	size_t most = 0;

	for (size_t i = 0, k; i < n; i = k) {
		for (k = i + 1; k < n && (double)(all[k] - all[k - 1]) < pause; k++)
			;
		if (k - i <= most)
			continue;
		most = k - i;
		*changes = all + i;
	}
	return most;
}

uint64_t erg_import_period(const int64_t *changes, size_t n, uint64_t interval_ns)
{
	const double interval = (double)interval_ns;
	double gap, t, r = 0;
	size_t used;

	if (n < CHANGES_MIN || interval_ns == 0)
		return 0;
	gap = shortest_gap(changes, n);
	n = gap > 0 ? longest_stretch(&changes, n, PAUSE * (gap + interval)) : 0;
	if (n < CHANGES_MIN || changes[n - 1] - changes[0] < (int64_t)(1.3 * interval * (double)n))
		return 0;
	used = n < FIRST_CHANGES ? n : FIRST_CHANGES;
	t = best_period(changes, used, fmax(1.3 * interval, gap - 0.15 * interval),
		gap + 1.05 * interval, &r);
	for (;;) {
		double span = (double)(changes[used - 1] - changes[0]);
		double width = t * t / span; /* a whole turn at the end */

		t = refine_period(changes, used,
			best_period(changes, used, t - width / 2, t + width / 2, &r));
		if (used == n || used >= CHANGES_MAX)
			break;
		used = 2 * used < n ? 2 * used : n;
	}
	return is_significant(r, used, t, interval) ? (uint64_t)llround(t) : 0;
}

/* ---- a load that repeats itself ---- */

#define SINGLE_MIN 0.3    /* of the distances, that are one period in a meter that is stale */
#define RECURS_MIN 4      /* times that a value is left, to say what it is left for */
#define RECURRING_MIN 0.5 /* of the changes leave such a value */
#define TOLD_MIN 0.7      /* of which so many go where the value always goes */

static int compare_steps(const void *a, const void *b)
{
	const struct erg_import_step *x = a, *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->to > y->to) - (x->to < y->to);
}

/* Of STEPS, sorted: those that leave a value which recurs, and those that then go its usual way. */
static void count_usual(const struct erg_import_step *steps, size_t n, size_t *ret_recurring,
	size_t *ret_usual)
{
	*ret_recurring = *ret_usual = 0;
	for (size_t i = 0, end; i < n; i = end) {
		size_t most = 0;

		for (end = i; end < n && steps[end].from == steps[i].from;) {
			size_t same = end;

			while (same < n && steps[same].from == steps[i].from &&
				steps[same].to == steps[end].to)
				same++;
			most = same - end > most ? same - end : most;
			end = same;
		}
		if (end - i >= RECURS_MIN) {
			*ret_recurring += end - i;
			*ret_usual += most;
		}
	}
}

bool erg_import_is_load(const int64_t *changes, struct erg_import_step *steps, size_t n,
	uint64_t period_ns)
{
	size_t single = 0, recurring, usual;

	for (size_t i = 1; i < n; i++)
		single += (double)(changes[i] - changes[i - 1]) < 1.5 * (double)period_ns;
	if ((double)single < SINGLE_MIN * (double)n)
		return true;
	erg_sort(steps, n, sizeof(*steps), compare_steps);
	count_usual(steps, n, &recurring, &usual);
	return (double)recurring > RECURRING_MIN * (double)n &&
		(double)usual > TOLD_MIN * (double)recurring;
}
