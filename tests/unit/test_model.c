/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Models: the least squares against GSL's own (another algorithm: singular values of all rows at
 * once), non-negative ones against every subset tried, leaving groups out against fits of the rest,
 * prediction intervals against the share of new observations that they cover, and the file of a
 * model against itself.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_multifit.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include "analyze/model/model.h"
#include "formats/util.h"

static void near(double got, double want, double rel, const char *what)
{
	if (!(fabs(got - want) <= rel * fmax(fabs(want), 1e-300)))
		fail_msg("%s: %.15g; expected %.15g", what, got, want);
}

/* Columns like counters: 1e6 to 1e9, correlated; y = 3e-9 a + 1e-9 b + noise. */
static void counters(gsl_rng *rng, size_t n, double *x, double *y, double noise)
{
	for (size_t i = 0; i < n; i++) {
		double a = 1e6 * exp(6 * gsl_rng_uniform(rng));

		x[2 * i] = a;
		x[2 * i + 1] = a * (0.2 + 0.6 * gsl_rng_uniform(rng)) + 1e5;
		y[i] = 3e-9 * a + 1e-9 * x[2 * i + 1] + noise * gsl_ran_ugaussian(rng);
	}
}

/* Weighted least squares by GSL: b, cov (with the residual variance), chi square. */
static double gsl_fit(const double *x, const double *y, const double *w, size_t n, size_t p,
	bool intercept, double *b, double *cov)
{
	size_t c = p + intercept;
	gsl_matrix *m = gsl_matrix_alloc(n, c), *cv = gsl_matrix_alloc(c, c);
	gsl_vector *yv = gsl_vector_alloc(n), *wv = gsl_vector_alloc(n), *bv = gsl_vector_alloc(c);
	gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(n, c);
	double chisq;

	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j < c; j++)
			gsl_matrix_set(m, i, j, j < p ? x[i * p + j] : 1);
		gsl_vector_set(yv, i, y[i]);
		gsl_vector_set(wv, i, w ? w[i] : 1);
	}
	gsl_multifit_wlinear(m, wv, yv, bv, cv, &chisq, work);
	for (size_t i = 0; i < c; i++) {
		b[i] = gsl_vector_get(bv, i);
		for (size_t j = 0; j < c; j++)
			cov[i * c + j] = gsl_matrix_get(cv, i, j) * chisq / (double)(n - c);
	}
	gsl_multifit_linear_free(work);
	gsl_matrix_free(m);
	gsl_matrix_free(cv);
	gsl_vector_free(yv);
	gsl_vector_free(wv);
	gsl_vector_free(bv);
	return chisq;
}

static void fill(struct erg_lsq *l, const double *x, const double *y, const double *w, size_t n,
	size_t p, bool intercept)
{
	assert_int_equal(erg_lsq_init(l, p + intercept), 0);
	for (size_t i = 0; i < n; i++) {
		double row[ERG_LSQ_MAX];

		memcpy(row, x + i * p, p * sizeof(*row));
		row[p] = 1;
		assert_int_equal(erg_lsq_add(l, row, y[i], w ? w[i] : 1), 0);
	}
	erg_lsq_flush(l);
}

