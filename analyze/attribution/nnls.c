/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Non-negative least squares on the Gram matrix: Lawson and Hanson 1974 (chapter 23), in the form
 * that needs only G = A'WA and h = A'Wy (Bro and de Jong 1997). Columns are scaled to a unit
 * diagonal first; a ridge of 1e-11 keeps a singular G solvable, in which case the solution is the
 * one of least norm and the gates see the condition number. The passive set survives a call, so a
 * bootstrap round usually costs one Cholesky factorisation. Where the columns are many, all that are out
 * of bounds change sides at once (Portugal, Judice and Vicente 1994), and one at a time when that goes in
 * circles. Columns that no reading saw together leave zeros in G: the factor keeps those before the
 * first other entry of a row, and what is zero is not worked on.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/nnls.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/loops.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define TOLERANCE 1e-9
/* Of more columns many leave the passive set between two lags: they change sides together. */
#define WARM_COLUMNS 150
#define EXCHANGES 30 /* of all that are out of bounds, before they go one by one */
#define PANEL 32
#define TILE 256 /* entries of a row: a panel's are 64 KiB */
#define COLUMNS 16

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
	s->begin = calloc(2 * dim, sizeof(uint32_t));
	s->passive = calloc(dim, 1);
	if (s->chol && s->x && s->w && s->z && s->scale && s->panel && s->set && s->begin &&
		s->passive)
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
	free(s->begin);
	free(s->passive);
	memset(s, 0, sizeof(*s));
}

static double at(const double *g, size_t dim, size_t i, size_t j)
{
	return i <= j ? g[attr_tri(dim, i, j)] : g[attr_tri(dim, j, i)];
}

/* Where each row of G on the set begins: what is before is zero. */
static void find_row_begins(const struct attr_nnls *s, const double *g, size_t n)
{
	for (size_t i = 0; i < n; i++)
		s->begin[i] = (uint32_t)i;
	for (size_t j = 0; j < n; j++) {
		/* the set is in order: where G's row begins */
		const double *line = g + attr_tri(s->dim, s->set[j], s->set[j]);

		for (size_t i = j + 1; i < n; i++)
			if (line[s->set[i] - s->set[j]] != 0 && j < s->begin[i])
				s->begin[i] = (uint32_t)j;
	}
}

/* The scaled G on the set into the lower triangle of L, of each row what is in the panel that it begins in and in
 * those after it. A few columns at a time, since G has them as rows. */
static void gather(const struct attr_nnls *s, const double *g, size_t n, double *l)
{
	find_row_begins(s, g, n);
	for (size_t from = 0; from < n; from += COLUMNS) {
		size_t to = from + COLUMNS < n ? from + COLUMNS : n;
		const double *line[COLUMNS];

		for (size_t j = from; j < to; j++)
			line[j - from] = g + attr_tri(s->dim, s->set[j], s->set[j]);
		for (size_t i = from; i < n; i++) {
			size_t c = s->set[i], end = i < to ? i + 1 : to;

			if (s->begin[i] / PANEL > from / PANEL)
				continue;
			for (size_t j = from; j < end; j++)
				l[i * n + j] = line[j - from][c - s->set[j]] * s->scale[c] *
					s->scale[s->set[j]];
		}
	}
	for (size_t i = 0; i < n; i++)
		l[i * n + i] += ATTR_RIDGE;
}

/* The panel FROM .. TO, of which only the rows ACT have entries, off those rows. */
static void take_sparse(const struct attr_nnls *s, double *l, size_t n, size_t from, size_t to,
	const uint32_t *act, size_t n_act)
{
	for (size_t a = 0; a < n_act; a++) {
		double *li = l + act[a] * n;

		for (size_t b = 0; b <= a; b++) {
			const double *lj = l + act[b] * n;
			double v = li[act[b]];

			for (size_t q = from; q < to; q++)
				v -= li[q] * lj[q];
			li[act[b]] = v;
		}
	}
}

/*
 * Lower Cholesky factor (row major, n x n in L) of the scaled G on the set. The rest of the matrix is
 * walked once for each panel of columns, and in tiles, so that it comes from the cache; or only its rows
 * that have something in the panel, where those are few. Rounds alike.
 */
static void factor(const struct attr_nnls *s, const double *g, size_t n, double *l)
{
	uint32_t *act = s->begin + s->dim;

	gather(s, g, n, l);
	for (size_t from = 0; from < n; from += PANEL) {
		size_t to = from + PANEL < n ? from + PANEL : n, n_act = 0;
		bool sparse;

		for (size_t i = to; i < n; i++)
			if (s->begin[i] < to)
				act[n_act++] = (uint32_t)i;
		sparse = n_act < (n - to) / 4;
		for (size_t q = 0; q < to - from && !sparse && n_act < n - to; q++)
			memset(s->panel + q * n + to, 0, (n - to) * sizeof(double));
		attr_factor_panel(l, n, from, to, act, n_act, s->panel);
		if (sparse) {
			take_sparse(s, l, n, from, to, act, n_act);
			continue;
		}
		for (size_t tile = to; tile < n; tile += TILE)
			for (size_t i = tile; i < n; i++)
				if (s->begin[i] < to)
					attr_take_panel(l + i * n, l + i * n + from, s->panel, n,
						to - from, tile,
						tile + TILE < i + 1 ? tile + TILE : i + 1);
	}
}

