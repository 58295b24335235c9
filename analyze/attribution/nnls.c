/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Non-negative least squares on the Gram matrix: Lawson and Hanson 1974 (chapter 23), in the form
 * that needs only G = A'WA and h = A'Wy (Bro and de Jong 1997). Columns are scaled to a unit
 * diagonal first; a ridge of 1e-11 keeps a singular G solvable, in which case the solution is the
 * one of least norm and the gates see the condition number. Where the columns are few the passive set
 * survives a call, so a bootstrap round usually costs one Cholesky factorisation.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "analyze/attribution/loops.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define TOLERANCE 1e-9
/* Of more columns many leave the passive set between two lags, one a factorisation: a cold start takes
 * them out together. */
#define WARM_COLUMNS 150
#define PANEL 32
#define TILE 256 /* entries of a row: a panel's are 64 KiB */

int attr_nnls_init(struct attr_nnls *s, size_t dim, size_t n_free, struct erg_err *err)
{
	memset(s, 0, sizeof(*s));
	s->dim = dim;
	s->n_free = n_free;
	s->chol = erg_noted(calloc(dim * dim, sizeof(double)));
	s->x = erg_noted(calloc(dim, sizeof(double)));
	s->w = erg_noted(calloc(dim, sizeof(double)));
	s->z = erg_noted(calloc(dim, sizeof(double)));
	s->scale = calloc(dim, sizeof(double));
	s->panel = calloc(PANEL * dim, sizeof(double));
	s->set = calloc(dim, sizeof(uint32_t));
	s->passive = calloc(dim, 1);
	if (s->chol && s->x && s->w && s->z && s->scale && s->panel && s->set && s->passive)
		return 0;
	attr_nnls_release(s);
	return erg_fail(err, -ENOMEM, "out of memory for %zu columns", dim);
}

void attr_nnls_release(struct attr_nnls *s)
{
	free(s->chol);
	free(s->x);
	free(s->w);
	free(s->z);
	free(s->scale);
	free(s->panel);
	free(s->set);
	free(s->passive);
	memset(s, 0, sizeof(*s));
}

static double at(const double *g, size_t dim, size_t i, size_t j)
{
	return i <= j ? g[attr_tri(dim, i, j)] : g[attr_tri(dim, j, i)];
}

/*
 * Lower Cholesky factor (row major, n x n in L) of the scaled G on the set. The rest of the matrix is
 * walked once for each panel of columns, and in tiles, so that it comes from the cache.
 */
static void factor(const struct attr_nnls *s, const double *g, size_t n, double *l)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t j = 0; j <= i; j++)
			l[i * n + j] = at(g, s->dim, s->set[j], s->set[i]) * s->scale[s->set[i]] *
				s->scale[s->set[j]];
		l[i * n + i] += ATTR_RIDGE;
	}
	for (size_t from = 0; from < n; from += PANEL) {
		size_t to = from + PANEL < n ? from + PANEL : n;

		attr_factor_panel(l, n, from, to, s->panel);
		for (size_t tile = to; tile < n; tile += TILE)
			for (size_t i = tile; i < n; i++)
				attr_take_panel(l + i * n, l + i * n + from, s->panel, n, to - from,
					tile, tile + TILE < i + 1 ? tile + TILE : i + 1);
	}
}

static void substitute(const double *l, size_t n, double *b)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < i; k++)
			b[i] -= l[i * n + k] * b[k];
		b[i] /= l[i * n + i];
	}
	for (size_t i = n; i-- > 0;) {
		b[i] /= l[i * n + i];
		for (size_t k = 0; k < i; k++)
			b[k] -= l[i * n + k] * b[i];
	}
}

