/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the machine draws when it does nothing: the median of the readings in each idle phase, and
 * between the first and the last phase a straight line, since a warm machine idles higher than a
 * cold one. A median, because idle phases have short bursts that are not idle. The uncertainty is
 * that of the mean of ten medians of tenths of the phase.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "formats/util.h"

#define PARTS 10

struct level {
	double t, w, u;
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *x, size_t n)
{
	qsort(x, n, sizeof(*x), compare);
	return n % 2 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* Readings whose window lies inside the phase, as power. */
static size_t collect(const struct erg_attr_state *st, const struct erg_attr_span *span, double *x)
{
	const struct attr_readings *r = &st->readings;
	double b0 = (double)(int64_t)(span->begin - st->view.t0);
	double b1 = (double)(int64_t)(span->end - st->view.t0);
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;
	size_t n = 0;

	for (size_t m = counter ? 1 : 0; m < r->n; m++) {
		double end = (double)(int64_t)(r->t[m] - st->view.t0) - st->shape.lag_ns;

		if (end > b1 || end - st->memory_ns < b0)
			continue;
		x[n++] = counter ? (r->v[m] - r->v[m - 1]) /
				(double)(r->t[m] - r->t[m - 1]) * 1e9 : r->v[m];
	}
	return n;
}

static bool level_of(const struct erg_attr_state *st, const struct erg_attr_span *span, double *x,
	struct level *ret)
{
	size_t n = collect(st, span, x), per = n / PARTS;
	double mean = 0, var = 0, part[PARTS];

	if (n < 5)
		return false;
	ret->t = ((double)(int64_t)(span->begin - st->view.t0) +
		(double)(int64_t)(span->end - st->view.t0)) / 2 * 1e-9;
	ret->u = 0;
	if (per >= 2) {
		for (size_t i = 0; i < PARTS; i++) {
			part[i] = median(x + i * per, per);
			mean += part[i] / PARTS;
		}
		for (size_t i = 0; i < PARTS; i++)
			var += (part[i] - mean) * (part[i] - mean) / (PARTS - 1);
		ret->u = sqrt(var / PARTS);
	}
	ret->w = median(x, n);
	return true;
}

int attr_idle(struct erg_attr_state *st, struct erg_err *err)
{
	const struct erg_attr_options *opt = st->opt;
	_cleanup_(erg_freep) double *x = malloc((st->readings.n + 1) * sizeof(double));
	struct level first, last, l;
	size_t found = 0;

	if (!x)
		return erg_fail(err, -ENOMEM, "out of memory for %zu readings", st->readings.n);
	for (size_t i = 0; i < opt->n_idle; i++)
		if (level_of(st, &opt->idle[i], x, &l)) {
			if (!found++)
				first = l;
			last = l;
		}
	if (!found)
		return 0;
	st->has_idle = true;
	st->idle_b = found > 1 && last.t > first.t ? (last.w - first.w) / (last.t - first.t) : 0;
	st->idle_a = first.w - st->idle_b * first.t;
	st->idle_u = found > 1 ? hypot(first.u, last.u) / 2 : first.u;
	return 0;
}
