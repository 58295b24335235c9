/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Coefficients from the triangle: ordinary least squares by back-substitution; non-negative ones by
 * the active set method of Lawson and Hanson (Solving Least Squares Problems, 1974, ch. 23) on the
 * triangle's P rows instead of all; ridge regression (Hoerl and Kennard, 1970) by appending
 * sqrt(lambda) times a diagonal to the triangle, on columns scaled to unit length.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/model/lsq.h"

void erg_lsq_fit_done(struct erg_lsq_fit *f)
{
	free(f->b);
	free(f->cov);
	free(f->at_bound);
	*f = (struct erg_lsq_fit){0};
}

static int fit_init(struct erg_lsq_fit *f, const struct erg_lsq *l)
{
	size_t c = l->p + 1;

	*f = (struct erg_lsq_fit){.p = l->p, .n = l->n};
	f->b = calloc(l->p, sizeof(double));
	f->cov = calloc(l->p * l->p, sizeof(double));
	f->at_bound = calloc(l->p, sizeof(bool));
	for (size_t i = 0; i < c; i++)
		f->tss += l->r[i * c + l->p] * l->r[i * c + l->p];
	return f->b && f->cov && f->at_bound ? 0 : -ENOMEM;
}

/* x ← R^-1 x, R the leading N × N triangle of R, C wide. */
static void back_substitute(const double *r, size_t c, size_t n, double *x)
{
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			x[i] -= r[i * c + k] * x[k];
		x[i] /= r[i * c + i];
	}
}

/* INVERSE ← R^-1, N × N by rows. */
static void invert(const double *r, size_t c, size_t n, double *inverse)
{
	double e[ERG_LSQ_MAX];

	for (size_t j = 0; j < n; j++) {
		memset(e, 0, sizeof(e));
		e[j] = 1;
		back_substitute(r, c, n, e);
		for (size_t i = 0; i < n; i++)
			inverse[i * n + j] = e[i];
	}
}

/*
 * The triangle of the N columns INDEX of L (and y), in T, (n + 1) × (n + 1). What y has beside
 * them is its last diagonal element.
 */
static void subset(const struct erg_lsq *l, const size_t *index, size_t n, double *t)
{
	double rows[(ERG_LSQ_MAX + 1) * (ERG_LSQ_MAX + 1)];
	size_t c = l->p + 1;

	memset(t, 0, (n + 1) * (n + 1) * sizeof(*t));
	for (size_t j = 0; j <= n; j++)
		for (size_t i = 0; i < c; i++)
			rows[j * c + i] = l->r[i * c + (j < n ? index[j] : l->p)];
	erg_lsq_update(t, n + 1, rows, c, c);
}

/* Least squares with the N columns INDEX, the rest at zero; COV may be NULL (without sigma2). */
static void solve_subset(const struct erg_lsq *l, const size_t *index, size_t n, double *b,
	double *cov, double *ret_rss)
{
	double t[(ERG_LSQ_MAX + 1) * (ERG_LSQ_MAX + 1)], z[ERG_LSQ_MAX];
	double inverse[ERG_LSQ_MAX * ERG_LSQ_MAX];

	subset(l, index, n, t);
	for (size_t i = 0; i < n; i++)
		z[i] = t[i * (n + 1) + n];
	back_substitute(t, n + 1, n, z);
	memset(b, 0, l->p * sizeof(*b));
	for (size_t i = 0; i < n; i++)
		b[index[i]] = z[i];
	if (ret_rss)
		*ret_rss = t[n * (n + 1) + n] * t[n * (n + 1) + n];
	if (!cov)
		return;
	invert(t, n + 1, n, inverse);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			double s = 0;

			for (size_t k = 0; k < n; k++)
				s += inverse[i * n + k] * inverse[j * n + k];
			cov[index[i] * l->p + index[j]] = s;
		}
}

/* How fast the residual's square would fall if coefficient J rose: X_j' (y - X b). */
static double gradient(const struct erg_lsq *l, const double *b, size_t j)
{
	size_t c = l->p + 1;
	double s = 0;

	for (size_t i = 0; i <= j; i++) {
		double e = l->r[i * c + l->p];

		for (size_t k = i; k < l->p; k++)
			e -= l->r[i * c + k] * b[k];
		s += l->r[i * c + j] * e;
	}
	return s;
}

