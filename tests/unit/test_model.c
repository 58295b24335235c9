/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Models: leaving groups out against fits of the rest, prediction intervals against the share of new
 * observations that they cover, and the file of a model against itself.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "analyze/model/model.h"
#include "formats/base/util.h"
#include "tests/unit/model_reference.h"

static const char *const names[] = {"simd", "bus", "energy_mj"};

/* Seven networks of 30 layers: energy = A simd + B bus, with errors of a per cent. */
static struct erg_model_data networks(gsl_rng *rng, double noise)
{
	struct erg_model_data d;

	assert_int_equal(erg_model_data_init(&d, (char *const *)names, 3, true), 0);
	for (int g = 0; g < 7; g++)
		for (int i = 0; i < 30; i++) {
			double simd = 1e6 * exp(4 * gsl_rng_uniform(rng));
			double bus = simd * (0.05 + 0.3 * gsl_rng_uniform(rng));
			double e = 4e-7 * simd + 9e-7 * bus, sigma = fmax(noise, 1e-9) * e;
			char name[16], layer[16];

			snprintf(name, sizeof(name), "net%d", g);
			snprintf(layer, sizeof(layer), "conv%d", i);
			e *= 1 + noise * gsl_ran_ugaussian(rng);
			assert_int_equal(erg_model_data_row(&d, (double[]){simd, bus, e}, sigma,
						 name, layer, 0),
				0);
		}
	return d;
}

static const struct erg_model_spec two = {.n_vars = 3,
	.n_stages = 1,
	.vars = {"simd", "bus", "energy_mj"},
	.stage = {{2, {0, 1}, 2}},
	.degree = 1};

static struct erg_model *fit(const struct erg_model_data *d, const struct erg_model_spec *spec)
{
	struct erg_model *m = NULL;
	struct erg_err err = {0};

	if (erg_model_fit(d, spec, true, &m, &err) < 0)
		fail_msg("%s", err.msg);
	return m;
}

static void test_recovers_truth(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct erg_model_data d = networks(rng, 0.01);

	for (int w = 0; w < 3; w++) {
		struct erg_model_spec spec = two;
		_cleanup_(erg_model_freep) struct erg_model *m = NULL;

		spec.weights = (enum erg_model_weights)w;
		m = fit(&d, &spec);
		near(m->stage[0].fit.b[0], 4e-7, 0.02, "a");
		near(m->stage[0].fit.b[1], 9e-7, 0.02, "b");
		assert_true(m->stage[0].r2 > 0.99);
		assert_true(m->cv_mean < 0.01 && m->cv_worst < 0.03);
		assert_int_equal(m->n_folds, 7);
		assert_int_equal(m->fold[3].rows, 30);
		if (w)
			near(m->stage[0].noise_sd, 0.01, 0.15, "relative noise");
	}
	erg_model_data_done(&d);
	gsl_rng_free(rng);
}

/* A fold is the fit of the other groups, applied to it; the jackknife is made of the folds. */
static void test_folds(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct erg_model_data d = networks(rng, 0.05);
	_cleanup_(erg_model_freep) struct erg_model *m = fit(&d, &two);
	double fold_b[7], mean = 0, squares = 0;

	for (size_t g = 0; g < 7; g++) {
		double x[2 * 210], y[210], b[2], cov[4], sum = 0, measured = 0;
		size_t n = 0;

		for (size_t i = 0; i < d.n; i++)
			if (d.group[i] != g) {
				x[2 * n] = d.col[0][i];
				x[2 * n + 1] = d.col[1][i];
				y[n++] = d.col[2][i];
			}
		gsl_fit(x, y, NULL, n, 2, false, b, cov);
		for (size_t i = 0; i < d.n; i++)
			if (d.group[i] == g) {
				double p = b[0] * d.col[0][i] + b[1] * d.col[1][i];

				near(m->held_out[i], p, 1e-9, "row");
				sum += p;
				measured += d.col[2][i];
			}
		near(m->fold[g].predicted, sum, 1e-9, "predicted");
		near(m->fold[g].measured, measured, 1e-12, "measured");
		near(m->fold[g].rel_error, fabs(sum - measured) / measured, 1e-6, "error");
		fold_b[g] = b[0];
		mean += b[0] / 7;
	}
	for (size_t g = 0; g < 7; g++)
		squares += pow(fold_b[g] - mean, 2);
	near(m->stage[0].se_group[0], sqrt(squares * 6 / 7), 1e-6, "jackknife");
	erg_model_data_done(&d);
	gsl_rng_free(rng);
}

