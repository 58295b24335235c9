/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the attribution makes of a rail's readings: those that are stale, updates that come like clockwork, times that
 * are wide or were rounded, stamps off their pace.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/readings.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/times.h"
#include "formats/base/util.h"
#include "tests/unit/attribution_run.h"

static void fill_rail(struct erg_rail *rail, size_t n, size_t hold, double noise, double lsb)
{
	struct attr_rng rng;
	double v = 0;

	attr_rng_seed(&rng, 3);
	*rail = (struct erg_rail){.n = n, .name = "rail"};
	rail->t = calloc(n, sizeof(*rail->t));
	rail->v = calloc(n, sizeof(*rail->v));
	for (size_t i = 0; i < n; i++) {
		if (i % hold == 0)
			v = 5 + noise * attr_rng_normal(&rng);
		rail->t[i] = 1000000 * (i + 1);
		rail->v[i] = lsb > 0 ? round(v / lsb) * lsb : v;
	}
}

static void test_stale_readings(void **state)
{
	static const struct {
		size_t hold;
		double noise, lsb;
		bool stale;
		uint64_t model_ns; /* the period of an assumed model */
	} cases[] = {
		{10, 1, 0, true, 0},   /* updates every 10 ms, read every 1 ms */
		{1, 1, 0, false, 0},   /* fresh every time */
		{1, .2, .5, false, 0}, /* repeats by its quantum, irregularly */
		{10, 1, 0, true, 10000000},
		{10, 1, 0, true, 100000000}, /* the readings know better */
		{1, 1, 0, false, 100000000},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		struct attr_readings r;
		struct erg_rail rail;

		fill_rail(&rail, 1000, cases[i].hold, cases[i].noise, cases[i].lsb);
		rail.model = (struct erg_sensor_model){.provenance = ERG_PROVENANCE_ASSUMED,
			.period_ns = cases[i].model_ns};
		assert_int_equal(attr_readings_build(&rail, 0, 2000000000, &r, NULL), 0);
		assert_int_equal(r.stale, cases[i].stale);
		if (cases[i].stale) {
			close_to(r.period_ns, 1e7, 1e5);
			assert_in_range(r.n, 98, 100);
		}
		attr_readings_release(&r);
		free(rail.t);
		free(rail.v);
	}
}

/* A sensor that updates every 10.003 ms from 3.3 ms on, WANDER of it later or earlier by chance, is read about every 2
 * ms; one stamp in HELD (0: none) is 3 ms late, and those behind it wait for it. EACH updates have one value. */
static void fill_polled(struct erg_rail *rail, double wander, size_t held, double each)
{
	struct attr_rng rng;
	double last = 0, update = 0, due = 3.3e6, next = 0;

	attr_rng_seed(&rng, 11);
	memset(rail, 0, sizeof(*rail));
	rail->n = 20000;
	rail->t = calloc(rail->n, sizeof(*rail->t));
	rail->v = calloc(rail->n, sizeof(*rail->v));
	for (size_t i = 0; i < rail->n; i++) {
		double t = 4e6 + 2e6 * ((double)i + 0.1 * attr_rng_uniform(&rng));

		for (; next <= t; update++) {
			due = 3.3e6 + update * 10.003e6;
			next = due + 10.003e6 * (1 + wander * (attr_rng_uniform(&rng) - 0.5));
		}
		last = fmax(t + (held && i % held == 0 ? 3e6 : 0), last + 1);
		rail->t[i] = 1000000000 + (uint64_t)last;
		rail->v[i] = floor((update - 1) / each);
	}
}

