/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readings in step with the work, or nearly, and a search that ends beside the truth, on traces whose truth is
 * known.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/attribution/attribution.h"
#include "tests/accuracy/scene.h"
#include "tests/unit/attribution_run.h"

static void test_gate_locked(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.jitter = s.dither = 0;
	s.cycle_s = 20e-3;
	run(&s, NULL, &r);
	assert_true(r.a->diag.locked);
	assert_true(warned(r.a, "phase-locked"));
	for (size_t k = 0; k < s.layers; k++)
		assert_false(erg_est_resolved(&r.a->classes[k].group_energy_j));
	assert_true(count_gate(r.a, ERG_GATE_LOCKED) > 0);
	assert_false(erg_est_resolved(&r.a->ets_j));
	done(&r);
	s.jitter = 0.03;
	run(&s, NULL, &r);
	assert_false(r.a->diag.locked);
	assert_int_equal(count_gate(r.a, ERG_GATE_LOCKED), 0);
	assert_int_equal(count_gate(r.a, ERG_GATE_NONE), s.layers);
	done(&r);
}

/* Iterations of 9.96 ms, read every 10 ms: the readings see some layers too often for seconds on end,
 * and their neighbours are alike. The fit gives the energy, and an interval of time, for which there
 * is no fit, is as wide as the readings were wrong. */
static void test_nearly_in_step(void **state)
{
	struct scene s;

	for (uint64_t seed = 1; seed <= 2; seed++) {
		struct erg_est by_readings;
		struct result r;

		scene_defaults(&s);
		s.run_s = 20;
		s.seed = seed;
		s.kind = ERG_SENSOR_EMA;
		s.window_s = 0;
		s.period_s = 0.84e-3;
		s.alpha = 0.25;
		s.cycle_s = 9.96e-3;
		run(&s, NULL, &r);
		assert_false(r.a->diag.locked);
		assert_string_equal(r.a->ets_j.method, "nnls");
		assert_true(r.a->ets_j.hi - r.a->ets_j.lo < 1e-3 * r.t.total_j);
		assert_true(fabs(r.a->ets_j.value / r.t.total_j - 1) < 3e-4);
		by_readings = erg_attr_interval(r.a, r.t.seg.begin[0], r.t.seg.begin[r.t.seg.n],
			NULL, NULL);
		assert_true(by_readings.lo <= r.t.total_j && r.t.total_j <= by_readings.hi);
		done(&r);
	}
}

/* Updates every 10 ms, read every ms: of this trace the coarse search of the lag ends an eighth of a
 * period beside the truth, and a layer would have twice its energy. */
static void test_lag_beside_the_truth(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.seed = 1026;
	s.spacing_s = 1e-3;
	s.window_s = s.period_s = 10e-3;
	run(&s, NULL, &r);
	assert_true(r.a->diag.residual_w < 1.2 * s.noise_w);
	for (size_t k = 0; k < s.layers; k++)
		if (erg_est_resolved(&r.a->classes[k].energy_j))
			assert_true(error_of(&r, k) < 0.02);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate_locked),
		cmocka_unit_test(test_nearly_in_step),
		cmocka_unit_test(test_lag_beside_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