/* z = argmin on the passive set, 0 elsewhere. */
static size_t solve_passive(struct attr_nnls *s, const double *g, const double *h)
{
	size_t n = 0;

	for (size_t i = 0; i < s->dim; i++)
		if (s->passive[i])
			s->set[n++] = (uint32_t)i;
	factor(s, g, n, s->chol);
	for (size_t i = 0; i < n; i++)
		s->w[i] = h[s->set[i]] * s->scale[s->set[i]];
	substitute(s->chol, n, s->w);
	memset(s->z, 0, s->dim * sizeof(double));
	for (size_t i = 0; i < n; i++)
		s->z[s->set[i]] = s->w[i] * s->scale[s->set[i]];
	return n;
}

static bool bounded(const struct attr_nnls *s, size_t i)
{
	return i + s->n_free < s->dim;
}

/* Lawson-Hanson's inner loop: go from x towards z until z is feasible. Returns factorisations. */
static int make_feasible(struct attr_nnls *s, const double *g, const double *h)
{
	int count = 0;

	for (;;) {
		double step = 1;
		size_t block = s->dim;

		solve_passive(s, g, h);
		count++;
		for (size_t i = 0; i < s->dim; i++)
			if (s->passive[i] && bounded(s, i) && s->z[i] <= 0) {
				double d = s->x[i] - s->z[i];
				double t = d > 0 ? s->x[i] / d : 0;

				if (t < step || block == s->dim) {
					step = t;
					block = i;
				}
			}
		if (block == s->dim) {
			memcpy(s->x, s->z, s->dim * sizeof(double));
			return count;
		}
		for (size_t i = 0; i < s->dim; i++)
			s->x[i] += step * (s->z[i] - s->x[i]);
		s->passive[block] = 0;
		s->x[block] = 0;
	}
}

/* The column outside the passive set whose gradient is greatest, or dim. */
static size_t best_gradient(struct attr_nnls *s, const double *g, const double *h, double limit)
{
	size_t best = s->dim;
	double most = limit;

	for (size_t i = 0; i < s->dim; i++) {
		double w;

		if (s->passive[i] || s->scale[i] <= 0)
			continue;
		w = h[i];
		for (size_t j = 0; j < s->dim; j++)
			if (s->x[j] != 0)
				w -= at(g, s->dim, i, j) * s->x[j];
		w *= s->scale[i];
		if (w > most) {
			most = w;
			best = i;
		}
	}
	return best;
}

/* A start without a passive set: all columns, less those that come out negative, all at once, until none
 * does. Most powers are positive, so that is a factorisation or two, where adding one column after
 * another takes as many as there are columns. What was taken too much the gradient brings back. */
static int cold_start(struct attr_nnls *s, const double *g, const double *h)
{
	int count = 0;
	bool negative = true;

	for (size_t i = 0; i < s->dim; i++)
		s->passive[i] = s->scale[i] > 0;
	while (negative) {
		solve_passive(s, g, h);
		count++;
		negative = false;
		for (size_t i = 0; i < s->dim; i++)
			if (s->passive[i] && bounded(s, i) && s->z[i] <= 0) {
				s->passive[i] = 0;
				negative = true;
			}
	}
	memcpy(s->x, s->z, s->dim * sizeof(double));
	return count;
}

int attr_nnls_solve(struct attr_nnls *s, const double *g, const double *h)
{
	double norm = 0;
	int count = 0;
	bool warm = false;

	for (size_t i = 0; i < s->dim; i++) {
		double d = g[attr_tri(s->dim, i, i)];

		s->scale[i] = d > 0 ? 1 / sqrt(d) : 0;
		if (d <= 0)
			s->passive[i] = 0;
		else if (!bounded(s, i))
			s->passive[i] = 1;
		s->x[i] = s->passive[i] && bounded(s, i) ? fmax(s->x[i], 1e-6) : 0;
		warm |= s->passive[i] && bounded(s, i);
		norm = fmax(norm, fabs(h[i]) * s->scale[i]);
	}
	count += warm && s->dim <= WARM_COLUMNS ? make_feasible(s, g, h) : cold_start(s, g, h);
	for (size_t round = 0; round < 3 * s->dim; round++) {
		size_t add = best_gradient(s, g, h, TOLERANCE * norm);

		if (add == s->dim)
			break;
		s->passive[add] = 1;
		count += make_feasible(s, g, h);
	}
	return count;
}

