/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Within a column power may go with the duration of an instance (more work at the same power, or the
 * same work at a lower clock), and least squares, which weighs an instance by its square, then errs in
 * the energy. Where a test finds it, the column becomes several: quadratic B-splines over the
 * logarithm of the duration. They are not negative and sum to 1, so each is a share of the instance, its
 * power is not negative, and the energy is the same sum over columns as before.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/instances.h"
#include "analyze/attribution/split_columns.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define ENTRIES_MAX 30000000 /* beyond, a number for each takes too much memory */
#define PIECES_MAX 3         /* of the spline */
#define INSTANCES_MIN 60
#define SPREAD_MIN 0.004 /* SD of log duration below which power cannot go with it */
#define Z_MAX 5

static bool varies(const struct attr_view *v, uint16_t c)
{
	return v->col_class[c] < v->gap_class;
}

static bool runs_in(const struct attr_view *v, size_t i, uint16_t c)
{
	for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++)
		if (v->col[e] == c)
			return true;
	return false;
}

/* Log of the duration of the instance that each entry is of, 0 where there is none. */
static int fill_log(struct attr_view *v)
{
	_cleanup_(erg_freep) double *end = calloc(v->n_cols + 1, sizeof(double));
	_cleanup_(erg_freep) float *now = calloc(v->n_cols + 1, sizeof(float));

	if (!end || !now)
		return -ENOMEM;
	for (size_t i = 0; i < v->n; i++) {
		double begin = (double)(int64_t)(attr_begin(v, i) - v->t0);

		for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
			uint16_t c = v->col[e];

			if (!varies(v, c))
				continue;
			if (begin >= end[c]) {
				size_t j = i + 1;

				while (v->first && j < v->n && runs_in(v, j, c))
					j++;
				end[c] = (double)(int64_t)(attr_begin(v, j) - v->t0);
				now[c] = (float)log(fmax(end[c] - begin, 1));
			}
			v->z[e] = now[c];
		}
	}
	return 0;
}

/* Mean and SD of each column over its entries; z becomes what is above the mean in SDs. */
static int standardise(struct attr_view *v)
{
	_cleanup_(erg_freep) double *sum = calloc(3 * v->n_cols + 1, sizeof(double));
	size_t n = attr_first(v, v->n), k = v->n_cols;

	if (!sum)
		return -ENOMEM;
	for (size_t e = 0; e < n; e++) {
		double x = (double)v->z[e];

		sum[v->col[e]] += 1;
		sum[k + v->col[e]] += x;
		sum[2 * k + v->col[e]] += x * x;
	}
	for (size_t c = 0; c < k; c++) {
		double m = sum[c] > 0 ? sum[k + c] / sum[c] : 0;

		sum[2 * k + c] = sqrt(fmax(sum[2 * k + c] / fmax(sum[c], 1) - m * m, 0));
		sum[k + c] = m;
	}
	for (size_t e = 0; e < n; e++) {
		uint16_t c = v->col[e];
		double sd = sum[2 * k + c],
		       z = sd > SPREAD_MIN && sum[c] >= INSTANCES_MIN && varies(v, c)
			? ((double)v->z[e] - sum[k + c]) / sd
			: 0;

		v->z[e] = (float)fmax(fmin(z, Z_MAX), -Z_MAX);
	}
	return 0;
}

int attr_durations(struct attr_view *v, struct erg_err *err)
{
	size_t n = attr_first(v, v->n);

	if (n > ENTRIES_MAX || v->z)
		return 0;
	v->z = calloc(n + 1, sizeof(*v->z));
	if (!v->z || fill_log(v) < 0 || standardise(v) < 0)
		return erg_fail(err, -ENOMEM, "out of memory for %zu durations", n);
	return 0;
}

/* The knots of a column that is bent: from the shortest instance to the longest, as one beyond the last knot would be at
 * the power of that, and the test (misfit.c) sees that it is not. */
struct bent {
	double from, to; /* z */
	size_t n;        /* entries */
};

/* Into how many columns one goes. */
static uint8_t columns_of(const struct bent *b, size_t pieces)
{
	return b->n >= INSTANCES_MIN && b->to - b->from > 0.5 ? (uint8_t)(pieces + 2) : 1;
}

static void find_ranges(const struct attr_view *v, struct bent *b)
{
	size_t n = attr_first(v, v->n);

	for (size_t e = 0; e < n; e++) {
		struct bent *x = &b[v->col[e]];
		double z = (double)v->z[e];

		x->from = x->n ? fmin(x->from, z) : z;
		x->to = x->n ? fmax(x->to, z) : z;
		x->n++;
	}
}

