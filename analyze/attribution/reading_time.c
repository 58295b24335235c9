/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which time each reading is of, by the sensor as it was fitted. */
#include <math.h>

#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/reading_time.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"

double attr_apart_ns(const struct erg_attr_state *st)
{
	const struct attr_readings *r = &st->readings;

	return r->stale ? fmax(r->period_ns, r->spacing_ns) : r->spacing_ns;
}

double attr_seen_share(const struct erg_attr_state *st)
{
	double spacing = attr_apart_ns(st);

	if (st->shape.kind == ERG_SENSOR_COUNTER || spacing <= 0)
		return 1;
	/* an ema averages like a boxcar of two time constants, which is half of its memory */
	return fmin((st->shape.kind == ERG_SENSOR_EMA ? (st->memory_ns - st->shape.period_ns) / 2
						      : st->shape.window_ns) /
			spacing,
		1);
}

double attr_seen_at(const struct erg_attr_state *st, size_t m)
{
	double middle = st->shape.kind == ERG_SENSOR_EMA ? 0.25 : 0.5;
	double shift = middle * st->memory_ns - (RC_SEEN / 2. - 1) * st->shape.rc_ns;

	return attr_lagged(&st->view, &st->shape, st->readings.t[m]) - shift;
}

/* Of the readings' distance: a period that is no less may be nothing but that. */
#define OWN_PERIOD 0.99

/* Where a counter is known to be brought up to date more often than it was read, by the middle of the time in which it
 * may have been, so that each difference of readings has time; a low-pass delays it by its time constant. */
double attr_counted_at(const struct erg_attr_state *st, size_t m)
{
	const struct attr_readings *r = &st->readings;
	bool often = r->period_ns < OWN_PERIOD * r->spacing_ns;

	return attr_lagged(&st->view, &st->shape, r->t[m]) - (often ? st->shape.stale_ns / 2 : 0) -
		st->shape.rc_ns;
}

bool attr_since_last(const struct erg_attr_state *st)
{
	double period = (double)st->rail.model.period_ns;

	return st->rail.at_stamp && st->shape.kind == ERG_SENSOR_BOXCAR &&
		fabs(st->shape.window_ns - period) <= (1 - ATTR_WHOLE) * period;
}

size_t attr_reading_after(const struct erg_attr_state *st, double t)
{
	size_t lo = 0, hi = st->readings.n;
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if ((counter ? attr_counted_at(st, mid) : attr_seen_at(st, mid)) < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

double attr_counter_ns(const struct erg_attr_state *st, size_t m)
{
	return (1 - st->shape.skew) * (double)(st->readings.t[m] - st->readings.t[m - 1]);
}

double attr_counter_w(const struct erg_attr_state *st, size_t m)
{
	return (st->readings.v[m] - st->readings.v[m - 1]) / attr_counter_ns(st, m) * 1e9;
}

double attr_reading_w(const struct erg_attr_state *st, size_t m)
{
	return st->shape.kind == ERG_SENSOR_COUNTER ? attr_counter_w(st, m) : st->readings.v[m];
}
