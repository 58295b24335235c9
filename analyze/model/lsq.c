/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The triangle of the QR decomposition, and what can be read from it: dependence, condition,
 * inflation, leverage. The fits are in lsq-fit.c.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_matrix.h>
#include <gsl/gsl_vector.h>

#include "analyze/model/lsq.h"

#define BLOCK_ROWS 256u
#define DEPENDENT 1e-11 /* relative length of what is left of a column beside the others */

int erg_lsq_init(struct erg_lsq *l, size_t p)
{
	*l = (struct erg_lsq){.p = p};
	l->r = calloc((p + 1) * (p + 1), sizeof(double));
	return l->r ? 0 : -ENOMEM;
}

void erg_lsq_done(struct erg_lsq *l)
{
	free(l->r);
	free(l->block);
	*l = (struct erg_lsq){0};
}

/* Four sums, so that they run in parallel; the order is fixed, so the result is too. */
static double dot(const double *a, const double *b, size_t n)
{
	double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		s0 += a[i] * b[i];
		s1 += a[i + 1] * b[i + 1];
		s2 += a[i + 2] * b[i + 2];
		s3 += a[i + 3] * b[i + 3];
	}
	for (; i < n; i++)
		s0 += a[i] * b[i];
	return (s0 + s1) + (s2 + s3);
}

void erg_lsq_update(double *top, size_t columns, double *block, size_t rows, size_t stride)
{
	for (size_t k = 0; k < columns; k++) {
		double *v = block + k * stride, *diagonal = &top[k * columns + k];
		double alpha = *diagonal, sigma = dot(v, v, rows), beta, v0, tau;

		if (sigma == 0)
			continue;
		beta = alpha > 0 ? -sqrt(alpha * alpha + sigma) : sqrt(alpha * alpha + sigma);
		v0 = alpha - beta;
		tau = 2 / (v0 * v0 + sigma);
		*diagonal = beta;
		for (size_t j = k + 1; j < columns; j++) {
			double *c = block + j * stride, *t = &top[k * columns + j];
			double s = tau * (v0 * *t + dot(v, c, rows));

			*t -= s * v0;
			for (size_t i = 0; i < rows; i++)
				c[i] -= s * v[i];
		}
	}
}

void erg_lsq_flush(struct erg_lsq *l)
{
	if (l->fill)
		erg_lsq_update(l->r, l->p + 1, l->block, l->fill, BLOCK_ROWS);
	l->fill = 0;
}

int erg_lsq_add(struct erg_lsq *l, const double *x, double y, double weight)
{
	double s = weight == 1 ? 1 : sqrt(weight);

	if (!l->block) {
		l->block = malloc((l->p + 1) * BLOCK_ROWS * sizeof(double));
		if (!l->block)
			return -ENOMEM;
	}
	for (size_t j = 0; j < l->p; j++)
		l->block[j * BLOCK_ROWS + l->fill] = s * x[j];
	l->block[l->p * BLOCK_ROWS + l->fill] = s * y;
	l->n++;
	if (++l->fill == BLOCK_ROWS)
		erg_lsq_flush(l);
	return 0;
}

void erg_lsq_merge(struct erg_lsq *l, const struct erg_lsq *other)
{
	size_t c = l->p + 1;
	double rows[(ERG_LSQ_MAX + 1) * (ERG_LSQ_MAX + 1)];

	for (size_t i = 0; i < c; i++)
		for (size_t j = 0; j < c; j++)
			rows[j * c + i] = other->r[i * c + j];
	erg_lsq_update(l->r, c, rows, c, c);
	l->n += other->n;
}

void erg_lsq_copy(struct erg_lsq *to, const struct erg_lsq *from)
{
	memcpy(to->r, from->r, (from->p + 1) * (from->p + 1) * sizeof(double));
	to->n = from->n;
}

static double column_product(const struct erg_lsq *l, size_t a, size_t b)
{
	size_t c = l->p + 1;
	double s = 0;

	for (size_t i = 0; i <= a && i <= b; i++)
		s += l->r[i * c + a] * l->r[i * c + b];
	return s;
}

int erg_lsq_dependent(const struct erg_lsq *l, size_t *ret_a, size_t *ret_b)
{
	size_t c = l->p + 1;

	for (size_t j = 0; j < l->p; j++) {
		double norm = sqrt(column_product(l, j, j));

		if (fabs(l->r[j * c + j]) > DEPENDENT * norm)
			continue;
		*ret_a = *ret_b = j;
		if (norm == 0)
			return 1;
		for (size_t k = 0; k < j; k++) {
			double other = sqrt(column_product(l, k, k));

			if (fabs(column_product(l, j, k)) >= (1 - 1e-13) * norm * other) {
				*ret_b = k;
				return 1;
			}
		}
		*ret_a = *ret_b = l->p;
		return 1;
	}
	return 0;
}

double erg_lsq_condition(const struct erg_lsq *l)
{
	size_t c = l->p + 1;
	gsl_matrix *a = gsl_matrix_calloc(l->p, l->p), *v = gsl_matrix_alloc(l->p, l->p);
	gsl_vector *s = gsl_vector_alloc(l->p);
	double cond;

	for (size_t j = 0; j < l->p; j++) {
		double norm = sqrt(column_product(l, j, j));

		for (size_t i = 0; i <= j; i++)
			gsl_matrix_set(a, i, j, norm > 0 ? l->r[i * c + j] / norm : 0);
	}
	gsl_linalg_SV_decomp_jacobi(a, v, s);
	cond = gsl_vector_get(s, 0) / gsl_vector_get(s, l->p - 1);
	gsl_matrix_free(a);
	gsl_matrix_free(v);
	gsl_vector_free(s);
	return cond;
}

/* Solves R' z = x (forward) in place; false for a zero on the diagonal. */
static bool forward(const struct erg_lsq *l, double *x)
{
	size_t c = l->p + 1;

	for (size_t i = 0; i < l->p; i++) {
		for (size_t k = 0; k < i; k++)
			x[i] -= l->r[k * c + i] * x[k];
		if (l->r[i * c + i] == 0)
			return false;
		x[i] /= l->r[i * c + i];
	}
	return true;
}

double erg_lsq_leverage(const struct erg_lsq *l, const double *x)
{
	double z[ERG_LSQ_MAX];

	memcpy(z, x, l->p * sizeof(*z));
	return forward(l, z) ? dot(z, z, l->p) : HUGE_VAL;
}

int erg_lsq_vif(const struct erg_lsq *l, size_t intercept, double *ret)
{
	double one = intercept < l->p ? column_product(l, intercept, intercept) : 0;

	for (size_t j = 0; j < l->p; j++) {
		double e[ERG_LSQ_MAX] = {0}, about = column_product(l, j, j), mean;

		e[j] = 1;
		if (!forward(l, e))
			return -EDOM;
		if (intercept < l->p) {
			mean = column_product(l, j, intercept);
			about -= mean * mean / one;
		}
		/* (X'X)^-1_jj is the squared length of R'^-1 e_j. */
		ret[j] = j == intercept ? NAN : about * dot(e, e, l->p);
	}
	return 0;
}