static void test_ols_is_gsl(void **state)
{
	enum { N = 1000 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double x[2 * N], y[N], w[N], b[3], cov[9];

	counters(rng, N, x, y, 1e-2);
	for (size_t i = 0; i < N; i++)
		w[i] = 0.1 + gsl_rng_uniform(rng);
	for (int mode = 0; mode < 4; mode++) {
		size_t c = 2 + (mode & 1);
		const double *weights = mode & 2 ? w : NULL;
		struct erg_lsq l;
		struct erg_lsq_fit f;
		double chisq = gsl_fit(x, y, weights, N, 2, mode & 1, b, cov);

		fill(&l, x, y, weights, N, 2, mode & 1);
		assert_int_equal(erg_lsq_solve(&l, ERG_LSQ_OLS, 0, c, &f), 0);
		for (size_t j = 0; j < c; j++)
			near(f.b[j], b[j], 1e-10, "coefficient");
		for (size_t j = 0; j < c * c; j++)
			near(f.cov[j], cov[j], 1e-8, "covariance");
		near(f.rss, chisq, 1e-10, "residual");
		assert_int_equal((int)f.dof, (int)(N - c));
		erg_lsq_fit_done(&f);
		erg_lsq_done(&l);
	}
	gsl_rng_free(rng);
}

/* A column and itself plus a little: normal equations would lose all digits here. */
static void test_nearly_dependent(void **state)
{
	enum { N = 2000 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double x[2 * N], y[N];
	struct erg_lsq l;
	struct erg_lsq_fit f;

	for (size_t i = 0; i < N; i++) {
		x[2 * i] = 1 + gsl_rng_uniform(rng);
		x[2 * i + 1] = x[2 * i] + 1e-8 * gsl_ran_ugaussian(rng);
		y[i] = 2 * x[2 * i] + 5 * x[2 * i + 1];
	}
	fill(&l, x, y, NULL, N, 2, false);
	assert_true(erg_lsq_condition(&l) > 1e7);
	assert_int_equal(erg_lsq_solve(&l, ERG_LSQ_OLS, 0, 2, &f), 0);
	near(f.b[0], 2, 1e-6, "first");
	near(f.b[1], 5, 1e-6, "second");
	erg_lsq_fit_done(&f);
	erg_lsq_done(&l);
	gsl_rng_free(rng);
}

/* Non-negative: the best of all subsets whose ordinary fit is non-negative. */
static double best_subset(const double *x, const double *y, size_t n, size_t p, double *best_b)
{
	double best = HUGE_VAL;

	for (unsigned int set = 1; set < 1u << p; set++) {
		double *sub = malloc(n * p * sizeof(*sub)), b[8], cov[64], chisq;
		size_t k = 0;
		bool good = true;

		for (size_t i = 0; i < n; i++)
			for (size_t j = 0; j < p; j++)
				if (set & (1u << j))
					sub[k++] = x[i * p + j];
		k /= n;
		chisq = gsl_fit(sub, y, NULL, n, k, false, b, cov);
		for (size_t j = 0; j < k; j++)
			good &= b[j] >= 0;
		if (good && chisq < best) {
			size_t q = 0;

			best = chisq;
			for (size_t j = 0; j < p; j++)
				best_b[j] = set & (1u << j) ? b[q++] : 0;
		}
		free(sub);
	}
	return best;
}

static void test_nnls(void **state)
{
	enum { N = 60, P = 5 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	for (int round = 0; round < 50; round++) {
		double x[N * P], y[N], want[P];
		struct erg_lsq l;
		struct erg_lsq_fit f;
		size_t zeros = 0;

		for (size_t i = 0; i < N; i++) {
			double common = gsl_rng_uniform(rng);

			y[i] = gsl_ran_ugaussian(rng);
			for (size_t j = 0; j < P; j++) {
				x[i * P + j] = common + gsl_ran_ugaussian(rng);
				y[i] += ((int)j - 2) * x[i * P + j] * 0.3;
			}
		}
		fill(&l, x, y, NULL, N, P, false);
		assert_int_equal(erg_lsq_solve(&l, ERG_LSQ_NNLS, 0, P, &f), 0);
		near(f.rss, best_subset(x, y, N, P, want), 1e-9, "residual");
		for (size_t j = 0; j < P; j++) {
			assert_true(f.b[j] >= 0);
			assert_true(fabs(f.b[j] - want[j]) < 1e-9);
			assert_int_equal(f.at_bound[j], f.b[j] == 0);
			zeros += f.b[j] == 0;
		}
		assert_true(zeros > 0); /* two true coefficients are negative */
		erg_lsq_fit_done(&f);
		erg_lsq_done(&l);
	}
	gsl_rng_free(rng);
}

/* Ridge on scaled columns, by GSL's regularised solver on the scaled matrix. */
static void test_ridge_is_gsl(void **state)
{
	enum { N = 200 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double x[2 * N], y[N], norm[2] = {0}, rnorm, snorm, lambda = 0.03;
	gsl_matrix *m = gsl_matrix_alloc(N, 2);
	gsl_vector *yv = gsl_vector_alloc(N), *bv = gsl_vector_alloc(2);
	gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(N, 2);
	struct erg_lsq l;
	struct erg_lsq_fit f;

	counters(rng, N, x, y, 1e-2);
	for (size_t i = 0; i < N; i++)
		for (size_t j = 0; j < 2; j++)
			norm[j] += x[2 * i + j] * x[2 * i + j];
	for (size_t i = 0; i < N; i++) {
		gsl_vector_set(yv, i, y[i]);
		for (size_t j = 0; j < 2; j++)
			gsl_matrix_set(m, i, j, x[2 * i + j] / sqrt(norm[j]));
	}
	gsl_multifit_linear_svd(m, work);
	gsl_multifit_linear_solve(sqrt(lambda), m, yv, bv, &rnorm, &snorm, work);
	fill(&l, x, y, NULL, N, 2, false);
	assert_int_equal(erg_lsq_solve(&l, ERG_LSQ_RIDGE, lambda, 2, &f), 0);
	for (size_t j = 0; j < 2; j++)
		near(f.b[j], gsl_vector_get(bv, j) / sqrt(norm[j]), 1e-9, "ridge");
	near(f.rss, rnorm * rnorm, 1e-9, "residual");
	assert_true(f.dof > N - 2 && f.dof < N);
	erg_lsq_fit_done(&f);
	/* Without shrinking it is ordinary least squares, covariance included. */
	struct erg_lsq_fit ols, zero;
	assert_int_equal(erg_lsq_solve(&l, ERG_LSQ_OLS, 0, 2, &ols), 0);
	assert_int_equal(erg_lsq_solve(&l, ERG_LSQ_RIDGE, 0, 2, &zero), 0);
	for (size_t j = 0; j < 4; j++)
		near(zero.cov[j], ols.cov[j], 1e-8, "covariance");
	erg_lsq_fit_done(&ols);
	erg_lsq_fit_done(&zero);
	erg_lsq_done(&l);
	gsl_multifit_linear_free(work);
	gsl_matrix_free(m);
	gsl_vector_free(yv);
	gsl_vector_free(bv);
	gsl_rng_free(rng);
}

/* VIF = 1 / (1 - R²) of a predictor on the others (and the intercept). */
static void test_vif(void **state)
{
	enum { N = 500 };
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
	double x[2 * N], y[N], one[N], other[N], b[2], cov[4], vif[3], mean = 0, tss = 0;
	struct erg_lsq l;

	counters(rng, N, x, y, 0);
	for (size_t i = 0; i < N; i++) {
		one[i] = x[2 * i];
		other[i] = x[2 * i + 1];
		mean += one[i] / N;
	}
	for (size_t i = 0; i < N; i++)
		tss += pow(one[i] - mean, 2);
	fill(&l, x, y, NULL, N, 2, true);
	assert_int_equal(erg_lsq_vif(&l, 2, vif), 0);
	near(vif[0], tss / gsl_fit(other, one, NULL, N, 1, true, b, cov), 1e-8, "vif");
	near(vif[1], vif[0], 1e-8, "vif of two is one");
	assert_true(isnan(vif[2]));
	erg_lsq_done(&l);
	gsl_rng_free(rng);
}

/* ---- whole models ---- */

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
				name, layer, 0), 0);
		}
	return d;
}

