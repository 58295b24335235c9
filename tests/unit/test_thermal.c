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
#include "analyze/verbs/verb.h"

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
		.match = strdup("squeezenet"),
		.heatsink = on,
		.ambient_degc = AMBIENT,
		.block_s = 0.5,
		.n = 600,
		.time_s = 300,
		.time_to_throttle_s = NAN,
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

/* 40 blocks of work at TEMP with a thermometer of NOISE_K, power with a slope of 30 mW/K. */
static struct erg_thermal_run flat(bool on, double temp, double noise_k)
{
	struct erg_thermal_run r = {.archive = strdup(on ? "on.erg" : "off.erg"),
		.match = strdup("net"),
		.heatsink = on,
		.ambient_degc = AMBIENT,
		.block_s = 1,
		.n = 40,
		.time_s = 40,
		.fine_s = 1,
		.time_to_throttle_s = NAN,
		.run = json_pack("{s:s, s:[]}", "workload", "net", "layers")};

	r.blocks = calloc(r.n, sizeof(*r.blocks));
	for (size_t i = 0; i < r.n; i++)
		r.blocks[i] = (struct erg_thermal_block){.t_s = (double)i + 0.5,
			.busy = true,
			.freq_hz = NAN,
			.temp_degc = temp + noise_k * noise(),
			.power_w = 5 + 0.03 * (temp - 50) + 0.02 * noise()};
	return r;
}

struct trial {
	int resolved, covered, lopsided;
};

/* The slope by N pairs that differ by DT kelvins, 200 times over. */
static struct trial try_small(double dt, int n)
{
	struct trial t = {0};

	seed = 7;
	for (int k = 0; k < 200; k++) {
		struct erg_thermal_run r[8];
		struct erg_thermal_pair *pairs = NULL;
		struct erg_est e;
		size_t found;

		for (int i = 0; i < 2 * n; i++)
			r[i] = flat(i % 2 == 0, 50 + i % 2 * dt, 1);
		assert_int_equal(erg_thermal_pairs(r, (size_t)(2 * n), &pairs, &found, NULL), 0);
		assert_int_equal(found, n);
		e = erg_thermal_instrument(r, pairs, found);
		t.resolved += erg_est_resolved(&e);
		t.covered += !erg_est_resolved(&e) || (e.lo <= 0.03 && 0.03 <= e.hi);
		t.lopsided += e.hi - e.value > 1.25 * (e.value - e.lo);
		free(pairs);
		for (int i = 0; i < 2 * n; i++)
			erg_thermal_run_release(&r[i]);
	}
	return t;
}

