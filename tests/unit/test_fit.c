/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fit of a calibration against a meter, on power whose means are summed here piece by piece. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/calibrate/fit.h"

#define PIECES 400
#define PIECE_S 0.05 /* and up to as much again */

struct world {
	double end_s[PIECES], w[PIECES];
	double j[PIECES + 1]; /* before each piece */
	uint64_t rng;
};

static double uniform(struct world *x)
{
	x->rng = x->rng * 6364136223846793005u + 1442695040888963407u;
	return (double)(x->rng >> 11) / 9007199254740992.0;
}

/* Pieces of LENGTH and up to SPREAD times as much again. */
static struct world world_of(uint64_t seed, double low, double high, double length, double spread)
{
	struct world x = {.rng = seed};
	double t = 0;

	for (int i = 0; i < PIECES; i++) {
		t += length * (1 + spread * uniform(&x));
		x.end_s[i] = t;
		x.w[i] = uniform(&x) < 0.5 ? low : high;
		x.j[i + 1] = x.j[i] + x.w[i] * (t - (i ? x.end_s[i - 1] : 0));
	}
	return x;
}

static struct world world_make(uint64_t seed, double low, double high)
{
	return world_of(seed, low, high, PIECE_S, 1);
}

/* Until T; there is none before 0 and after the last piece. */
static double joules_until(const struct world *x, double t)
{
	int lo = 0, hi = PIECES;

	while (lo < hi) {
		int mid = (lo + hi) / 2;

		if (x->end_s[mid] < t)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == PIECES ? x->j[lo]
			    : x->j[lo] + x->w[lo] * fmax(0, t - (lo ? x->end_s[lo - 1] : 0));
}

static double joules(const struct world *x, double from, double to)
{
	return joules_until(x, to) - joules_until(x, from);
}

/* The exponential mean at T, by small steps. */
static double exponential(const struct world *x, double t, double tau)
{
	double sum = 0, step = tau / 200;

	for (double u = 0; u < 12 * tau; u += step)
		sum += joules(x, t - u - step, t - u) / step * exp(-(u + step / 2) / tau) * step /
			tau;
	return sum;
}

static struct erg_fit_series series(size_t n, enum erg_fit_form form)
{
	struct erg_fit_series s = {.n = n, .form = form};

	s.t_ns = malloc(n * sizeof(*s.t_ns));
	s.v = malloc(n * sizeof(*s.v));
	assert_true(s.t_ns && s.v);
	return s;
}

static void series_free(struct erg_fit_series *s)
{
	free(s->t_ns);
	free(s->v);
}

#define ZERO_NS 5000000000u

static struct erg_fit_series meter_of(const struct world *x, enum erg_fit_form form, double hz)
{
	struct erg_fit_series s = series((size_t)(25 * hz), form);

	for (size_t i = 0; i < s.n; i++) {
		double t = (double)(i + 1) / hz;

		s.t_ns[i] = ZERO_NS + (uint64_t)llround(1e9 * t);
		s.v[i] = form == ERG_FIT_ENERGY ? joules(x, 0, t) : hz * joules(x, t - 1 / hz, t);
	}
	return s;
}

static struct erg_fit_series sensor_of(struct world *x, enum erg_sensor_kind kind, double gain,
	double offset, double lag, double window, double spacing, double noise)
{
	struct erg_fit_series s = series((size_t)(22 / spacing),
		kind == ERG_SENSOR_COUNTER ? ERG_FIT_ENERGY : ERG_FIT_POWER);

	for (size_t i = 0; i < s.n; i++) {
		double t = 2 + spacing * (double)i, to = t - lag;
		double n = noise * (uniform(x) + uniform(x) + uniform(x) + uniform(x) - 2);

		s.t_ns[i] = ZERO_NS + (uint64_t)llround(1e9 * t);
		if (kind == ERG_SENSOR_COUNTER)
			s.v[i] = gain * joules(x, 0, to) + offset * t + n;
		else if (kind == ERG_SENSOR_EMA)
			s.v[i] = offset + gain * exponential(x, to, window) + n;
		else
			s.v[i] = offset + gain * joules(x, to - window, to) / window + n;
	}
	return s;
}

static void assert_found(struct erg_fit_value f, double truth, double at_most)
{
	if (!(fabs(f.value - truth) <= at_most) ||
		!(fabs(f.value - truth) <= 5 * f.u + 1e-3 * at_most))
		fail_msg("%g +- %g, and the truth is %g (may be off by %g)", f.value, f.u, truth,
			at_most);
}

static void finds_what_a_sensor_does(void **state)
{
	const struct {
		enum erg_sensor_kind kind;
		double gain, offset, lag, window, spacing;
		double meter_hz; /* fewer where the window is long */
	} sensors[] = {
		{ERG_SENSOR_BOXCAR, 0.55, 0.8, 0.030, 0.020, 0.010, 1000},
		{ERG_SENSOR_BOXCAR, 1.1, -0.3, 0.0, 0.100, 0.100, 250},
		{ERG_SENSOR_BOXCAR, 0.95, 0, 0.4, 1.0, 0.025, 250},
		{ERG_SENSOR_POINT, 1, 0.1, 0.005, 0.004, 0.0051, 1000},
		{ERG_SENSOR_POINT, 1, 0.1, 0.005, 0.002, 0.005, 1000}, /* in step with the meter */
		{ERG_SENSOR_EMA, 0.9, 0.2, 0.015, 0.080, 0.020, 500},
		{ERG_SENSOR_COUNTER, 0.85, 0.4, 0.012, 0, 0.010, 1000},
		{ERG_SENSOR_BOXCAR, 0.9, 0.2, 2.0, 0.100, 0.025, 250},
		{ERG_SENSOR_BOXCAR, 0.9, 0.2, 2.0, 2.0, 0.025, 250}, /* the furthest */
	};

	for (size_t i = 0; i < sizeof(sensors) / sizeof(sensors[0]); i++) {
		struct world x = world_make(17 + i, 3, 11);
		struct erg_fit_series m =
			meter_of(&x, i % 2 ? ERG_FIT_ENERGY : ERG_FIT_MEAN, sensors[i].meter_hz);
		struct erg_fit_series s = sensor_of(&x, sensors[i].kind, sensors[i].gain,
			sensors[i].offset, sensors[i].lag, sensors[i].window, sensors[i].spacing,
			sensors[i].kind == ERG_SENSOR_COUNTER ? 1e-4 : 0.05);
		struct erg_fit f;
		struct erg_err err = {0};

		if (erg_fit_sensor(&m, &s, sensors[i].kind, &f, &err))
			fail_msg("sensor %zu: %s", i, err.msg);
		assert_found(f.gain, sensors[i].gain, 0.01);
		assert_found(f.offset_w, sensors[i].offset, 0.08);
		assert_found(f.lag_s, sensors[i].lag, 0.001);
		if (sensors[i].kind != ERG_SENSOR_COUNTER)
			assert_found(f.window_s, sensors[i].window, 0.002);
		series_free(&m);
		series_free(&s);
	}
}

/* In how many of 12 worlds does value +- 2 u hold the truth? Of a normal error it is 11 or 12. */
static void uncertainty_is_what_it_says(void **state)
{
	int gain = 0, offset = 0, lag = 0, window = 0;

	for (int i = 0; i < 12; i++) {
		struct world x = world_make(1000 + (uint64_t)i, 2, 9);
		struct erg_fit_series m = meter_of(&x, ERG_FIT_MEAN, 250);
		struct erg_fit_series s =
			sensor_of(&x, ERG_SENSOR_BOXCAR, 0.8, 0.5, 0.020, 0.050, 0.050, 0.4);
		struct erg_fit f;
		struct erg_err err = {0};

		assert_int_equal(erg_fit_sensor(&m, &s, ERG_SENSOR_BOXCAR, &f, &err), 0);
		gain += fabs(f.gain.value - 0.8) < 2 * f.gain.u;
		offset += fabs(f.offset_w.value - 0.5) < 2 * f.offset_w.u;
		lag += fabs(f.lag_s.value - 0.020) < 2 * f.lag_s.u;
		window += fabs(f.window_s.value - 0.050) < 2 * f.window_s.u;
		series_free(&m);
		series_free(&s);
	}
	assert_true(gain >= 9 && offset >= 9 && lag >= 9 && window >= 9);
}

static struct erg_fit fit_late(uint64_t seed, double late_share, double meter_s)
{
	struct world x = world_make(seed, 3, 11);
	struct erg_fit_series m = meter_of(&x, ERG_FIT_MEAN, 1000);
	struct erg_fit_series s =
		sensor_of(&x, ERG_SENSOR_BOXCAR, 0.7, -1.1, 0.03, 0.02, 0.02, 0.05);
	struct erg_err err = {0};
	struct erg_fit f;

	s.n = 220;
	for (size_t i = 0; i < s.n; i++)
		if (uniform(&x) < late_share)
			s.t_ns[i] += (uint64_t)(19e6 * uniform(&x));
	for (size_t i = 3000; i < 4500; i++) /* the sensor is read from 2 to 6.4 s */
		m.t_ns[i] += (uint64_t)(1e9 * meter_s);
	if (erg_fit_sensor(&m, &s, ERG_SENSOR_BOXCAR, &f, &err))
		fail_msg("%s", err.msg);
	series_free(&m);
	series_free(&s);
	return f;
}

/* Of a busy machine: some readings are late by up to 19 ms, or a third of the meter is by 8 ms. */
static void times_that_are_off_are_in_the_uncertainty(void **state)
{
	for (uint64_t seed = 101; seed < 106; seed++) {
		struct erg_fit quiet = fit_late(seed, 0, 0), late = fit_late(seed, 0.1, 0);
		struct erg_fit meter = fit_late(seed, 0, 0.008);

		assert_true(quiet.scatter_s < 2e-4 && quiet.lag_s.u < 5e-4);
		assert_true(late.scatter_s > 1e-3 && meter.scatter_s > 2e-3);
		assert_true(fabs(late.lag_s.value - 0.03) < 2 * late.lag_s.u);
		assert_true(fabs(meter.lag_s.value - 0.03) < 2 * meter.lag_s.u);
		assert_true(fabs(late.window_s.value - 0.02) < 2 * late.window_s.u);
		assert_true(fabs(meter.window_s.value - 0.02) < 2 * meter.window_s.u);
	}
}

/*
 * Pieces of three readings, but for 0.1 ms: all edges fall into one place of the sensor's windows, and how far
 * through a window they were is nearly all that the readings tell. Many windows fit that, with their lags.
 */
static void a_load_in_step_tells_lag_and_window_less(void **state)
{
	for (uint64_t seed = 201; seed < 209; seed++) {
		struct world x = world_of(seed, 3, 4, 0.06, 0.0015);
		struct erg_fit_series m = meter_of(&x, ERG_FIT_MEAN, 1000);
		double lag = 0.03 + 0.001 * (double)(seed - 201);
		struct erg_fit_series s =
			sensor_of(&x, ERG_SENSOR_BOXCAR, 0.7, -1.1, lag, 0.02, 0.02, 0.05);
		struct erg_err err = {0};
		struct erg_fit f;

		s.n = 200;
		if (erg_fit_sensor(&m, &s, ERG_SENSOR_BOXCAR, &f, &err))
			fail_msg("%s", err.msg);
		assert_true(fabs(f.lag_s.value - lag) < 2.5 * f.lag_s.u);
		assert_true(fabs(f.window_s.value - 0.02) < 2.5 * f.window_s.u);
		series_free(&m);
		series_free(&s);
	}
}

static void refuse(struct erg_fit_series m, struct erg_fit_series s, const char *why)
{
	struct erg_fit f;
	struct erg_err err = {0};

	assert_int_equal(erg_fit_sensor(&m, &s, ERG_SENSOR_BOXCAR, &f, &err), -ENODATA);
	if (!strstr(err.msg, why))
		fail_msg("%s; expected: %s", err.msg, why);
	series_free(&m);
	series_free(&s);
}

static void refuses_what_the_readings_cannot_tell(void **state)
{
	struct world x = world_make(3, 3, 11), other = world_make(4, 3, 11);
	struct world still = world_make(5, 6, 6);
	struct erg_fit_series few;

	/* another supply */
	refuse(meter_of(&x, ERG_FIT_MEAN, 1000),
		sensor_of(&other, ERG_SENSOR_BOXCAR, 1, 0, 0, 0.02, 0.01, 0.05), "same supply");
	/* no load */
	refuse(meter_of(&still, ERG_FIT_MEAN, 1000),
		sensor_of(&still, ERG_SENSOR_BOXCAR, 1, 0, 0, 0.02, 0.01, 0.5), "same supply");
	/* falls where the meter rises */
	refuse(meter_of(&x, ERG_FIT_MEAN, 1000),
		sensor_of(&x, ERG_SENSOR_BOXCAR, -1, 20, 0, 0.02, 0.01, 0.05), "same supply");
	few = sensor_of(&x, ERG_SENSOR_BOXCAR, 1, 0, 0, 0.02, 0.01, 0.05);
	few.n = 20;
	refuse(meter_of(&x, ERG_FIT_MEAN, 1000), few, "20 of the sensor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_a_sensor_does),
		cmocka_unit_test(uncertainty_is_what_it_says),
		cmocka_unit_test(times_that_are_off_are_in_the_uncertainty),
		cmocka_unit_test(a_load_in_step_tells_lag_and_window_less),
		cmocka_unit_test(refuses_what_the_readings_cannot_tell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
