/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readings that a sensor or its bus spoilt: those at the end of its range, those that cannot be of the load; and loads that
 * look like either and are not.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/clipped.h"
#include "analyze/attribution/outlying.h"
#include "analyze/attribution/rng.h"
#include "formats/base/util.h"
#include "tests/unit/attribution_run.h"

/* N readings in order, one a step from LEAST on, and TOP more at the last. */
static size_t ramp(double *x, size_t n, double least, double step, size_t top)
{
	for (size_t i = 0; i < n + top; i++)
		x[i] = least + step * (double)(i < n ? i : n - 1);
	return n + top;
}

static void test_top(void **state)
{
	double x[2000];
	size_t n = ramp(x, 500, 2, .01, 60);

	assert_int_equal(attr_clipped_top(x, n, .01), 61);
	assert_int_equal(attr_clipped_top(x, n, 0), 61);
	n = ramp(x, 500, 2, .01, 3); /* few: chance */
	assert_int_equal(attr_clipped_top(x, n, .01), 0);
	n = ramp(x, 10, 2, 1, 60); /* hardly any digits */
	assert_int_equal(attr_clipped_top(x, n, 1), 0);
	for (size_t i = 0; i < 2000;
		i++) /* as many a step below: a load that is steady to its last digit but one */
		x[i] = i < 1000 ? 50 + .1 * (double)i : i < 1500 ? 299 : 300;
	assert_int_equal(attr_clipped_top(x, 2000, 1), 0);
}

/* A layer at 3 W that gives the same reading each time, as the one on top does; and one whose readings differ. */
static void test_elsewhere(void **state)
{
	double x[1000];

	for (int same = 0; same < 2; same++) {
		for (size_t i = 0; i < 1000; i++)
			x[i] = i < 300    ? 2 + .001 * (double)i
				: i < 500 ? 3 + (same ? 0 : 1e-3 * (double)(i - 300))
				: i < 800 ? 4 + .001 * (double)(i - 500)
					  : 5;
		assert_int_equal(attr_clipped_top(x, 1000, 1e-3), 200);
		assert_int_equal(attr_clipped_elsewhere(x, 1000, 1e-3, 40), same);
	}
}

static double most_of(const struct erg_rail *rail)
{
	double most = 0;

	for (size_t i = 0; i < rail->n; i++)
		most = fmax(most, rail->v[i]);
	return most;
}

static void test_clipped(void **state)
{
	struct scene s;
	struct scene_trace t;
	struct erg_attr *a;
	double end;

	scene_defaults(&s);
	s.run_s = 20;
	scene_make(&s, &t);
	end = .8 * most_of(&t.rail);
	for (size_t i = 0; i < t.rail.n; i++)
		t.rail.v[i] = fmin(t.rail.v[i], end);
	assert_int_equal(attribute(&t, NULL, &a, NULL), 0);
	assert_true(warned(a, "clipped"));
	assert_int_equal(count_gate(a, ERG_GATE_CLIPPED), s.layers);
	assert_string_equal(a->ets_j.reason, "clipped");
	assert_string_equal(erg_attr_interval(a, t.tl.begin, t.tl.end, NULL, NULL).reason,
		"clipped");
	erg_attr_free(a);
	scene_release(&t);
}

/* Long layers, without noise: each gives one reading again and again. And in steps of 1 W. */
static void test_flat_tops_are_none(void **state)
{
	for (int coarse = 0; coarse < 2; coarse++) {
		struct result r;
		struct scene s;

		scene_defaults(&s);
		s.run_s = 20;
		s.layer_min_s = .02;
		s.layer_max_s = .05;
		s.noise_w = 0;
		s.lsb = coarse ? 1 : 0;
		run(&s, NULL, &r);
		assert_int_equal(count_gate(r.a, ERG_GATE_CLIPPED), 0);
		assert_false(warned(r.a, "clipped"));
		assert_true(erg_est_resolved(&r.a->ets_j));
		done(&r);
	}
}

static const double factors[] = {0, 2, 10};

/* One reading in 53 is garbled, in turn by each factor; *ret_j: what they add to the sum. */
static void garble(struct scene_trace *t, double *ret_j)
{
	*ret_j = 0;
	for (size_t i = 7; i + 1 < t->rail.n; i += 53) {
		double v = t->rail.v[i];

		t->rail.v[i] *= factors[(i / 53) % 3];
		*ret_j += (t->rail.v[i] - v) * (double)(t->rail.t[i + 1] - t->rail.t[i - 1]) / 2e9;
	}
}

/* Rows and the run are as without them, and what they would add is in the interval of the run. */
static void test_garbled(void **state)
{
	struct scene s;
	struct scene_trace t;
	struct erg_attr *a;
	double more, sum = 0;

	scene_defaults(&s);
	scene_make(&s, &t);
	garble(&t, &more);
	assert_int_equal(attribute(&t, NULL, &a, NULL), 0);
	assert_true(warned(a, "outlying-readings"));
	assert_int_equal(count_gate(a, ERG_GATE_NONE), s.layers);
	for (size_t k = 0; k < s.layers; k++)
		assert_true(fabs(a->classes[k].energy_j.value / t.energy_j[k] - 1) < .02);
	for (size_t k = 0; k < t.n_classes; k++)
		sum += t.energy_j[k];
	close_to(a->ets_j.value, sum, .003 * sum);
	assert_true(more > .03 * sum);
	assert_true(a->ets_j.hi > sum + .95 * more);
	erg_attr_free(a);
	scene_release(&t);
}

/* Marked among 1000 readings of 3 W or so: single ones of 0 and of 60 W, but not a burst of three in a row each time, nor
 * what lies beside the others. */
static void test_far(void **state)
{
	static const struct {
		double v;
		size_t each, in_row, marked;
	} cases[] = {{60, 100, 1, 10}, {0, 100, 1, 10}, {60, 100, 3, 0}, {4.5, 100, 1, 0},
		{60, 10, 1, 0}};

	for (size_t c = 0; c < ERG_ARRAY_SIZE(cases); c++) {
		double v[1000];
		bool out[1000];
		size_t marked = 0;
		struct attr_rng rng;

		attr_rng_seed(&rng, 5);
		for (size_t i = 0; i < 1000; i++)
			v[i] = i % cases[c].each < cases[c].in_row ? cases[c].v
								   : 2 + 2 * attr_rng_uniform(&rng);
		assert_int_equal(attr_outlying_far(v, 1000, out), 0);
		for (size_t i = 0; i < 1000; i++) {
			marked += out[i];
			assert_true(!out[i] || v[i] == cases[c].v);
		}
		assert_int_equal(marked, cases[c].marked);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_elsewhere),
		cmocka_unit_test(test_clipped),
		cmocka_unit_test(test_flat_tops_are_none),
		cmocka_unit_test(test_garbled),
		cmocka_unit_test(test_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