/* Blocks of 1 K noise, 20 on each side in the settled half: the difference is known to 0.62 K. */
static void temperatures_that_hardly_differ_give_wide_intervals_or_none(void **state)
{
	for (int n = 1; n <= 3; n += 2) {
		struct trial none = try_small(0, n), small = try_small(1.5, n),
			     far = try_small(20, n);

		assert_true(none.resolved < 20);
		assert_true(small.resolved > 100);
		assert_true(small.covered >= 185);
		assert_true(small.lopsided > small.resolved / 2);
		assert_int_equal(far.resolved, 200);
		assert_true(far.covered >= 182);
		assert_true(far.lopsided < 40);
	}
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

static void alike_temperatures_are_said_and_nothing_is_made_of_them(void **state)
{
	struct erg_thermal_options opt = {.ambient_degc = NAN, .throttle_below = 0.98};
	json_auto_t *alike = erg_document_new("thermal"), *far = erg_document_new("thermal");
	struct erg_thermal_run r[2];
	const json_t *pair;

	for (int apart = 0; apart < 2; apart++) {
		seed = 11;
		r[0] = flat(true, 50, 1);
		r[1] = flat(false, apart ? 70 : 50, 1);
		assert_int_equal(erg_thermal_document(r, 2, &opt, apart ? far : alike, NULL), 0);
		erg_thermal_run_release(&r[0]);
		erg_thermal_run_release(&r[1]);
	}
	assert_true(has_warning(alike, "alike"));
	pair = json_array_get(json_object_get(alike, "pairs"), 0);
	assert_true(isnan(erg_value_of(pair, "leakage_w_per_k")));
	assert_true(isnan(erg_value_of(pair, "leakage_j")));
	assert_false(has_warning(far, "alike"));
	pair = json_array_get(json_object_get(far, "pairs"), 0);
	near(erg_value_of(pair, "leakage_w_per_k"), 0.03, 0.2);
}

/* 0.03 W/K by the far pair: the other one's off-run spent 100 J more, of which 40 s at 0 K are leakage. */
static void what_throttled_is_split_by_the_slope_of_all_pairs(void **state)
{
	struct erg_thermal_pair *pairs = NULL;
	struct erg_thermal_run r[4];
	size_t found = 0;

	seed = 11;
	for (int i = 0; i < 4; i++)
		r[i] = flat(i % 2 == 0, i == 1 ? 70 : 50, i < 2 ? 0.1 : 8);
	for (int i = 2; i < 4; i++) {
		r[i].match[0] = 'N'; /* another workload */
		r[i].energy_j = 200 + 100 * (i - 2);
		r[i].throttled_share = 0.5;
	}
	assert_int_equal(erg_thermal_pairs(r, 4, &pairs, &found, NULL), 0);
	assert_int_equal(found, 2);
	assert_false(pairs[0].split_by_all);
	near(pairs[0].leakage_j, 0.03 * 20 * 40, 0.02);
	assert_false(erg_est_resolved(&pairs[1].slope));
	assert_true(pairs[1].split_by_all);
	near(pairs[1].throttling_j + pairs[1].leakage_j, 100, 1e-9);
	assert_true(fabs(pairs[1].leakage_j) < 0.03 * 8 * 40);
	free(pairs);
	for (int i = 0; i < 4; i++)
		erg_thermal_run_release(&r[i]);
}

/* A thermometer of whole kelvins that stands still says nothing below its step. */
static void the_step_of_the_thermometer_counts(void **state)
{
	struct erg_thermal_run r[2] = {flat(true, 50, 0), flat(false, 53, 0)};
	double step[2] = {0.001, 1}, width[2];

	for (int k = 0; k < 2; k++) {
		double temps[2] = {20, 20 + step[k]};
		struct erg_thermal_pair *pairs = NULL;
		struct erg_est e;
		size_t n;

		r[0].temp_degc = temps;
		r[0].n_temps = 2;
		assert_int_equal(erg_thermal_pairs(r, 2, &pairs, &n, NULL), 0);
		e = erg_thermal_instrument(r, pairs, n);
		width[k] = e.hi - e.lo;
		free(pairs);
	}
	assert_true(width[1] > 1.2 * width[0]);
	r[0].temp_degc = NULL;
	erg_thermal_run_release(&r[0]);
	erg_thermal_run_release(&r[1]);
}

/* L0 at the middle of the temperatures and beta, in 20 experiments: 95 % of intervals hold them. */
static void the_exponential_form_is_within_its_intervals(void **state)
{
	int l0 = 0, beta = 0;

	for (uint32_t k = 0; k < 20; k++) {
		struct erg_thermal_run r[2];
		struct erg_thermal_exponential e;
		double truth;

		seed = 1000 + k;
		for (int i = 0; i < 2; i++)
			r[i] = simulate(i == 0, WORK_W, 0.05, 30);
		e = erg_thermal_exponential_fit(r, 2);
		truth = L0 * exp(BETA * (e.t0_degc - T0));
		assert_true(erg_est_resolved(&e.l0_w));
		assert_true(e.l0_w.lo < e.l0_w.value && e.l0_w.value < e.l0_w.hi);
		assert_true(e.l0_w.hi - e.l0_w.lo < truth);
		l0 += e.l0_w.lo <= truth && truth <= e.l0_w.hi;
		beta += e.beta_per_k.lo <= BETA && BETA <= e.beta_per_k.hi;
		for (int i = 0; i < 2; i++)
			erg_thermal_run_release(&r[i]);
	}
	assert_true(l0 >= 17);
	assert_true(beta >= 17);
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
	settled = json_number_value(
		json_object_get(json_object_get(on, "settling"), "temperature_degc"));
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
		cmocka_unit_test(temperatures_that_hardly_differ_give_wide_intervals_or_none),
		cmocka_unit_test(what_throttled_is_split_by_the_slope_of_all_pairs),
		cmocka_unit_test(alike_temperatures_are_said_and_nothing_is_made_of_them),
		cmocka_unit_test(the_step_of_the_thermometer_counts),
		cmocka_unit_test(the_exponential_form_is_within_its_intervals),
		cmocka_unit_test(the_document_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
