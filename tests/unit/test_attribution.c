/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attribution as a whole, on traces whose truth is known: short and long layers, sensors of
 * each kind, both methods against each other, drift, idle, gaps, and that a seed gives the same bytes.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/coverage.h"
#include "analyze/attribution/instances.h"
#include "analyze/attribution/state.h"
#include "formats/base/util.h"
#include "tests/accuracy/scene.h"
#include "tests/unit/attribution_run.h"

static void test_short_layers(void **state)
{
	struct scene s;
	struct result r;
	double mean = 0;

	scene_defaults(&s);
	run(&s, NULL, &r);
	for (size_t k = 0; k < s.layers; k++) {
		assert_true(erg_est_resolved(&r.a->classes[k].energy_j));
		assert_string_equal(r.a->classes[k].energy_j.method, "nnls");
		assert_true(error_of(&r, k) < 0.02);
		mean += error_of(&r, k) / (double)s.layers;
		assert_true(fabs(r.a->classes[k].time_s - r.t.time_s[k]) < 1e-6);
		assert_true(fabs(r.a->classes[k].power_w.value * r.t.time_s[k] /
					    r.a->classes[k].energy_j.value -
				    1) < 1e-9);
	}
	assert_true(mean < 0.005);
	assert_true(fabs(r.a->ets_j.value / r.t.total_j - 1) < 0.005);
	assert_true(fabs(r.a->edp_js.value / (r.a->ets_j.value * r.a->time_s) - 1) < 1e-12);
	assert_true(fabs(r.a->ed2p_js2.hi / (r.a->edp_js.hi * r.a->time_s) - 1) < 1e-12);
	done(&r);
}

static void test_naive_is_wrong(void **state)
{
	struct scene s;
	struct scene_trace t;
	double naive[12], mean = 0;

	scene_defaults(&s);
	scene_make(&s, &t);
	scene_naive(&t, naive);
	for (size_t k = 0; k < s.layers; k++)
		mean += fabs(naive[k] / t.energy_j[k] - 1) / (double)s.layers;
	assert_true(mean > 0.2);
	scene_release(&t);
}

static void test_seed(void **state)
{
	struct erg_attr_options opt;
	struct result r[3];
	struct scene s;

	scene_defaults(&s);
	s.run_s = 10;
	for (int i = 0; i < 3; i++) {
		erg_attr_options_init(&opt);
		opt.seed = i == 2;
		run(&s, &opt, &r[i]);
	}
	for (size_t k = 0; k < s.layers; k++) {
		struct erg_attr_class *c[3];

		for (int i = 0; i < 3; i++)
			c[i] = &r[i].a->classes[k];
		assert_memory_equal(&c[0]->energy_j, &c[1]->energy_j,
			offsetof(struct erg_est, method));
		if (erg_est_resolved(&c[0]->energy_j) && erg_est_resolved(&c[2]->energy_j)) {
			assert_true(c[0]->energy_j.value == c[2]->energy_j.value);
			assert_true(c[0]->energy_j.lo != c[2]->energy_j.lo);
		}
	}
	for (int i = 0; i < 3; i++)
		done(&r[i]);
}

/* Long layers: direct integration, and least squares agrees within both intervals. */
static void test_direct(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.layer_min_s = 30e-3;
	s.layer_max_s = 150e-3;
	s.spacing_s = 2e-3;
	s.variation = 0.05;
	run(&s, NULL, &r);
	for (size_t k = 0; k < s.layers; k++) {
		struct erg_attr_class *c = &r.a->classes[k];

		assert_string_equal(c->energy_j.method, "direct");
		assert_true(error_of(&r, k) < 0.01);
		assert_true(erg_est_resolved(&c->energy_nnls_j));
		assert_true(c->energy_direct_j.lo <= c->energy_nnls_j.hi &&
			c->energy_nnls_j.lo <= c->energy_direct_j.hi);
	}
	done(&r);
	s.layer_min_s = 5e-3; /* not ten windows */
	s.layer_max_s = 15e-3;
	run(&s, NULL, &r);
	for (size_t k = 0; k < s.layers; k++)
		assert_false(erg_est_resolved(&r.a->classes[k].energy_direct_j));
	done(&r);
}

static void test_drift(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.drift_w = 1.5;
	run(&s, NULL, &r);
	assert_true(r.a->diag.drift_w > 0.2 && r.a->diag.drift_w < 0.8);
	for (size_t k = 0; k < s.layers; k++)
		assert_true(error_of(&r, k) < 0.03);
	assert_true(fabs(r.a->ets_j.value / r.t.total_j - 1) < 0.005);
	done(&r);
	s.drift_w = 0;
	run(&s, NULL, &r);
	assert_true(r.a->diag.drift_w < 0.02);
	done(&r);
}

static void test_idle(void **state)
{
	struct erg_attr_options opt;
	double weight[13] = {0};
	struct erg_est total, above;
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.idle_s = 10;
	erg_attr_options_init(&opt);
	run(&s, &opt, &r);
	assert_int_equal(r.a->n_classes, 13);
	assert_true(fabs(r.a->idle_w.value - 2) < 0.01);
	assert_true(fabs(r.a->classes[12].energy_j.value - 40) < 0.2);
	weight[0] = weight[3] = 1;
	total = erg_attr_combine(r.a, weight, false);
	above = erg_attr_combine(r.a, weight, true);
	assert_true(fabs(total.value - above.value - 2 * (r.t.time_s[0] + r.t.time_s[3])) < 0.1);
	assert_true(above.lo < above.value && above.value < above.hi);
	done(&r);
	s.idle_s = 0;
	run(&s, &opt, &r);
	assert_int_equal(r.a->n_classes, 12);
	assert_false(erg_est_resolved(&r.a->idle_w));
	above = erg_attr_combine(r.a, weight, true);
	assert_false(erg_est_resolved(&above));
	done(&r);
}