static void test_updates_like_clockwork(void **state)
{
	static const struct {
		double wander;
		size_t held;
		double each;
		bool clockwork;
	} cases[] = {
		{0, 0, 1, true},
		{0, 25, 1, true},
		{0, 0, 1.25, true},
		{0.5, 0, 1, false},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		struct attr_readings r;
		struct erg_rail rail;

		fill_polled(&rail, cases[i].wander, cases[i].held, cases[i].each);
		rail.model.period_ns = 10000000;
		assert_int_equal(attr_readings_build(&rail, 0, UINT64_MAX, &r, NULL), 0);
		assert_true(r.stale);
		assert_int_equal(r.at_updates, cases[i].clockwork);
		for (size_t k = 0; k < r.n && r.at_updates; k++) {
			double number = ((double)r.t[k] - 1000000000 - 3.3e6) / 10.003e6;

			close_to(number, round(number),
				0.01); /* 0.1 of 2 ms, as one in ten may be late */
			close_to(r.v[k], floor(round(number) / cases[i].each), 0);
		}
		if (r.at_updates) {
			close_to(r.period_ns, 10.003e6, 50);
			assert_in_range(r.n, 3990, 3999);
		}
		attr_readings_release(&r);
		free(rail.t);
		free(rail.v);
	}
}

/* A converter of 1 ms of which readings were missed, as its driver knows it; and one whose period nobody knows. */
static void test_missed_readings_are_no_rounding(void **state)
{
	for (int known = 0; known < 2; known++) {
		struct attr_readings r;
		struct erg_rail rail;
		uint64_t t = 7777;

		fill_rail(&rail, 500, 1, 1, 0);
		rail.model.provenance = known ? ERG_PROVENANCE_DRIVER : ERG_PROVENANCE_ASSUMED;
		rail.model.period_ns = 1000000;
		for (size_t k = 0; k < rail.n; k++)
			rail.t[k] = t += 1000000u * (1 + k * k % 3);
		assert_int_equal(attr_readings_build(&rail, 0, UINT64_MAX, &r, NULL), 0);
		assert_true(r.grid_ns == (known ? 0 : 1e6));
		attr_readings_release(&r);
		free(rail.t);
		free(rail.v);
	}
}

/* Readings that took much longer than the others are of a time that nobody knows; where all take long, none is
 * odd. A sensor that repeats itself is found with and without them. */
static void test_wide_readings(void **state)
{
	static const struct {
		uint32_t usual, odd;
		size_t hold, wide, fresh;
	} cases[] = {
		{20000, 250000, 1, 100, 900},
		{20000, 150000, 1, 0, 1000},
		{300000, 1400000, 1, 0, 1000},
		{300000, 1600000, 1, 100, 900},
		{20000, 250000, 10, 100, 99},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		struct attr_readings r;
		struct erg_rail rail;

		fill_rail(&rail, 1000, cases[i].hold, 1, 0);
		rail.half = calloc(rail.n, sizeof(*rail.half));
		for (size_t k = 0; k < rail.n; k++) {
			rail.half[k] = k % 10 == 5 ? cases[i].odd : cases[i].usual;
			rail.v[k] += cases[i].wide && k % 10 == 5 ? 1000 : 0;
		}
		assert_int_equal(attr_readings_build(&rail, 0, UINT64_MAX, &r, NULL), 0);
		assert_int_equal(r.wide, cases[i].wide);
		assert_int_equal(r.n, cases[i].fresh);
		assert_int_equal(r.stale, cases[i].hold > 1);
		for (size_t k = 0; k < r.n; k++) {
			assert_true(r.v[k] < 100);
			assert_true(!cases[i].wide || r.t[k] / 1000000 % 10 != 6);
		}
		assert_true(!cases[i].wide || r.half_ns == (r.stale ? 0 : cases[i].usual));
		attr_readings_release(&r);
		free(rail.t);
		free(rail.v);
		free(rail.half);
	}
}

