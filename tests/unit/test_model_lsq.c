/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The least squares behind the models against GSL's own (another algorithm: singular values of all
 * rows at once), and non-negative ones against every subset tried.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ols_is_gsl),
		cmocka_unit_test(test_nearly_dependent),
		cmocka_unit_test(test_nnls),
		cmocka_unit_test(test_ridge_is_gsl),
		cmocka_unit_test(test_vif),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
