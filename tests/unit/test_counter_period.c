/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often a counter is brought up to date that is read hardly more often: found of registers that have a period, from
 * energies of a load whose integral is exact; not of a counter that is exact whenever it is read, nor of one
 * whose load is noise.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <math.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyze/timeline/counter_period.h"

#define N 3000
#define MS 1000000.0

static uint64_t t[N];
static double v[N];

/* A fixed sequence between 0 and 1. */
static double next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 11) / 9007199254740992.0;
}

static double quick = 4; /* W */

/* J until S ns: 10 W, and more or less in waves of 37 ms (QUICK) and 2.1 s (4 W). */
static double joules(double s)
{
	return 1e-9 *
		(10 * s - quick * 37 * MS / 6.283185307 * cos(6.283185307 * s / (37 * MS)) +
			4 * 2100 * MS / 6.283185307 * sin(6.283185307 * s / (2100 * MS)));
}

/* Reads each SPACING ns, off by up to LATE of it; what the register got each PERIOD ns (0: always), by a clock that
 * is PPM fast. */
static uint64_t found(double period, double spacing, double late, double ppm)
{
	uint64_t state = 7;

	for (size_t i = 0; i < N; i++) {
		double s = ((double)i + 1 + late * next(&state)) * spacing,
		       own = period * (1 - ppm * 1e-6);

		t[i] = 1000000000u + (uint64_t)s;
		v[i] = joules(period > 0 ? floor(s / own + 0.3) * own - 0.3 * own : s);
	}
	return erg_counter_period(t, v, N, (uint64_t)spacing);
}

static void test_found(void **state)
{
	quick = 0.5; /* one reading in 33 tells it */
	assert_int_equal(found(10 * MS, 10.3 * MS, 0.02, 0), 10 * MS);
	quick = 4;
	assert_int_equal(found(10 * MS, 21 * MS, 0.1, 50), 10 * MS);
	assert_int_equal(found(100 * MS, 130 * MS, 0.1, 0), 100 * MS);
	assert_int_equal(found(1 * MS, 1.7 * MS, 0.1, 20), 1 * MS);
	assert_int_equal(found(20 * MS, 50 * MS, 0.3, -30), 20 * MS);
}

static void test_not_found(void **state)
{
	uint64_t seed = 3;

	assert_int_equal(found(0, 10.3 * MS, 0.02, 0), 0);
	assert_int_equal(found(0, 21 * MS, 0.1, 0), 0);
	assert_int_equal(found(0, 1 * MS, 0.3, 0), 0);
	assert_int_equal(found(0, 100 * MS, 0, 0), 0);
	for (size_t i = 1; i < N; i++) /* each difference is another, whatever its length */
		v[i] = v[i - 1] + next(&seed);
	assert_int_equal(erg_counter_period(t, v, N, (uint64_t)(100 * MS)), 0);
	assert_int_equal(erg_counter_period(t, v, 3, (uint64_t)(100 * MS)), 0);
	assert_int_equal(erg_counter_period(t, v, N, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),
		cmocka_unit_test(test_not_found),
	};

	return cmocka_run_group_tests_name("counter-period", tests, NULL, NULL);
}
