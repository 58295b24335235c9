/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Heat: runs simulated with a known leakage (exponential in temperature), a known two-stage Foster
 * network for each state of the heat sink and a little noise; the estimators must find them.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "analyze/experiment/thermal.h"
#include "analyze/verb.h"

#define BETA 0.02
#define L0 1.5
#define T0 50.0
#define AMBIENT 24.0
#define IDLE_W 2.0
#define WORK_W 6.0

static const double r_on[2] = {1.0, 2.5}, tau_on[2] = {2, 25};
static const double r_off[2] = {1.0, 4.5}, tau_off[2] = {2, 40};

static uint32_t seed;

/* Sum of twelve uniform numbers: nearly normal, the same on every machine. */
static double noise(void)
{
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		seed = seed * 1664525 + 1013904223;
		sum += (seed >> 8) / 16777216.0;
	}
	return sum;
}

/* 300 s in blocks of 0.5 s: 30 s idle from equilibrium, then work; mean over 50 steps a block. */
static struct erg_thermal_run simulate(bool on, double work_w, double noise_w, double idle_s)
{
	struct erg_thermal_run r = {.archive = strdup(on ? "on.erg" : "off.erg"),
		.match = strdup("squeezenet"), .heatsink = on, .ambient_degc = AMBIENT,
		.block_s = 0.5, .n = 600, .time_s = 300, .time_to_throttle_s = NAN,
		.run = json_pack("{s:s, s:[]}", "workload", "squeezenet", "layers")};
	const double *res = on ? r_on : r_off, *tau = on ? tau_on : tau_off;
	double x[2], dt = r.block_s / 50, p = idle_s > 0 ? IDLE_W : work_w, t = AMBIENT;

	r.blocks = calloc(r.n, sizeof(*r.blocks));
	r.fine_s = dt * 5;
	r.n_fine = r.n * 10;
	r.fine_w = calloc(r.n_fine, sizeof(*r.fine_w));
	r.n_temps = r.n;
	r.temp_t_s = calloc(r.n, sizeof(*r.temp_t_s));
	r.temp_degc = calloc(r.n, sizeof(*r.temp_degc));
	for (int i = 0; i < 50; i++) /* equilibrium of the first state */
		t = AMBIENT + (res[0] + res[1]) * (p + L0 * exp(BETA * (t - T0)));
	for (int k = 0; k < 2; k++)
		x[k] = res[k] * (p + L0 * exp(BETA * (t - T0)));
	for (size_t i = 0; i < r.n; i++) {
		struct erg_thermal_block *b = &r.blocks[i];

		b->t_s = ((double)i + 0.5) * r.block_s;
		b->busy = b->t_s > idle_s;
		b->freq_hz = 1e9;
		for (int s = 0; s < 50; s++) {
			double w = (b->busy ? work_w : IDLE_W) + L0 * exp(BETA * (t - T0));

			t = AMBIENT;
			for (int k = 0; k < 2; k++) {
				x[k] += (res[k] * w - x[k]) * (1 - exp(-dt / tau[k]));
				t += x[k];
			}
			b->power_w += w / 50;
			b->temp_degc += t / 50;
			r.fine_w[i * 10 + (size_t)s / 5] += w / 5;
			if (s == 24) { /* the thermometer has steps of a tenth of a kelvin */
				r.temp_t_s[i] = b->t_s;
				r.temp_degc[i] = round(10 * t) / 10;
			}
		}
		b->power_w += noise_w * noise();
		r.energy_j += b->power_w * r.block_s;
	}
	return r;
}

static void near(double a, double b, double relative)
{
	if (!(fabs(a - b) <= relative * fabs(b)))
		fail_msg("%.6g is not within %g %% of %.6g", a, 100 * relative, b);
}

static double mean_temperature(const struct erg_thermal_run *r)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = r->n / 2; i < r->n; i++) {
		sum += r->blocks[i].temp_degc;
		n++;
	}
	return sum / (double)n;
}

/* Secant of the leakage between the settled temperatures of the two states. */
static double true_slope(const struct erg_thermal_run *on, const struct erg_thermal_run *off)
{
	double a = mean_temperature(on), b = mean_temperature(off);

	return L0 * (exp(BETA * (b - T0)) - exp(BETA * (a - T0))) / (b - a);
}

struct runs {
	struct erg_thermal_run r[6];
};

static struct runs six(double noise_w)
{
	struct runs s;

	seed = 42;
	for (int i = 0; i < 6; i++)
		s.r[i] = simulate(i % 2 == 0, WORK_W, noise_w, 30);
	return s;
}

static void release(struct runs *s)
{
	for (int i = 0; i < 6; i++)
		erg_thermal_run_release(&s->r[i]);
}

