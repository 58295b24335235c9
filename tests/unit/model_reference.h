/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_UNIT_MODEL_REFERENCE_H
#define ERG_TESTS_UNIT_MODEL_REFERENCE_H

/* What fits of models are held against. Include after cmocka.h. */
#include <math.h>

#include <gsl/gsl_multifit.h>

/* GOT is WANT but for the relative error REL. */
static inline void near(double got, double want, double rel, const char *what)
{
	if (!(fabs(got - want) <= rel * fmax(fabs(want), 1e-300)))
		fail_msg("%s: %.15g; expected %.15g", what, got, want);
}

/* Weighted least squares by GSL: b, cov (with the residual variance), chi square. */
static inline double gsl_fit(const double *x, const double *y, const double *w, size_t n, size_t p,
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

#endif