/* A meter that goes its own way and whose log rounds; one that keeps the same period; no rounding. */
static void test_rounded_times(void **state)
{
	static const struct {
		double spacing, scatter, round; /* ms */
		double grid_ns;
	} cases[] = {
		{11.3, 0, 10, 1e7}, {11.3, 0, 1, 1e6}, {100, 0.7, 1, 1e6}, {10, 0, 10, 0},
		{11.3, 0, 0, 0}, {1, 0.01, 0.01, 0}, /* too fine to matter */
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		struct attr_readings r;
		struct erg_rail rail;

		fill_rail(&rail, 500, 1, 1, 0);
		for (size_t k = 0; k < rail.n; k++) {
			double t = 7 + (double)k * cases[i].spacing +
				(double)(k % 3) * cases[i].scatter;

			if (cases[i].round > 0)
				t = floor(t / cases[i].round) * cases[i].round;
			rail.t[k] = (uint64_t)llround(t * 1e6);
		}
		assert_int_equal(attr_readings_build(&rail, 0, UINT64_MAX, &r, NULL), 0);
		assert_true(r.grid_ns == cases[i].grid_ns);
		attr_readings_release(&r);
		free(rail.t);
		free(rail.v);
	}
}

/* Read every 10 ms, of which three are missing amid them: a stamp that is 1 ms late is so by 1 ms, and one that is 6 ms
 * late by 6 ms, also beside the readings that are missing, and the others are not. */
static void test_off_pace(void **state)
{
	enum { N = 100, MISSING = 3 };
	static const uint64_t late[N] = {[20] = 1000000, [48] = 6000000, [52] = 1000000};
	uint64_t t[N];
	struct erg_attr_state st = {.readings = {.n = N, .t = t, .spacing_ns = 10e6}};
	struct attr_run r = {.st = &st};

	for (size_t m = 0; m < N; m++)
		t[m] = 5000000000u + 10000000u * (m < N / 2 ? m : m + MISSING) + late[m];
	assert_int_equal(attr_stamps_keep(&r), 0);
	for (size_t m = 0; m < N; m++)
		close_to(st.readings.off[m], (double)late[m], 1);
	/* all of what is more than 0.5 ms late is put back, of the rest nothing */
	attr_times_by_pace(&st.readings, 0, 5e5);
	assert_int_equal(st.readings.n_late, 3);
	for (size_t m = 0; m < N; m++)
		close_to((double)st.readings.t[m],
			5e9 + 1e7 * (double)(m < N / 2 ? m : m + MISSING), 1);
	attr_unsteady(&r);
	assert_memory_equal(st.readings.t, t, sizeof(t));
	attr_readings_release(&st.readings);
}

/* Read about every 10 ms, of which 1 ms is by chance, and stamped later by chance, 0.3 ms on the average: of delays like
 * those between events, a stamp that is not far off the pace says nothing, and one that is far off much. */
static void stamp_late(struct scene_trace *t)
{
	struct attr_rng rng;

	attr_rng_seed(&rng, 29);
	for (size_t m = 0; m < t->rail.n; m++)
		t->rail.t[m] += (uint64_t)(-3e5 * log(1 - attr_rng_uniform(&rng)));
}

/* Most layers of 0.3 to 4 ms then have figures, which are right. */
static void test_scattered_stamps(void **state)
{
	size_t covered = 0, resolved = 0;

	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct result r;
		struct scene s;

		scene_defaults(&s);
		s.seed = seed;
		s.run_s = 40;
		s.dither = 0.1;
		s.noise_w = 0.02;
		scene_make(&s, &r.t);
		stamp_late(&r.t);
		assert_int_equal(attribute(&r.t, NULL, &r.a, NULL), 0);
		assert_null(r.a->misfit);
		assert_true(warned(r.a, "scattered-stamps"));
		for (size_t k = 0; k + 1 < r.a->n_classes; k++) {
			const struct erg_est *e = &r.a->classes[k].energy_j;

			if (!erg_est_resolved(e))
				continue;
			resolved++;
			covered += e->lo <= r.t.energy_j[k] && r.t.energy_j[k] <= e->hi;
			assert_true(error_of(&r, k) < 0.03);
		}
		done(&r);
	}
	assert_true(resolved >= 26);
	assert_true(covered + 2 >= resolved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stale_readings),
		cmocka_unit_test(test_updates_like_clockwork),
		cmocka_unit_test(test_wide_readings),
		cmocka_unit_test(test_rounded_times),
		cmocka_unit_test(test_missed_readings_are_no_rounding),
		cmocka_unit_test(test_off_pace),
		cmocka_unit_test(test_scattered_stamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