/* macs → simd → bus, both → energy: products of the true coefficients, without noise exactly. */
static void test_chain(void **state)
{
	static const char *const chain[] = {"macs", "simd", "bus", "energy_mj"};
	static const struct erg_model_spec spec = {.n_vars = 4,
		.n_stages = 3,
		.vars = {"macs", "simd", "bus", "energy_mj"},
		.stage = {{1, {0}, 1}, {2, {1}, 1}, {3, {1, 2}, 2}},
		.degree = 1};
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	_cleanup_(erg_model_freep) struct erg_model *m = NULL;
	struct erg_model_prediction p;
	struct erg_model_data d;
	double v[4] = {5e6};

	assert_int_equal(erg_model_data_init(&d, (char *const *)chain, 4, false), 0);
	for (int i = 0; i < 400; i++) {
		double macs = 1e6 * (1 + 9 * gsl_rng_uniform(rng));
		double simd = macs / 4 * (1 + 0.02 * gsl_ran_ugaussian(rng));
		double bus = simd / 10 * (1 + 0.05 * gsl_ran_ugaussian(rng));
		char group[8];

		snprintf(group, sizeof(group), "n%d", i % 8);
		assert_int_equal(erg_model_data_row(&d,
					 (double[]){macs, simd, bus, 4e-7 * simd + 9e-7 * bus}, NAN,
					 group, NULL, 0),
			0);
	}
	m = fit(&d, &spec);
	near(m->stage[0].fit.b[0], 0.25, 0.01, "simd per mac");
	near(m->stage[1].fit.b[0], 0.1, 0.02, "bus per simd");
	near(m->stage[2].fit.b[0], 4e-7, 1e-6, "a");
	near(m->stage[2].fit.b[1], 9e-7, 1e-6, "b");
	erg_model_predict(m, v, &p);
	near(p.value, 5e6 / 4 * (4e-7 + 9e-8), 0.01, "energy");
	assert_false(p.extrapolates);
	/* dE = (a + b beta) dsimd + b dbus: the noise of both stages reaches the energy. */
	near(p.noise,
		pow((4e-7 + 9e-8) * m->stage[0].noise_sd, 2) + pow(9e-7 * m->stage[1].noise_sd, 2),
		0.01, "noise");
	erg_model_data_done(&d);
	gsl_rng_free(rng);
}

/* Of new rows from the same law, 95 % lie within the interval. */
static void test_coverage(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct erg_model_spec spec = two;
	size_t inside = 0, n = 0;

	spec.weights = ERG_MODEL_RELATIVE;
	for (int round = 0; round < 20; round++) {
		struct erg_model_data d = networks(rng, 0.04), later = networks(rng, 0.04);
		_cleanup_(erg_model_freep) struct erg_model *m = fit(&d, &spec);

		for (size_t i = 0; i < later.n; i++, n++) {
			double v[3] = {later.col[0][i], later.col[1][i]};
			struct erg_model_prediction p;

			erg_model_predict(m, v, &p);
			inside += fabs(p.value - later.col[2][i]) <=
				erg_model_half_width(m, &p, false);
		}
		erg_model_data_done(&d);
		erg_model_data_done(&later);
	}
	assert_true((double)inside > 0.935 * (double)n && (double)inside < 0.965 * (double)n);
	gsl_rng_free(rng);
}

static void test_hull(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct erg_model_data d = networks(rng, 0.01);
	_cleanup_(erg_model_freep) struct erg_model *m = fit(&d, &two);
	char why[128];

	for (size_t i = 0; i < d.n; i++)
		assert_false(
			erg_model_outside(m, (double[]){d.col[0][i], d.col[1][i], 0}, NULL, 0));
	assert_true(erg_model_outside(m, (double[]){1e9, 1e8, 0}, why, sizeof(why)));
	assert_non_null(strstr(why, "simd is 1e+09; fitted to"));
	assert_true(erg_model_outside(m, (double[]){2e6, 1e3, 0}, why, sizeof(why)));
	/* Each within its range, but no layer has little SIMD and so much traffic. */
	assert_true(erg_model_outside(m, (double[]){1.2e6, m->hi[1] * 0.9, 0}, why, sizeof(why)));
	assert_non_null(strstr(why, "unusual combination"));
	erg_model_data_done(&d);
	gsl_rng_free(rng);
}

