/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The gates of the attribution: each in a case where it fires and in one where it does not.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analyze/attribution/attribution.h"
#include "formats/base/util.h"
#include "tests/accuracy/scene.h"
#include "tests/unit/attribution_run.h"

/* Classes with a figure of fewer than 50 windows: how many; and how many intervals hold the truth. */
static size_t count_few(const struct result *r, size_t layers, size_t *ret_right)
{
	size_t n = 0;

	*ret_right = 0;
	for (size_t k = 0; k < layers; k++) {
		const struct erg_est *e = &r->a->classes[k].energy_j;

		if (r->a->classes[k].windows >= 50 || !erg_est_resolved(e))
			continue;
		n++;
		*ret_right += e->lo <= r->t.energy_j[k] && r->t.energy_j[k] <= e->hi;
	}
	return n;
}

static void test_gate_windows(void **state)
{
	struct scene s;
	struct result r;
	size_t n, right;

	scene_defaults(&s);
	s.run_s = 1;
	run(&s, NULL, &r);
	assert_true(count_gate(r.a, ERG_GATE_WINDOWS) > 0);
	for (size_t k = 0; k < s.layers; k++)
		if (r.a->classes[k].gate == ERG_GATE_WINDOWS) {
			assert_true(r.a->classes[k].windows < 50);
			assert_false(erg_est_resolved(&r.a->classes[k].energy_j));
		}
	done(&r);
	/* windows that are shorter than an iteration tell its layers apart, few as they are */
	s.run_s = 4;
	run(&s, NULL, &r);
	assert_int_equal(count_gate(r.a, ERG_GATE_WINDOWS), 0);
	n = count_few(&r, s.layers, &right);
	assert_true(n >= 3);
	assert_true(right >= n - 1);
	done(&r);
	/* and of those that hold a bit of each layer many are needed */
	s.window_s = s.period_s = 100e-3;
	s.run_s = 20;
	run(&s, NULL, &r);
	assert_int_equal(count_few(&r, s.layers, &right), 0);
	assert_true(count_gate(r.a, ERG_GATE_WINDOWS) > 0);
	done(&r);
	scene_defaults(&s);
	s.run_s = 60;
	run(&s, NULL, &r);
	assert_int_equal(count_gate(r.a, ERG_GATE_WINDOWS), 0);
	done(&r);
}

static void test_gate_blocks(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.window_s = 10e-3;
	s.run_s = 0.38;
	run(&s, NULL, &r);
	assert_true(r.a->diag.blocks < 20);
	assert_true(warned(r.a, "short-run"));
	assert_true(count_gate(r.a, ERG_GATE_BLOCKS) > 0);
	assert_int_equal(count_gate(r.a, ERG_GATE_NONE), 0);
	done(&r);
	s.run_s = 10;
	run(&s, NULL, &r);
	assert_true(r.a->diag.blocks >= 20);
	assert_int_equal(count_gate(r.a, ERG_GATE_BLOCKS), 0);
	done(&r);
}

/* Merged groups: the members alone are not told, the sum is, and it is right. */
static void check_groups(const struct result *r, size_t *ret_groups)
{
	*ret_groups = 0;
	for (size_t k = 0; k + 1 < r->a->n_classes; k++) {
		struct erg_attr_class *c = &r->a->classes[k];
		double sum = 0;

		assert_true(c->group <= k);
		if (c->group_n < 2 || c->group != k || !erg_est_resolved(&c->group_energy_j))
			continue;
		for (size_t j = 0; j + 1 < r->a->n_classes; j++)
			if (r->a->classes[j].group == k) {
				assert_false(erg_est_resolved(&r->a->classes[j].energy_j));
				sum += r->t.energy_j[j];
			}
		assert_true(fabs(c->group_energy_j.value / sum - 1) < 0.1);
		++*ret_groups;
	}
}

static void test_gate_condition(void **state)
{
	struct erg_attr_options opt;
	struct scene s;
	struct result r;
	size_t groups;

	scene_defaults(&s);
	s.window_s = 10e-3;
	erg_attr_options_init(&opt);
	opt.cond_limit = 8;
	run(&s, &opt, &r);
	assert_true(r.a->diag.cond > 8);
	check_groups(&r, &groups);
	assert_true(groups > 0);
	done(&r);
	opt.cond_limit = 100;
	run(&s, &opt, &r);
	assert_true(r.a->diag.cond < 100);
	check_groups(&r, &groups);
	assert_int_equal(groups, 0);
	done(&r);
}