/* No readings from 20 to 32 s. */
static void run_with_hole(struct scene *s, struct result *r)
{
	scene_defaults(s);
	s->hole_begin_s = 20;
	s->hole_end_s = 32;
	run(s, NULL, r);
}

static void test_gap(void **state)
{
	struct scene s;
	struct result r;

	run_with_hole(&s, &r);
	assert_true(fabs(r.a->coverage - 0.8) < 0.01);
	assert_true(fabs(r.a->classes[4].coverage - 0.8) < 0.02);
	assert_true(warned(r.a, "gaps"));
	assert_true(r.a->ets_j.lo < r.t.total_j && r.t.total_j < r.a->ets_j.hi);
	done(&r);
	s.hole_end_s = 0;
	run(&s, NULL, &r);
	assert_true(r.a->coverage > 0.999);
	assert_false(warned(r.a, "gaps"));
	assert_false(warned(r.a, "unordered"));
	done(&r);
}

/* Columns that are bent over the duration are parts of the same time: what is observed of a class is the same.
 * It was subtracted once a column, so that 64 % were 0. */
static void test_gap_of_bent_columns(void **state)
{
	struct erg_err err = {0};
	struct erg_attr_state *st;
	double covered[16], *power;
	bool keep[64] = {false};
	struct scene s;
	struct result r;

	run_with_hole(&s, &r);
	st = r.a->state;
	assert_true(r.a->n_classes <= 16 && st->view.n_cols <= 64);
	memcpy(covered, st->class_covered, st->view.n_classes * sizeof(double));
	assert_int_equal(attr_durations(&st->view, &err), 0);
	for (size_t c = 0; c < st->view.n_cols; c++)
		keep[c] = st->view.col_class[c] >= st->view.gap_class;
	assert_int_equal(attr_bend(&st->view, keep, 4, st->power, &power, &err), 0);
	free(power);
	assert_true(st->view.n_cols > r.a->n_classes);
	st->n_gaps = 0;
	free(st->gaps);
	st->gaps = NULL;
	assert_int_equal(attr_coverage(st, &err), 0);
	for (size_t k = 0; k < st->view.n_classes; k++)
		close_to(st->class_covered[k], covered[k], 1e-4 * st->view.class_time[k]);
	done(&r);
}

static void test_bad_input(void **state)
{
	struct erg_attr_options opt;
	struct erg_attr *a = NULL;
	struct erg_err err = {0};
	struct scene_trace t;
	struct scene s;

	scene_defaults(&s);
	s.run_s = 2;
	scene_make(&s, &t);
	t.rail.n = 1;
	assert_int_equal(attribute(&t, NULL, &a, &err), -ENODATA);
	assert_non_null(strstr(err.msg, "VDD_IN"));
	t.rail.n = 100;
	t.rail.t[50] = t.rail.t[49];
	assert_int_equal(attribute(&t, NULL, &a, &err), -EINVAL);
	t.rail.t[50]++;
	erg_attr_options_init(&opt);
	opt.idle = &(struct erg_attr_span){5, 5};
	opt.n_idle = 1;
	assert_int_equal(attribute(&t, &opt, &a, &err), -EINVAL);
	t.tl.end = t.tl.begin;
	assert_int_equal(attribute(&t, NULL, &a, &err), -EINVAL);
	assert_null(a);
	scene_release(&t);
}

static void test_kinds(void **state)
{
	static const struct {
		enum erg_sensor_kind kind;
		double spacing, window, period, alpha;
	} kinds[] = {
		{ERG_SENSOR_POINT, 10e-3, .28e-3, 0, 1},
		{ERG_SENSOR_BOXCAR, 10e-3, 10e-3, 0, 1},
		{ERG_SENSOR_EMA, 10e-3, 0, .84e-3, .25},
		{ERG_SENSOR_COUNTER, 1e-3, 0, 0, 1},
	};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(kinds); i++) {
		struct scene s;
		struct result r;

		scene_defaults(&s);
		s.run_s = 30;
		s.kind = kinds[i].kind;
		s.spacing_s = kinds[i].spacing;
		s.window_s = kinds[i].window;
		s.period_s = kinds[i].period;
		s.alpha = kinds[i].alpha;
		run(&s, NULL, &r);
		for (size_t k = 0; k < s.layers; k++)
			if (erg_est_resolved(&r.a->classes[k].energy_j))
				assert_true(error_of(&r, k) < 0.08);
		assert_true(count_gate(r.a, ERG_GATE_NONE) >= s.layers - 2);
		assert_true(fabs(r.a->ets_j.value / r.t.total_j - 1) < 0.005);
		done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_layers),
		cmocka_unit_test(test_naive_is_wrong),
		cmocka_unit_test(test_seed),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_gap_of_bent_columns),
		cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