static void test_file(void **state)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	struct erg_model_data d = networks(rng, 0.03);
	struct erg_model_spec spec = two;
	_cleanup_(erg_model_freep) struct erg_model *m = NULL, *back = NULL;
	struct erg_err err = {0};
	json_t *j, *parsed;
	char *text;

	spec.degree = 2;
	spec.intercept = true;
	m = fit(&d, &spec);
	j = erg_model_to_json(m);
	assert_non_null(j);
	text = json_dumps(j, JSON_SORT_KEYS);
	parsed = json_loads(text, 0, NULL);
	if (erg_model_from_json(parsed, "m.json", &back, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < d.n; i += 7) {
		double v[3] = {d.col[0][i], d.col[1][i]}, u[3] = {v[0], v[1]};
		struct erg_model_prediction p, q;

		erg_model_predict(m, v, &p);
		erg_model_predict(back, u, &q);
		assert_true(p.value == q.value && p.noise == q.noise);
		assert_true(p.value == m->fitted[i]);
		assert_true(
			erg_model_half_width(m, &p, true) == erg_model_half_width(back, &q, true));
		assert_true(p.extrapolates == q.extrapolates);
	}
	free(text);
	json_decref(parsed);
	/* Every key that is taken away is missed, or was not needed; nothing crashes. */
	for (void *it = json_object_iter(j); it; it = json_object_iter_next(j, it)) {
		json_t *less = json_copy(j);
		struct erg_model *none = NULL;

		json_object_del(less, json_object_iter_key(it));
		if (erg_model_from_json(less, "m.json", &none, &err) < 0)
			assert_true(strncmp(err.msg, "m.json: ", 8) == 0);
		erg_model_free(none);
		json_decref(less);
	}
	json_decref(j);
	erg_model_data_done(&d);
	gsl_rng_free(rng);
}

static void expect(const struct erg_model_data *d, const struct erg_model_spec *spec,
	const char *message)
{
	struct erg_model *m = NULL;
	struct erg_err err = {0};

	assert_true(erg_model_fit(d, spec, true, &m, &err) < 0);
	if (!strstr(err.msg, message))
		fail_msg("\"%s\"; expected \"%s\"", err.msg, message);
}

static void test_bad_data(void **state)
{
	static const char *const many[] = {"a", "b", "c", "d", "z", "y"};
	static struct erg_model_spec spec = {.n_vars = 3,
		.n_stages = 1,
		.vars = {"a", "b", "y"},
		.stage = {{2, {0, 1}, 2}},
		.degree = 1};
	struct erg_model_data d;

	assert_int_equal(erg_model_data_init(&d, (char *const *)many, 6, false), 0);
	for (int i = 0; i < 40; i++) {
		double a = 1e6 + i * i * 1e5, c = 1e4 + i % 5;
		char group[8];

		snprintf(group, sizeof(group), "g%d", i % 2);
		assert_int_equal(erg_model_data_row(&d, (double[]){a, 3 * a, c, 7, 0, a + (i % 3)},
					 NAN, group, NULL, 0),
			0);
	}
	expect(&d, &spec, "predictors a and b are identical but for a factor");
	spec.vars[1] = "z";
	expect(&d, &spec, "predictor z is zero in every row");
	spec.vars[1] = "d";
	spec.intercept = true;
	expect(&d, &spec, "2 groups for 3 coefficients; expected at least as many groups (g0, g1)");
	spec.stage[0].n_inputs = 1;
	spec.stage[0].input[0] = 1;
	expect(&d, &spec, "predictor d is constant");
	spec.vars[1] = "nothing";
	expect(&d, &spec, "no column \"nothing\"");
	erg_model_data_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recovers_truth),
		cmocka_unit_test(test_folds),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_coverage),
		cmocka_unit_test(test_hull),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_bad_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