static double length(const struct erg_lsq *l, size_t j)
{
	double s = 0;

	for (size_t i = 0; i <= j; i++)
		s += l->r[i * (l->p + 1) + j] * l->r[i * (l->p + 1) + j];
	return sqrt(s);
}

static size_t passive(const bool *in, size_t p, size_t *index)
{
	size_t n = 0;

	for (size_t j = 0; j < p; j++)
		if (in[j])
			index[n++] = j;
	return n;
}

/*
 * From B towards Z as far as nothing becomes negative; what reaches zero leaves the passive set.
 * Returns true when Z itself was reached.
 */
static bool step(double *b, const double *z, bool *in, size_t p, size_t free_column)
{
	double alpha = 1;
	size_t blocking = p;

	for (size_t j = 0; j < p; j++)
		if (in[j] && j != free_column && z[j] <= 0 && b[j] / (b[j] - z[j]) < alpha) {
			alpha = b[j] / (b[j] - z[j]);
			blocking = j;
		}
	for (size_t j = 0; j < p; j++)
		b[j] += alpha * (z[j] - b[j]);
	if (blocking == p)
		return true;
	b[blocking] = 0;
	in[blocking] = false;
	return false;
}

static size_t nnls(const struct erg_lsq *l, size_t free_column, double *b, size_t *index)
{
	bool in[ERG_LSQ_MAX] = {false};
	double z[ERG_LSQ_MAX], y = length(l, l->p);
	size_t n;

	memset(b, 0, l->p * sizeof(*b));
	if (free_column < l->p) {
		in[free_column] = true;
		n = passive(in, l->p, index);
		solve_subset(l, index, n, b, NULL, NULL);
	}
	for (size_t turn = 0; turn < 3 * l->p + 10; turn++) {
		size_t best = l->p;
		double most = 0;

		for (size_t j = 0; j < l->p; j++) {
			double w = in[j] ? 0 : gradient(l, b, j) / length(l, j);

			if (w > 1e-12 * y && w > most) {
				most = w;
				best = j;
			}
		}
		if (best == l->p)
			break;
		in[best] = true;
		do {
			n = passive(in, l->p, index);
			solve_subset(l, index, n, z, NULL, NULL);
		} while (!step(b, z, in, l->p, free_column));
	}
	return passive(in, l->p, index);
}

static int solve_nnls(const struct erg_lsq *l, size_t free_column, struct erg_lsq_fit *f)
{
	size_t index[ERG_LSQ_MAX], n = nnls(l, free_column, f->b, index);

	for (size_t j = 0; j < l->p; j++)
		f->at_bound[j] = true;
	for (size_t i = 0; i < n; i++)
		f->at_bound[index[i]] = false;
	solve_subset(l, index, n, f->b, f->cov, &f->rss);
	f->dof = (double)l->n - (double)n;
	return 0;
}

/* The triangle with sqrt(LAMBDA) times each column's length below its diagonal. */
static void shrunk(const struct erg_lsq *l, double lambda, size_t free_column, double *t)
{
	size_t c = l->p + 1;
	double rows[(ERG_LSQ_MAX + 1) * (ERG_LSQ_MAX + 1)] = {0};

	memcpy(t, l->r, c * c * sizeof(*t));
	for (size_t j = 0; j < l->p; j++)
		rows[j * c + j] = j == free_column ? 0 : sqrt(lambda) * length(l, j);
	erg_lsq_update(t, c, rows, c, c);
}

