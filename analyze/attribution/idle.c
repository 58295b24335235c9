/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the machine draws when it does nothing: the median of each idle phase, and between the first
 * and the last phase a straight line, since a warm machine idles higher than a cold one. A median,
 * because idle phases have short bursts that are not idle: of readings of power; of a counter, whose
 * single differences are mostly quantum, of the means over tenths of the phase. The uncertainty is
 * that of the mean of ten parts, and of rounding.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/idle.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/state.h"
#include "formats/base/util.h"

#define PARTS 10

struct level {
	double t, w, u; /* s, W, standard uncertainty but for rounding */
	double rounding;
};

double attr_median(double *x, size_t n)
{
	gsl_sort(x, 1, n);
	return gsl_stats_median_from_sorted_data(x, 1, n);
}

struct reading {
	double w, span; /* W; s: 1 but of a counter */
};

/* Readings whose window lies inside the phase, as power. */
static size_t collect(const struct erg_attr_state *st, const struct erg_attr_span *span,
	struct reading *x)
{
	const struct attr_readings *r = &st->readings;
	double b0 = (double)(int64_t)(span->begin - st->view.t0);
	double b1 = (double)(int64_t)(span->end - st->view.t0);
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;
	size_t n = 0;

	for (size_t m = counter ? 1 : 0; m < r->n; m++) {
		double end = attr_lagged(&st->view, &st->shape, r->t[m]), dt;

		if (end > b1 || end - st->memory_ns < b0)
			continue;
		if (!counter) {
			x[n++] = (struct reading){r->v[m], 1};
			continue;
		}
		dt = (double)(r->t[m] - r->t[m - 1]) * 1e-9;
		if (r->v[m] >= r->v[m - 1])
			x[n++] = (struct reading){(r->v[m] - r->v[m - 1]) / dt, dt};
	}
	return n;
}

static double mean(const struct reading *x, size_t n)
{
	double energy = 0, time = 0;

	for (size_t i = 0; i < n; i++) {
		energy += x[i].w * x[i].span;
		time += x[i].span;
	}
	return energy / time;
}

static double median_reading(const struct reading *x, size_t n, double *scratch)
{
	for (size_t i = 0; i < n; i++)
		scratch[i] = x[i].w;
	return attr_median(scratch, n);
}

/* Standard uncertainty by rounding: a median of rounded readings is a multiple of the quantum, and
 * both ends of a counter's difference are rounded. */
static double rounding(const struct erg_attr_state *st, const struct reading *x, size_t n)
{
	double time = 0;

	if (st->shape.kind != ERG_SENSOR_COUNTER)
		return st->rail.lsb_w / sqrt(12);
	for (size_t i = 0; i < n; i++)
		time += x[i].span;
	return st->rail.lsb_w / sqrt(6) / time;
}

static bool level_of(const struct erg_attr_state *st, const struct erg_attr_span *span,
	struct reading *x, double *scratch, struct level *ret)
{
	size_t n = collect(st, span, x), parts = n / 2 < PARTS ? n / 2 : PARTS;
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;
	double sum = 0, var = 0, part[PARTS];

	if (n < 5)
		return false;
	ret->t = ((double)(int64_t)(span->begin - st->view.t0) +
			 (double)(int64_t)(span->end - st->view.t0)) /
		2 * 1e-9;
	for (size_t i = 0; i < parts; i++) {
		const struct reading *from = x + i * n / parts;
		size_t m = (i + 1) * n / parts - i * n / parts;

		part[i] = counter ? mean(from, m) : median_reading(from, m, scratch);
		sum += part[i];
	}
	for (size_t i = 0; i < parts; i++)
		var += pow(part[i] - sum / (double)parts, 2) / (double)(parts - 1);
	ret->w = counter ? attr_median(part, parts) : median_reading(x, n, scratch);
	ret->u =
		sqrt(var / (double)parts) * gsl_cdf_tdist_Pinv(0.975, (double)parts - 1) / 1.959964;
	if (counter)
		ret->u *= sqrt(M_PI / 2); /* of the median of the parts, not of their mean */
	ret->rounding = rounding(st, x, n);
	return true;
}

int attr_idle(struct erg_attr_state *st, struct erg_err *err)
{
	const struct erg_attr_options *opt = st->opt;
	_cleanup_(erg_freep) struct reading *x = malloc((st->readings.n + 1) * sizeof(*x));
	_cleanup_(erg_freep) double *scratch = malloc((st->readings.n + 1) * sizeof(double));
	struct level first, last, l;
	size_t found = 0;

	if (!x || !scratch)
		return erg_fail(err, -ENOMEM, "out of memory for %zu readings", st->readings.n);
	for (size_t i = 0; i < opt->n_idle; i++)
		if (level_of(st, &opt->idle[i], x, scratch, &l)) {
			if (!found++)
				first = l;
			last = l;
		}
	if (!found)
		return 0;
	st->has_idle = true;
	st->idle_b = found > 1 && last.t > first.t ? (last.w - first.w) / (last.t - first.t) : 0;
	st->idle_a = first.w - st->idle_b * first.t;
	/* two phases of the same power are rounded alike */
	st->idle_u = hypot(found > 1 ? hypot(first.u, last.u) / 2 : first.u,
		fmax(first.rounding, last.rounding));
	return 0;
}