static void test_gate_interval(void **state)
{
	struct erg_attr_options opt;
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.window_s = 10e-3;
	s.variation = 0.1;
	erg_attr_options_init(&opt);
	opt.ci_limit = 0.02;
	run(&s, &opt, &r);
	assert_true(count_gate(r.a, ERG_GATE_CI) > 0);
	for (size_t k = 0; k < s.layers; k++)
		if (erg_est_resolved(&r.a->classes[k].energy_j))
			assert_true(r.a->classes[k].energy_j.stat <=
				0.0201 * r.a->classes[k].energy_j.value);
	done(&r);
	opt.ci_limit = 2;
	run(&s, &opt, &r);
	assert_int_equal(count_gate(r.a, ERG_GATE_CI), 0);
	done(&r);
}

/* Time in gaps counts at the mean power of the rest, and the interval knows that it is a guess. */
static void test_holes(void **state)
{
	enum { RUNS = 20 };
	double with, without = 0, coverage;
	size_t covered = 0;
	struct erg_est e;
	struct scene s;
	struct result r;

	for (uint64_t seed = 0; seed < 2 * RUNS; seed++) {
		scene_defaults(&s);
		s.seed = seed / 2 + 1;
		s.run_s = 3;
		s.window_s = 10e-3;
		s.hole_begin_s = 0.2 + (double)(seed / 2) * 0.1;
		s.hole_end_s = s.hole_begin_s + (seed % 2 ? 0.8 : 0);
		run(&s, NULL, &r);
		e = erg_attr_interval(r.a, r.t.seg.begin[0], r.t.seg.begin[r.t.seg.n], &coverage,
			NULL);
		assert_true(erg_est_resolved(&e));
		assert_true(fabs(e.value / r.t.total_j - 1) < 0.05);
		with = e.hi - e.lo;
		if (seed % 2) {
			assert_true(fabs(coverage - (1 - 0.8 / 3)) < 0.03);
			assert_true(with > without);
			covered += e.lo <= r.t.total_j && r.t.total_j <= e.hi;
		} else {
			assert_true(coverage > 0.99);
			without = with;
		}
		done(&r);
	}
	assert_true(covered >= RUNS * 9 / 10);
	s.hole_begin_s = 0.2;
	s.hole_end_s = 2.2;
	run(&s, NULL, &r);
	e = erg_attr_interval(r.a, r.t.seg.begin[0], r.t.seg.begin[r.t.seg.n], &coverage, NULL);
	assert_false(erg_est_resolved(&e));
	assert_true(coverage > 0.3 && coverage < 0.37);
	done(&r);
}

/* 23 moments of each iteration: some layers are never seen, some too often. */
static void test_gate_unseen(void **state)
{
	struct scene s;
	struct result r;

	scene_defaults(&s);
	s.layers = 40;
	s.layer_max_s = 1e-3;
	s.window_s = 0.12e-3;
	s.jitter = s.dither = 0;
	s.cycle_s = 20e-3;
	s.spacing_s = 20e-3 * 11 / 23;
	run(&s, NULL, &r);
	assert_false(r.a->diag.locked);
	assert_true(count_gate(r.a, ERG_GATE_NO_DATA) > 0);
	assert_true(count_gate(r.a, ERG_GATE_UNFAIR) > 0);
	for (size_t k = 0; k < s.layers; k++)
		if (r.a->classes[k].gate == ERG_GATE_NO_DATA ||
			r.a->classes[k].gate == ERG_GATE_UNFAIR)
			assert_false(erg_est_resolved(&r.a->classes[k].group_energy_j));
	done(&r);
	s.jitter = 0.03;
	s.dither = 0.1;
	run(&s, NULL, &r);
	assert_int_equal(count_gate(r.a, ERG_GATE_NO_DATA), 0);
	assert_int_equal(count_gate(r.a, ERG_GATE_UNFAIR), 0);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate_windows),
		cmocka_unit_test(test_gate_blocks),
		cmocka_unit_test(test_gate_condition),
		cmocka_unit_test(test_gate_interval),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_gate_unseen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