/* RSS and the trace of the hat matrix at LAMBDA; b and cov (without sigma2) where not NULL. */
static void ridge_at(const struct erg_lsq *l, double lambda, size_t free_column, double *b,
	double *cov, double *ret_rss, double *ret_trace)
{
	size_t p = l->p, c = p + 1;
	double t[(ERG_LSQ_MAX + 1) * (ERG_LSQ_MAX + 1)], inverse[ERG_LSQ_MAX * ERG_LSQ_MAX];
	double h[ERG_LSQ_MAX * ERG_LSQ_MAX]; /* R T^-1: hat matrix H H' on the triangle */

	shrunk(l, lambda, free_column, t);
	for (size_t i = 0; i < p; i++)
		b[i] = t[i * c + p];
	back_substitute(t, c, p, b);
	invert(t, c, p, inverse);
	*ret_trace = 0;
	for (size_t i = 0; i < p; i++)
		for (size_t j = 0; j < p; j++) {
			double s = 0;

			for (size_t k = i; k < p; k++)
				s += l->r[i * c + k] * inverse[k * p + j];
			h[i * p + j] = s;
			*ret_trace += s * s;
		}
	*ret_rss = l->r[p * c + p] * l->r[p * c + p];
	for (size_t i = 0; i < p; i++) {
		double e = l->r[i * c + p];

		for (size_t k = i; k < p; k++)
			e -= l->r[i * c + k] * b[k];
		*ret_rss += e * e;
	}
	if (!cov)
		return;
	/* (X'X + D)^-1 X'X (X'X + D)^-1 = G G' with G = T^-1 H', as T'T = X'X + D. */
	for (size_t i = 0; i < p; i++)
		for (size_t j = 0; j < p; j++) {
			double s = 0;

			for (size_t m = 0; m < p; m++) {
				double gi = 0, gj = 0;

				for (size_t k = 0; k < p; k++) {
					gi += inverse[i * p + k] * h[m * p + k];
					gj += inverse[j * p + k] * h[m * p + k];
				}
				s += gi * gj;
			}
			cov[i * p + j] = s;
		}
}

static double best_lambda(const struct erg_lsq *l, size_t free_column)
{
	double b[ERG_LSQ_MAX], best = 0, least = HUGE_VAL;

	for (int i = -32; i <= 4; i++) {
		double lambda = pow(10, i / 4.0), rss, trace, gcv, left;

		ridge_at(l, lambda, free_column, b, NULL, &rss, &trace);
		left = 1 - trace / (double)l->n;
		gcv = rss / (left * left);
		if (gcv < least) {
			least = gcv;
			best = lambda;
		}
	}
	return best;
}

static int solve_ridge(const struct erg_lsq *l, double lambda, size_t free_column,
	struct erg_lsq_fit *f)
{
	double trace;

	f->lambda = lambda < 0 ? best_lambda(l, free_column) : lambda;
	ridge_at(l, f->lambda, free_column, f->b, f->cov, &f->rss, &trace);
	f->dof = (double)l->n - trace;
	return 0;
}

static int solve_ols(const struct erg_lsq *l, struct erg_lsq_fit *f)
{
	size_t index[ERG_LSQ_MAX];

	for (size_t j = 0; j < l->p; j++)
		index[j] = j;
	solve_subset(l, index, l->p, f->b, f->cov, &f->rss);
	f->dof = (double)l->n - (double)l->p;
	return 0;
}

int erg_lsq_solve(const struct erg_lsq *l, enum erg_lsq_method method, double lambda,
	size_t free_column, struct erg_lsq_fit *ret)
{
	struct erg_lsq_fit f;
	size_t a, b;
	int r;

	if (l->n <= l->p)
		return -ENODATA;
	if (erg_lsq_dependent(l, &a, &b) && (method != ERG_LSQ_RIDGE || lambda == 0))
		return -EDOM;
	r = fit_init(&f, l);
	if (r >= 0 && method == ERG_LSQ_OLS)
		r = solve_ols(l, &f);
	else if (r >= 0 && method == ERG_LSQ_NNLS)
		r = solve_nnls(l, free_column, &f);
	else if (r >= 0)
		r = solve_ridge(l, lambda, free_column, &f);
	if (r < 0) {
		erg_lsq_fit_done(&f);
		return r;
	}
	f.sigma2 = f.rss / f.dof;
	for (size_t i = 0; i < l->p * l->p; i++)
		f.cov[i] *= f.sigma2;
	*ret = f;
	return 0;
}
