/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers of one power, whose energies no sensor can change, and of which no sensor can be told: nobody declared one. And
 * others that a slow sensor makes look like that.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/attribution_run.h"

/* Layers of 20 to 40 ms without gaps, read each 100 ms by a sensor of which nobody says anything: an import has it as the
 * mean from one reading to the next. */
static void run_undeclared(double window_s, double unlike, uint64_t seed, struct result *ret)
{
	struct scene s;

	scene_defaults(&s);
	s.seed = seed;
	s.layers = 6;
	s.layer_min_s = 20e-3;
	s.layer_max_s = 40e-3;
	s.power_min_w = 10 - unlike;
	s.power_max_w = 10 + unlike;
	s.gap_s = 0;
	s.idle_s = 3;
	s.idle_w = 3;
	s.spacing_s = 0.1;
	s.dither = 0.03;
	s.window_s = window_s;
	s.noise_w = 0.03;
	scene_make(&s, &ret->t);
	ret->t.rail.model = (struct erg_sensor_model){.kind = ERG_SENSOR_BOXCAR,
		.provenance = ERG_PROVENANCE_ASSUMED,
		.window_ns = 100000000};
	assert_int_equal(attribute(&ret->t, NULL, &ret->a, NULL), 0);
}

/* How many layers have a figure; none may be wrong. */
static size_t resolved(const struct result *r)
{
	size_t n = 0;

	for (size_t k = 0; k + 1 < r->a->n_classes; k++) {
		const struct erg_est *e = &r->a->classes[k].energy_j;

		if (erg_est_resolved(e))
			close_to(e->value, r->t.energy_j[k], 0.75 * (e->hi - e->lo));
		n += erg_est_resolved(e);
	}
	return n;
}

static void test_one_power(void **state)
{
	static const double window_s[] = {0.3e-3, 3e-3};
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		struct result r;

		run_undeclared(window_s[i % 2], 0, 1 + i / 2, &r);
		n += resolved(&r);
		done(&r);
	}
	assert_true(n >= 20); /* of 24 */
}

/* What averages over an iteration or more makes all alike: of that nothing wrong is said. */
static void test_slow_sensor(void **state)
{
	static const double window_s[] = {60e-3, 100e-3, 300e-3, 1};

	for (size_t i = 0; i < 4; i++) {
		struct result r;

		run_undeclared(window_s[i], 3, 1, &r);
		resolved(&r);
		done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_power),
		cmocka_unit_test(test_slow_sensor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
