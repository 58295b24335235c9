/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What flows outside of the work and is not one power: a program that is busy for a while after its last layer and
 * before its first. Readings lie side by side (a window a spacing), so what is added to them is energy, by arithmetic.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analyze/attribution/attribution.h"
#include "tests/accuracy/scene.h"
#include "tests/unit/attribution_run.h"

#define WINDOW_S 2e-3

/* Readings side by side, of a run of 20 s. */
static void side_by_side(struct scene *s)
{
	scene_defaults(s);
	s->spacing_s = s->window_s = WINDOW_S;
	s->run_s = 20;
}

/* A run whose readings that ended up to BUSY_S after the work, or began so long before it, have WATTS more; *ret_j: in
 * all. */
static void busy_around(struct result *r, double busy_s, double watts, double *ret_j)
{
	uint64_t begin, end;
	struct scene s;

	side_by_side(&s);
	s.dither = 0;
	s.idle_s = 1;
	scene_make(&s, &r->t);
	begin = r->t.idle[0][1];
	end = r->t.idle[1][0];
	*ret_j = 0;
	for (size_t i = 0; i < r->t.rail.n; i++) {
		double after = ((double)r->t.rail.t[i] - (double)end) * 1e-9;
		double before = ((double)begin - (double)r->t.rail.t[i]) * 1e-9 + WINDOW_S;

		if ((after > 0 && after <= busy_s) || (before > 0 && before <= busy_s)) {
			r->t.rail.v[i] += watts;
			*ret_j += watts * WINDOW_S;
		}
	}
}

static void test_busy_around(void **state)
{
	struct erg_attr_options opt;
	struct result r;
	size_t gap;
	double j;

	busy_around(&r, 6e-3, 20, &j);
	assert_true(j > 6 * 20 * WINDOW_S - 1e-9); /* three readings on either side */
	erg_attr_options_init(&opt);
	assert_int_equal(attribute(&r.t, &opt, &r.a, NULL), 0);
	assert_null(r.a->misfit);
	gap = r.t.n_classes - 1;
	for (size_t k = 0; k < gap; k++) {
		assert_true(erg_est_resolved(&r.a->classes[k].energy_j));
		close_to(r.a->classes[k].energy_j.value, r.t.energy_j[k], 0.01 * r.t.energy_j[k]);
	}
	close_to(r.a->classes[gap].energy_j.value, r.t.energy_j[gap] + j, 0.1 * j);
	close_to(r.a->ets_j.value, r.t.total_j + j, 0.1 * j);
	done(&r);
}

/* After each iteration 3 ms of 9 W and a pause of 2 W: no lag makes work of a pause. */
static void test_pauses(void **state)
{
	struct erg_attr_options opt;
	struct result r;
	struct scene s;

	side_by_side(&s);
	s.gap_s = 0.15;
	s.gap_w = 2;
	scene_make(&s, &r.t);
	for (size_t i = 0, seg = 0; i < r.t.rail.n; i++) {
		double from = (double)r.t.rail.t[i] - WINDOW_S * 1e9, to = (double)r.t.rail.t[i];

		while (seg + 1 < r.t.seg.n && (double)r.t.seg.begin[seg + 1] <= from)
			seg++;
		for (size_t k = seg; k < r.t.seg.n && (double)r.t.seg.begin[k] < to; k++) {
			double a = (double)r.t.seg.begin[k], b = a + 3e6;

			if (r.t.seg.class_[k] == s.layers)
				r.t.rail.v[i] +=
					7 * fmax(fmin(b, to) - fmax(a, from), 0) / (WINDOW_S * 1e9);
		}
	}
	erg_attr_options_init(&opt);
	assert_int_equal(attribute(&r.t, &opt, &r.a, NULL), 0);
	assert_null(r.a->misfit);
	assert_true(fabs(r.a->diag.lag_ns) < 1e6);
	for (size_t k = 0; k < s.layers; k++)
		if (erg_est_resolved(&r.a->classes[k].energy_j))
			close_to(r.a->classes[k].energy_j.value, r.t.energy_j[k],
				0.03 * r.t.energy_j[k]);
	assert_true(count_gate(r.a, ERG_GATE_NONE) >= s.layers - 2);
	done(&r);
}

/* Layers that are much alike, and power that goes on for 1.3 ms after the last: the lag is not what makes up for that. */
static void test_alike(void **state)
{
	const double window = 1e6, goes_on = 1.3e6, watts = 1.95;
	struct erg_attr_options opt;
	struct result r;
	struct scene s;
	double end;

	scene_defaults(&s);
	s.spacing_s = s.window_s = window * 1e-9;
	s.dither = 0;
	s.run_s = 8;
	s.power_min_w = 4.7;
	s.power_max_w = 4.85;
	s.noise_w = 0.05;
	s.gap_w = 4.75;
	s.idle_s = 0.0308;
	s.idle_w = 2.8;
	scene_make(&s, &r.t);
	end = (double)r.t.idle[1][0];
	for (size_t i = 0; i < r.t.rail.n; i++) {
		double to = (double)r.t.rail.t[i], from = fmax(to - window, end);

		r.t.rail.v[i] += watts * fmax(fmin(to, end + goes_on) - from, 0) / window;
	}
	erg_attr_options_init(&opt);
	assert_int_equal(attribute(&r.t, &opt, &r.a, NULL), 0);
	assert_null(r.a->misfit);
	assert_true(fabs(r.a->diag.lag_ns) < 3 * r.a->diag.lag_u_ns + 2e4);
	for (size_t k = 0; k < s.layers; k++)
		if (erg_est_resolved(&r.a->classes[k].energy_j))
			close_to(r.a->classes[k].energy_j.value, r.t.energy_j[k],
				0.02 * r.t.energy_j[k]);
	assert_true(count_gate(r.a, ERG_GATE_NONE) >= s.layers / 2);
	close_to(r.a->ets_j.value, r.t.total_j + watts * goes_on * 1e-9,
		(r.a->ets_j.hi - r.a->ets_j.lo) / 2);
	done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_busy_around),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