/* Columns that are long enough to be integrated directly stay. */
static int plan_columns(const struct attr_view *v, const bool *keep, size_t pieces,
	struct attr_split *s, struct bent *b, size_t *ret_cols)
{
	size_t cols = 0;

	find_ranges(v, b);
	for (size_t c = 0; c < v->n_cols; c++) {
		s[c].n = !keep[c] && varies(v, (uint16_t)c) ? columns_of(&b[c], pieces) : 1;
		s[c].first = (uint16_t)cols;
		cols += s[c].n;
	}
	*ret_cols = cols;
	return cols < UINT16_MAX ? 0 : -E2BIG;
}

/* Basis I of the quadratic B-splines on 0 .. PIECES with triple knots at both ends, at X (de Boor 1978). */
static double knot_at(int i, int pieces)
{
	return i < 3 ? 0 : i > pieces + 2 ? pieces : i - 2;
}

static double spline(int i, int degree, int pieces, double x)
{
	double a = knot_at(i, pieces), b = knot_at(i + degree, pieces), c = knot_at(i + 1, pieces),
	       d = knot_at(i + degree + 1, pieces);

	if (!degree)
		return x >= a && x < c ? 1 : 0;
	return (b > a ? (x - a) / (b - a) * spline(i, degree - 1, pieces, x) : 0) +
		(d > c ? (d - x) / (d - c) * spline(i + 1, degree - 1, pieces, x) : 0);
}

/* The hats that z lies under. Returns how many. */
static size_t hats(const struct attr_split *s, const struct bent *b, double z, uint16_t *col,
	float *share)
{
	int pieces = s->n - 2;
	double x = (z - b->from) / (b->to - b->from) * pieces;
	size_t n = 0;

	col[0] = s->first;
	share[0] = 1;
	if (s->n == 1)
		return 1;
	x = fmax(fmin(x, pieces * (1 - 1e-9)), 0);
	for (int i = 0; i < s->n; i++) {
		double part = spline(i, 2, pieces, x);

		if (part < 1e-6)
			continue;
		col[n] = (uint16_t)(s->first + i);
		share[n++] = (float)part;
	}
	return n;
}

static void fill_entries(const struct attr_view *v, const struct attr_split *s,
	const struct bent *b, struct attr_columns *n)
{
	uint32_t out = 0;

	for (size_t i = 0; i < v->n; i++) {
		double d = (double)(attr_begin(v, i + 1) - attr_begin(v, i)) * 1e-9;

		n->first[i] = out;
		for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
			size_t k = hats(&s[v->col[e]], &b[v->col[e]], (double)v->z[e], n->col + out,
				n->share + out);

			for (size_t j = 0; j < k; j++, out++) {
				n->z[out] = v->z[e];
				n->share[out] *= v->share ? v->share[e] : 1;
				n->col_time[n->col[out]] += d * (double)n->share[out];
			}
		}
	}
	n->first[v->n] = out;
}

int attr_bend(struct attr_view *v, const bool *keep, size_t pieces, const double *power,
	double **ret_power, struct erg_err *err)
{
	_cleanup_(erg_freep) struct bent *b = calloc(v->n_cols + 1, sizeof(*b));
	_cleanup_(erg_freep) struct attr_split *s = calloc(v->n_cols + 1, sizeof(*s));
	struct attr_columns n = {0};
	size_t cols = 0, old = v->n_cols;
	int rc = b && s
		? plan_columns(v, keep, pieces < PIECES_MAX ? pieces : PIECES_MAX, s, b, &cols)
		: -ENOMEM;

	*ret_power = calloc(cols + 1, sizeof(double));
	if (!rc && (!*ret_power || !attr_columns_alloc(v, v->n, 3 * attr_first(v, v->n), cols, &n)))
		rc = -ENOMEM;
	if (!rc) {
		for (size_t c = 0; c < old; c++)
			for (size_t j = 0; j < s[c].n; j++)
				(*ret_power)[s[c].first + j] = power[c];
		fill_entries(v, s, b, &n);
		attr_columns_install(v, s, &n, cols);
		v->bent = true;
	}
	attr_columns_free(&n);
	return rc < 0 ? erg_fail(err, rc, "out of memory for %zu columns", cols) : 0;
}
