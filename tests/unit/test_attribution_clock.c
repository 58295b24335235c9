/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whole runs whose readings have another clock than the layers: what is of no consequence is believed, what
 * no sensor mends is not.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/misfit.h"
#include "tests/accuracy/scene.h"
#include "tests/unit/attribution_run.h"

/* The readings' clock wanders by AMPLITUDE ns, as the cube of the time from the middle of the run. */
static void run_wandering(double amplitude, struct result *ret)
{
	struct scene s;
	struct erg_err err = {0};
	struct erg_rail *rail = &ret->t.rail;

	scene_defaults(&s);
	s.run_s = 30;
	s.noise_w = 0.02;
	scene_make(&s, &ret->t);
	for (size_t i = 0; i < rail->n; i++) {
		double x = 2 * (double)i / (double)rail->n - 1;

		rail->t[i] += (uint64_t)(amplitude * (1 + x * x * x));
	}
	if (attribute(&ret->t, NULL, &ret->a, &err) < 0)
		fail_msg("%s", err.msg);
}

static double p_of(const struct erg_attr *a, const char *name)
{
	for (size_t i = 0; i < a->model.n_tests; i++)
		if (!strcmp(a->model.tests[i].name, name))
			return a->model.tests[i].p;
	return NAN;
}

/* What is significant and of no consequence refuses nothing; of much consequence, it refuses or is right. */
static void test_slight(void **state)
{
	struct result r;
	size_t resolved = 0;

	run_wandering(3e4, &r);
	assert_true(p_of(r.a, "clock") < ATTR_MISFIT_P);
	assert_null(r.a->misfit);
	for (size_t k = 0; k + 1 < r.a->n_classes; k++) {
		const struct erg_est *e = &r.a->classes[k].energy_j;

		if (!erg_est_resolved(e))
			continue;
		resolved++;
		assert_true(error_of(&r, k) < 0.02);
		close_to(e->value, r.t.energy_j[k], 0.75 * (e->hi - e->lo));
	}
	assert_true(resolved >= 9);
	done(&r);
	run_wandering(1e6, &r);
	for (size_t k = 0; k + 1 < r.a->n_classes; k++)
		if (erg_est_resolved(&r.a->classes[k].energy_j))
			assert_true(error_of(&r, k) < 0.02);
	done(&r);
}

/* A clock that goes to and fro by 5 ms, which no sensor mends: layers of one power have it wherever the edges are, and
 * layers of several powers have no figure. */
static void test_whatever_lag(void **state)
{
	struct scene s;
	struct result r;

	for (int unlike = 0; unlike < 2; unlike++) {
		scene_defaults(&s);
		s.layers = 3;
		s.layer_min_s = s.layer_max_s = 20e-3;
		s.power_min_w = 6;
		s.power_max_w = unlike ? 12 : 6;
		s.gap_s = 1e-3;
		s.gap_w = 4;
		s.spacing_s = 1e-3;
		s.window_s = 0.2e-3;
		s.run_s = 4;
		scene_make(&s, &r.t);
		for (size_t i = 0; i < r.t.rail.n; i++)
			r.t.rail.t[i] += (uint64_t)(5e6 *
				(1 + sin(14 * M_PI * (double)i / (double)r.t.rail.n)));
		assert_int_equal(attribute(&r.t, NULL, &r.a, NULL), 0);
		assert_non_null(r.a->misfit);
		for (size_t k = 0; k < s.layers; k++) {
			const struct erg_est *e = &r.a->classes[k].energy_j;

			assert_int_equal(erg_est_resolved(e), !unlike);
			if (!unlike)
				close_to(e->value, r.t.energy_j[k], (e->hi - e->lo) / 2);
		}
		done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slight),
		cmocka_unit_test(test_whatever_lag),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