static void the_heat_sink_finds_the_leakage(void **state)
{
	struct runs s = six(0.05);
	struct erg_thermal_pair *pairs = NULL;
	struct erg_est e;
	double truth = true_slope(&s.r[0], &s.r[1]);
	size_t n;

	assert_int_equal(erg_thermal_pairs(s.r, 6, &pairs, &n, NULL), 0);
	assert_int_equal(n, 3);
	e = erg_thermal_instrument(s.r, pairs, n);
	near(e.value, truth, 0.05);
	assert_true(e.lo <= truth && truth <= e.hi);
	assert_true((e.hi - e.lo) / 2 < 0.2 * truth);
	free(pairs);
	release(&s);
}

static void regression_and_exponential_agree_with_it(void **state)
{
	struct runs s = six(0.02);
	struct erg_est a = erg_thermal_regression(s.r, 6);
	struct erg_thermal_exponential e = erg_thermal_exponential_fit(s.r, 6);

	near(a.value, true_slope(&s.r[0], &s.r[1]), 0.25);
	assert_true(erg_est_resolved(&e.beta_per_k));
	near(e.beta_per_k.value, BETA, 0.15);
	assert_true(e.beta_per_k.lo <= BETA && BETA <= e.beta_per_k.hi);
	release(&s);
}

static void a_small_span_gives_no_exponent(void **state)
{
	struct erg_thermal_run r = simulate(true, 3, 0.02, 30);
	struct erg_thermal_exponential e = erg_thermal_exponential_fit(&r, 1);

	assert_true(e.span_k < 25);
	assert_false(erg_est_resolved(&e.beta_per_k));
	erg_thermal_run_release(&r);
}

static void throttled_blocks_take_no_part(void **state)
{
	struct runs s = six(0.05);
	struct erg_est before = erg_thermal_regression(s.r, 6), after;

	for (size_t i = 300; i < 400; i++) {
		s.r[1].blocks[i].throttled = true;
		s.r[1].blocks[i].power_w = 0;
	}
	after = erg_thermal_regression(s.r, 6);
	near(after.value, before.value, 0.1);
	release(&s);
}

static void the_way_of_heat_is_found(void **state)
{
	for (int on = 0; on < 2; on++) {
		const double *res = on ? r_on : r_off, *tau = on ? tau_on : tau_off;
		struct erg_thermal_run r = simulate(on, WORK_W, 0.02, 30);
		const struct erg_thermal_run *list = &r;
		struct erg_thermal_rc rc;

		assert_int_equal(erg_thermal_rc_fit(&list, 1, &rc, NULL), 0);
		assert_int_equal(rc.n, 2);
		assert_true(rc.identified);
		for (int k = 0; k < 2; k++) {
			near(rc.tau_s[k], tau[k], 0.10);
			near(rc.r[k], res[k], 0.10);
		}
		near(rc.base_degc, AMBIENT, 0.05);
		erg_thermal_run_release(&r);
	}
}

static void without_a_step_nothing_is_identified(void **state)
{
	struct erg_thermal_run r = simulate(true, WORK_W, 0.02, 0);
	const struct erg_thermal_run *list = &r;
	struct erg_thermal_rc rc;

	assert_int_equal(erg_thermal_rc_fit(&list, 1, &rc, NULL), 0);
	assert_int_equal(rc.n, 0);
	assert_non_null(strstr(rc.why, "step"));
	erg_thermal_run_release(&r);
}

static bool has_warning(const json_t *doc, const char *code)
{
	size_t i;
	json_t *w;

	json_array_foreach (json_object_get(doc, "warnings"), i, w)
		if (!strcmp(json_string_value(json_object_get(w, "code")), code))
			return true;
	return false;
}

static void the_document_says_what_is_missing(void **state)
{
	struct erg_thermal_options opt = {.ambient_degc = 40, .throttle_below = 0.98};
	json_auto_t *doc = erg_document_new("thermal"), *all = erg_document_new("thermal");
	struct runs s = six(0.05);
	json_t *on;
	double settled, p, t = 60;

	assert_int_equal(erg_thermal_document(s.r, 1, &opt, doc, NULL), 0);
	assert_true(has_warning(doc, "unpaired"));
	assert_int_equal(erg_thermal_document(s.r, 6, &opt, all, NULL), 0);
	assert_false(has_warning(all, "unpaired"));
	on = json_array_get(json_object_get(all, "rc"), 0);
	settled = json_number_value(json_object_get(json_object_get(on, "settling"),
		"temperature_degc"));
	for (int i = 0; i < 200; i++) { /* the model's own equilibrium at 40 degC */
		p = WORK_W + L0 * exp(BETA * (t - T0));
		t = 40 + (r_on[0] + r_on[1]) * p;
	}
	near(settled, t, 0.03);
	release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heat_sink_finds_the_leakage),
		cmocka_unit_test(regression_and_exponential_agree_with_it),
		cmocka_unit_test(a_small_span_gives_no_exponent),
		cmocka_unit_test(throttled_blocks_take_no_part),
		cmocka_unit_test(the_way_of_heat_is_found),
		cmocka_unit_test(without_a_step_nothing_is_identified),
		cmocka_unit_test(the_document_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