void attr_nnls_inverse(const struct attr_nnls *s, const double *g, double *ret)
{
	_cleanup_(erg_freep) double *b = erg_noted(calloc(s->dim, sizeof(double)));
	struct attr_nnls t = *s;
	size_t n = 0;

	memset(ret, 0, s->dim * s->dim * sizeof(double));
	if (!b)
		return;
	for (size_t i = 0; i < s->dim; i++)
		if (s->passive[i])
			t.set[n++] = (uint32_t)i;
	factor(&t, g, n, t.chol);
	for (size_t j = 0; j < n; j++) {
		memset(b, 0, n * sizeof(double));
		b[j] = s->scale[t.set[j]];
		substitute(t.chol, n, b);
		for (size_t i = 0; i < n; i++)
			ret[t.set[i] * s->dim + t.set[j]] = b[i] * s->scale[t.set[i]];
	}
}

/* Power iteration on M (or on M^-1 by its factor L), from a start that is no eigenvector. */
static double largest(const double *m, const double *l, size_t n, double *x, double *y)
{
	double value = 0, last;

	for (size_t i = 0; i < n; i++)
		x[i] = 1 + 0.37 * sin(1.0 + 2.3 * (double)i);
	for (int it = 0; it < 300; it++) {
		double norm = 0;

		last = value;
		if (l) {
			memcpy(y, x, n * sizeof(double));
			substitute(l, n, y);
		} else {
			for (size_t i = 0; i < n; i++) {
				y[i] = 0;
				for (size_t j = 0; j < n; j++)
					y[i] += m[i * n + j] * x[j];
			}
		}
		for (size_t i = 0; i < n; i++)
			norm += y[i] * y[i];
		norm = sqrt(norm);
		if (!(norm > 0) || !isfinite(norm))
			return INFINITY;
		for (size_t i = 0; i < n; i++)
			x[i] = y[i] / norm;
		value = norm;
		if (it > 4 && fabs(value - last) < 1e-6 * value)
			break;
	}
	return value;
}

static bool cholesky(const double *m, size_t n, double *l)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j <= i; j++) {
			double v = m[i * n + j];

			for (size_t k = 0; k < j; k++)
				v -= l[i * n + k] * l[j * n + k];
			if (i == j && v < 1e-13)
				return false;
			l[i * n + j] = i == j ? sqrt(v) : v / l[j * n + j];
		}
	return true;
}

double attr_condition(const double *full, size_t n)
{
	_cleanup_(erg_freep) double *m = erg_noted(calloc(n * n + 1, sizeof(double)));
	_cleanup_(erg_freep) double *l = erg_noted(calloc(n * n + 1, sizeof(double)));
	_cleanup_(erg_freep) double *x = erg_noted(calloc(2 * n + 1, sizeof(double)));
	_cleanup_(erg_freep) size_t *keep = erg_noted(calloc(n + 1, sizeof(size_t)));
	size_t k = 0;

	if (!m || !l || !x || !keep)
		return INFINITY;
	for (size_t i = 0; i < n; i++)
		if (full[i * n + i] > 0)
			keep[k++] = i;
	for (size_t i = 0; i < k; i++)
		for (size_t j = 0; j < k; j++)
			m[i * k + j] = full[keep[i] * n + keep[j]] /
				sqrt(full[keep[i] * n + keep[i]] * full[keep[j] * n + keep[j]]);
	if (!k)
		return 1;
	if (!cholesky(m, k, l))
		return INFINITY;
	return sqrt(largest(m, NULL, k, x, x + n) * largest(NULL, l, k, x, x + n));
}