static const struct erg_model_spec two = {.n_vars = 3, .n_stages = 1,
	.vars = {"simd", "bus", "energy_mj"}, .stage = {{2, {0, 1}, 2}}, .degree = 1};

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
	static const struct erg_model_spec spec = {.n_vars = 4, .n_stages = 3,
		.vars = {"macs", "simd", "bus", "energy_mj"},
		.stage = {{1, {0}, 1}, {2, {1}, 1}, {3, {1, 2}, 2}}, .degree = 1};
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
		assert_int_equal(erg_model_data_row(&d, (double[]){macs, simd, bus,
			4e-7 * simd + 9e-7 * bus}, NAN, group, NULL, 0), 0);
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
	near(p.noise, pow((4e-7 + 9e-8) * m->stage[0].noise_sd, 2) +
		pow(9e-7 * m->stage[1].noise_sd, 2), 0.01, "noise");
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
		assert_false(erg_model_outside(m, (double[]){d.col[0][i], d.col[1][i], 0}, NULL, 0));
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
		assert_true(erg_model_half_width(m, &p, true) == erg_model_half_width(back, &q, true));
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
	static struct erg_model_spec spec = {.n_vars = 3, .n_stages = 1, .vars = {"a", "b", "y"},
		.stage = {{2, {0, 1}, 2}}, .degree = 1};
	struct erg_model_data d;

	assert_int_equal(erg_model_data_init(&d, (char *const *)many, 6, false), 0);
	for (int i = 0; i < 40; i++) {
		double a = 1e6 + i * i * 1e5, c = 1e4 + i % 5;
		char group[8];

		snprintf(group, sizeof(group), "g%d", i % 2);
		assert_int_equal(erg_model_data_row(&d,
			(double[]){a, 3 * a, c, 7, 0, a + (i % 3)}, NAN, group, NULL, 0), 0);
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
		cmocka_unit_test(test_ols_is_gsl),    cmocka_unit_test(test_nearly_dependent),
		cmocka_unit_test(test_nnls),          cmocka_unit_test(test_ridge_is_gsl),
		cmocka_unit_test(test_vif),           cmocka_unit_test(test_recovers_truth),
		cmocka_unit_test(test_folds),         cmocka_unit_test(test_chain),
		cmocka_unit_test(test_coverage),      cmocka_unit_test(test_hull),
		cmocka_unit_test(test_file),          cmocka_unit_test(test_bad_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
