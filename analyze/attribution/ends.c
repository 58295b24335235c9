/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a sensor does to energy at the ends of stretches of time: a window sees both sides, power between two readings
 * is a line, a counter's difference is divided as if it were of one power. So a step of the power is counted on the
 * wrong side in part, always the same way.
 */
#include <math.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/ends.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/reading_time.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"

/* Middle values of how far joules are counted from where they were used: so many of a window, and of a line. */
#define SMEAR 16

/* What the readings about T differ by, W: a step of the power there, when T is the end of a phase. */
static double step_at(const struct erg_attr_state *st, double t, double half)
{
	const struct attr_readings *r = &st->readings;
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;
	size_t from = attr_reading_after(st, t - half), to = attr_reading_after(st, t + half);
	double lo = INFINITY, hi = -INFINITY;

	from -= from > 0;
	for (size_t m = from < (size_t)counter ? 1 : from; m <= to && m < r->n; m++) {
		double w = attr_reading_w(st, m);

		lo = fmin(lo, fmax(w, 0));
		hi = fmax(hi, w);
	}
	return hi > lo ? hi - lo : 0;
}

/* How far from where it was used a joule may be counted, ns, by its middle values: within the window, and on the
 * straight line between two readings; of means since the reading before, within a window and at its other end. */
struct smear {
	double away[SMEAR * SMEAR];
	double sees; /* what lasts so long is all that some reading sees */
};

static void smear_find(const struct erg_attr_state *st, double step, struct smear *ret)
{
	bool means = attr_since_last(st);
	double window = means ? 0 : st->memory_ns, line = means ? st->shape.window_ns : step;

	if (st->shape.kind == ERG_SENSOR_COUNTER) {
		window = 0;
		line = step;
	}
	ret->sees = (window > 0 ? window : line) + step;
	for (size_t i = 0; i < SMEAR; i++)
		for (size_t j = 0; j < SMEAR; j++) {
			double p = (double)(2 * j + 1) / SMEAR;
			double of_line = p < 1 ? sqrt(p) - 1 : 1 - sqrt(2 - p);
			double of_window = ((double)i + 0.5) / SMEAR - 0.5;

			ret->away[i * SMEAR + j] = fabs(of_window * window + of_line * line);
		}
}

/*
 * How long a step at the end of something LASTS ns long is counted on the wrong side, ns. Of what is shorter than
 * the smear more is lost, and the readings show less of the step: what they show stands for more.
 */
static double smeared(const struct smear *s, double lasts)
{
	double sum = 0;

	for (size_t i = 0; i < SMEAR * SMEAR; i++)
		sum += fmin(s->away[i], lasts);
	sum /= 2 * SMEAR * SMEAR;
	return lasts < s->sees ? sum * s->sees / lasts : sum;
}

/* The same at T, of a counter: its difference is taken to be of one power, as T divides it. */
static double divided_at(const struct erg_attr_state *st, double t)
{
	size_t m = attr_reading_after(st, t);
	double from = attr_counted_at(st, m - 1), to = attr_counted_at(st, m);

	return (t - from) * (to - t) / (to - from);
}

static double since(const struct erg_attr_state *st, uint64_t t)
{
	return (double)(int64_t)(t - st->view.t0);
}

/* The end I (even: a beginning) of a stretch, with what lies beside it. */
struct end {
	double t, lasts; /* ns: the shorter of the stretch and the gap to its neighbour */
	double weight;   /* how much less is on the other side */
};

/* Of N stretches AT. */
static struct end end_of(const struct erg_attr_state *st, const struct erg_attr_stretch *at,
	size_t n, size_t i)
{
	const bool ends = i % 2;
	const size_t k = i / 2;
	const double lasts = (double)(at[k].end - at[k].begin);
	struct end e = {since(st, ends ? at[k].end : at[k].begin), lasts, at[k].weight};
	double gap = INFINITY;

	if (ends && k + 1 < n)
		gap = (double)(at[k + 1].begin - at[k].end);
	else if (!ends && k)
		gap = (double)(at[k].begin - at[k - 1].end);
	if (gap > 0)
		e.lasts = fmin(e.lasts, gap);
	else /* it goes on with another weight: an end of both */
		e.weight = fabs(e.weight - at[ends ? k + 1 : k - 1].weight) / 2;
	return e;
}

/* What the smear may do at an end at which readings differ by STEP W, W ns. */
static double blurred(const struct erg_attr_state *st, const struct smear *smear,
	const struct end *e, double step)
{
	double ns = smeared(smear, e->lasts);

	if (st->shape.kind == ERG_SENSOR_COUNTER && e->lasts >= smear->sees)
		ns = divided_at(st, e->t);
	return fmin(step * ns, st->peak_w * e->lasts / 2);
}

/* Power at reading M, or at the first or last where there is none, W. */
static double power_near(const struct erg_attr_state *st, size_t m)
{
	const size_t first = st->shape.kind == ERG_SENSOR_COUNTER, last = st->readings.n - 1;

	return attr_reading_w(st, m < first ? first : m < last ? m : last);
}

double attr_ends_u2(const struct erg_attr_state *st, const struct erg_attr_stretch *at, size_t n,
	double *ret_blur)
{
	double step = attr_apart_ns(st), var = 0, lag = 0;
	double half = st->shape.kind == ERG_SENSOR_COUNTER ? step : fmax(st->memory_ns, step) / 2;
	struct smear smear;

	smear_find(st, step, &smear);
	*ret_blur = 0;
	for (size_t i = 0; i < 2 * n; i++) {
		struct end e = end_of(st, at, n, i);
		size_t m = attr_reading_after(st, e.t);
		double w = e.weight * 1e-9, d = step_at(st, e.t, half);

		lag += (i % 2 ? w : -w) * power_near(st, m);
		if (!m || m == st->readings.n)
			continue;
		*ret_blur += w * blurred(st, &smear, &e, d);
		var += (1 - attr_seen_share(st)) * w * w * d * d * step * step / 12;
	}
	return var + pow(lag * st->lag_u_ns, 2);
}