/* The leading N rows of a factor L whose rows are LD long; BEGIN: where they begin. */
static void substitute(const double *l, const uint32_t *begin, size_t ld, size_t n, double *b)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = begin[i]; k < i; k++)
			b[i] -= l[i * ld + k] * b[k];
		b[i] /= l[i * ld + i];
	}
	for (size_t i = n; i-- > 0;) {
		b[i] /= l[i * ld + i];
		for (size_t k = begin[i]; k < i; k++)
			b[k] -= l[i * ld + k] * b[i];
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
	substitute(s->chol, s->begin, n, n, s->w);
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

/* Of a column outside the passive set: the slope that would bring it in, if it is positive. */
static double gradient(const struct attr_nnls *s, const double *g, const double *h, const double *x,
	size_t i)
{
	double w = h[i];

	for (size_t j = 0; j < s->dim; j++)
		if (x[j] != 0)
			w -= at(g, s->dim, i, j) * x[j];
	return w * s->scale[i];
}

/* The column outside the passive set whose gradient is greatest, or dim. */
static size_t best_gradient(struct attr_nnls *s, const double *g, const double *h)
{
	size_t best = s->dim;
	double most = s->limit;

	for (size_t i = 0; i < s->dim; i++) {
		double w;

		if (s->passive[i] || s->scale[i] <= 0)
			continue;
		w = gradient(s, g, h, s->x, i);
		if (w > most) {
			most = w;
			best = i;
		}
	}
	return best;
}

/* All columns that are out of bounds change sides at once, until none is: true; or too often: false. */
static bool exchange(struct attr_nnls *s, const double *g, const double *h, int *count)
{
	for (int round = 0; round < EXCHANGES; round++) {
		bool changed = false;

		solve_passive(s, g, h);
		++*count;
		memcpy(s->x, s->z, s->dim * sizeof(double));
		for (size_t i = 0; i < s->dim; i++) {
			bool in = s->passive[i];

			if (s->scale[i] <= 0 || !bounded(s, i))
				continue;
			if (in ? s->z[i] > 0 : !(gradient(s, g, h, s->x, i) > s->limit))
				continue;
			s->passive[i] = !in;
			changed = true;
		}
		if (!changed)
			return true;
	}
	return false;
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
	s->limit = TOLERANCE * norm;
	if (s->dim > WARM_COLUMNS) {
		for (size_t i = 0; i < s->dim && !warm; i++)
			s->passive[i] = s->scale[i] > 0;
		if (exchange(s, g, h, &count))
			return count;
	}
	count += warm && s->dim <= WARM_COLUMNS ? make_feasible(s, g, h) : cold_start(s, g, h);
	for (size_t round = 0; round < 3 * s->dim; round++) {
		size_t add = best_gradient(s, g, h);

		if (add == s->dim)
			break;
		s->passive[add] = 1;
		count += make_feasible(s, g, h);
	}
	return count;
}

bool attr_nnls_without(struct attr_nnls *s, const double *g, const double *h, double *x)
{
	size_t n = 0, m = 0;

	for (size_t i = 0; i < s->dim; i++) {
		n += s->passive[i];
		m += s->passive[i] && bounded(s, i);
	}
	for (size_t i = 0; i < m; i++)
		s->w[i] = h[s->set[i]] * s->scale[s->set[i]];
	substitute(s->chol, s->begin, n, m, s->w);
	memset(x, 0, s->dim * sizeof(double));
	for (size_t i = 0; i < m; i++) {
		x[s->set[i]] = s->w[i] * s->scale[s->set[i]];
		if (!(x[s->set[i]] > 0))
			return false;
	}
	for (size_t i = 0; i + s->n_free < s->dim; i++)
		if (!s->passive[i] && s->scale[i] > 0 && gradient(s, g, h, x, i) > s->limit)
			return false;
	return true;
}

/* Where from M on rows I and J of the factor both have something. */
static size_t begins_after(const struct attr_nnls *s, size_t m, size_t i, size_t j)
{
	size_t begin = s->begin[i] > s->begin[j] ? s->begin[i] : s->begin[j];

	return begin > m ? begin : m;
}

void attr_nnls_corner(const struct attr_nnls *s, double *ret)
{
	size_t n = 0, bound = s->dim - s->n_free, m = 0;

	for (size_t i = 0; i < s->dim; i++) {
		n += s->passive[i];
		m += s->passive[i] && i < bound;
	}
	memset(ret, 0, s->n_free * s->n_free * sizeof(double));
	for (size_t i = m; i < n; i++)
		for (size_t j = m; j < n; j++) {
			double sum = 0;

			for (size_t k = begins_after(s, m, i, j); k <= (i < j ? i : j); k++)
				sum += s->chol[i * n + k] * s->chol[j * n + k];
			ret[(s->set[i] - bound) * s->n_free + s->set[j] - bound] =
				sum / s->scale[s->set[i]] / s->scale[s->set[j]];
		}
}

void attr_nnls_spread(const struct attr_nnls *s, const double *g, double *b, size_t sides)
{
	size_t n = 0;
	double *tile;

	for (size_t i = 0; i < s->dim; i++)
		if (s->passive[i])
			s->set[n++] = (uint32_t)i;
	tile = erg_noted(calloc(n * ATTR_SIDES + 1, sizeof(double)));
	factor(s, g, n, s->chol);
	for (size_t from = 0; from < sides; from += ATTR_SIDES) {
		size_t m = sides - from < ATTR_SIDES ? sides - from : ATTR_SIDES;

		for (size_t i = 0; tile && i < n; i++)
			for (size_t j = 0; j < m; j++)
				tile[i * ATTR_SIDES + j] =
					b[s->set[i] * sides + from + j] * s->scale[s->set[i]];
		if (tile) {
			attr_forward_sides(s->chol, s->begin, n, 0, tile);
			attr_back_sides(s->chol, s->begin, n, tile);
		}
		for (size_t i = 0; i < s->dim; i++)
			memset(b + i * sides + from, 0, m * sizeof(double));
		for (size_t i = 0; tile && i < n; i++)
			for (size_t j = 0; j < m; j++)
				b[s->set[i] * sides + from + j] =
					tile[i * ATTR_SIDES + j] * s->scale[s->set[i]];
	}
	free(tile);
}

double attr_nnls_spread_one(const struct attr_nnls *s, const double *g, size_t i)
{
	_cleanup_(erg_freep) double *b = erg_noted(calloc(s->dim, sizeof(double)));

	if (!b)
		return NAN;
	b[i] = 1;
	attr_nnls_spread(s, g, b, 1);
	return b[i];
}

int attr_nnls_diagonal(const struct attr_nnls *s, const double *g, double *ret)
{
	_cleanup_(erg_freep) double *tile = erg_noted(calloc(s->dim * ATTR_SIDES, sizeof(double)));
	size_t n = 0;

	if (!tile)
		return -ENOMEM;
	memset(ret, 0, s->dim * sizeof(double));
	for (size_t i = 0; i < s->dim; i++)
		if (s->passive[i])
			s->set[n++] = (uint32_t)i;
	factor(s, g, n, s->chol);
	for (size_t from = 0; from < n; from += ATTR_SIDES) {
		memset(tile + from * ATTR_SIDES, 0, (n - from) * ATTR_SIDES * sizeof(double));
		for (size_t j = 0; j < ATTR_SIDES && from + j < n; j++)
			tile[(from + j) * ATTR_SIDES + j] = s->scale[s->set[from + j]];
		attr_forward_sides(s->chol, s->begin, n, from, tile);
		for (size_t i = from; i < n; i++)
			for (size_t j = 0; j < ATTR_SIDES && from + j < n; j++)
				ret[s->set[from + j]] +=
					tile[i * ATTR_SIDES + j] * tile[i * ATTR_SIDES + j];
	}
	return 0;
}

/* Where the rows of M begin: entries before are zero. */
static void find_begins(const double *m, size_t n, uint32_t *begin)
{
	for (size_t i = 0; i < n; i++)
		for (begin[i] = 0; begin[i] < i && m[i * n + begin[i]] == 0;)
			begin[i]++;
}

/* Y = M X, M symmetric. */
static void times(const double *m, const uint32_t *begin, size_t n, const double *x, double *y)
{
	memset(y, 0, n * sizeof(double));
	for (size_t i = 0; i < n; i++) {
		double sum = 0;

		for (size_t j = begin[i]; j < i; j++) {
			sum += m[i * n + j] * x[j];
			y[j] += m[i * n + j] * x[i];
		}
		y[i] += sum + m[i * n + i] * x[i];
	}
}

/* Power iteration on M (or on M^-1 by its factor L), from a start that is no eigenvector. */
static double largest(const double *m, const double *l, const uint32_t *begin, size_t n, double *x,
	double *y)
{
	double value = 0, last;

	for (size_t i = 0; i < n; i++)
		x[i] = 1 + 0.37 * sin(1.0 + 2.3 * (double)i);
	for (int it = 0; it < 300; it++) {
		double norm = 0;

		last = value;
		if (l) {
			memcpy(y, x, n * sizeof(double));
			substitute(l, begin, n, n, y);
		} else {
			times(m, begin, n, x, y);
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

static bool cholesky(const double *m, const uint32_t *begin, size_t n, double *l)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = begin[i]; j <= i; j++) {
			size_t from = begin[i] > begin[j] ? begin[i] : begin[j];
			double v = m[i * n + j];

			for (size_t k = from; k < j; k++)
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
	_cleanup_(erg_freep) uint32_t *begin = erg_noted(calloc(n + 1, sizeof(*begin)));
	size_t k = 0;

	if (!m || !l || !x || !keep || !begin)
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
	find_begins(m, k, begin);
	if (!cholesky(m, begin, k, l))
		return INFINITY;
	return sqrt(largest(m, NULL, begin, k, x, x + n) * largest(NULL, l, begin, k, x, x + n));
}
