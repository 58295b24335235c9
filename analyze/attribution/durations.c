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

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/instances.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define ENTRIES_MAX 30000000 /* beyond, a number for each takes too much memory */
#define PIECES_MAX 3         /* of the spline */
#define SAMPLE_MAX 4000
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

/* What becomes of a column: its first new one, and the knots. */
struct bent {
	uint16_t first;
	uint8_t n;       /* 1: as it was */
	double from, to; /* z */
};

static void choose_range(struct bent *b, double *x, size_t n, size_t pieces)
{
	b->n = 1;
	if (n < INSTANCES_MIN)
		return;
	gsl_sort(x, 1, n);
	b->from = gsl_stats_quantile_from_sorted_data(x, 1, n, 0.002);
	b->to = gsl_stats_quantile_from_sorted_data(x, 1, n, 0.998);
	if (b->to - b->from > 0.5)
		b->n = (uint8_t)(pieces + 2);
}

/* Columns that are long enough to be integrated directly stay. */
static int plan_columns(const struct attr_view *v, const bool *keep, size_t pieces, struct bent *b,
	size_t *ret_cols)
{
	size_t n = attr_first(v, v->n), cols = 0;
	_cleanup_(erg_freep) double *x = malloc(v->n_cols * SAMPLE_MAX * sizeof(double));
	_cleanup_(erg_freep) size_t *count = calloc(2 * v->n_cols + 1, sizeof(size_t));
	size_t *seen = count ? count + v->n_cols : NULL;

	if (!x || !count)
		return -ENOMEM;
	for (size_t e = 0; e < n; e++)
		seen[v->col[e]]++;
	for (size_t e = 0; e < n; e++) {
		uint16_t c = v->col[e];
		size_t stride = seen[c] / SAMPLE_MAX + 1;

		if (e % stride == 0 && count[c] < SAMPLE_MAX)
			x[c * SAMPLE_MAX + count[c]++] = (double)v->z[e];
	}
	for (size_t c = 0; c < v->n_cols; c++) {
		b[c].n = 1;
		if (!keep[c] && varies(v, (uint16_t)c))
			choose_range(&b[c], x + c * SAMPLE_MAX, count[c], pieces);
		b[c].first = (uint16_t)cols;
		cols += b[c].n;
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
static size_t hats(const struct bent *b, double z, uint16_t *col, float *share)
{
	int pieces = b->n - 2;
	double x = (z - b->from) / (b->to - b->from) * pieces;
	size_t n = 0;

	col[0] = b->first;
	share[0] = 1;
	if (b->n == 1)
		return 1;
	x = fmax(fmin(x, pieces * (1 - 1e-9)), 0);
	for (int i = 0; i < b->n; i++) {
		double s = spline(i, 2, pieces, x);

		if (s < 1e-6)
			continue;
		col[n] = (uint16_t)(b->first + i);
		share[n++] = (float)s;
	}
	return n;
}

struct bent_view {
	uint32_t *first, *col_class;
	uint16_t *col, *col_base;
	float *share, *z;
	bool *col_apart;
	double *col_time, *col_share, *col_on;
};

static bool alloc_bent(const struct attr_view *v, size_t cols, struct bent_view *n)
{
	size_t entries = 3 * (size_t)attr_first(v, v->n) + 1;

	*n = (struct bent_view){.first = erg_noted(calloc(v->n + 1, sizeof(*n->first))),
		.col = erg_noted(calloc(entries, sizeof(*n->col))),
		.share = erg_noted(calloc(entries, sizeof(*n->share))),
		.z = erg_noted(calloc(entries, sizeof(*n->z))),
		.col_class = erg_noted(calloc(cols + 1, sizeof(*n->col_class))),
		.col_apart = erg_noted(calloc(cols + 1, sizeof(*n->col_apart))),
		.col_time = erg_noted(calloc(cols + 1, sizeof(double))),
		.col_base = v->col_base ? calloc(cols + 1, sizeof(*n->col_base)) : NULL,
		.col_share = v->col_base ? calloc(cols + 1, sizeof(double)) : NULL,
		.col_on = v->col_base ? calloc(cols + 1, sizeof(double)) : NULL};
	return n->first && n->col && n->share && n->z && n->col_class && n->col_apart &&
		n->col_time && (!v->col_base || (n->col_base && n->col_share && n->col_on));
}

static void free_bent(struct bent_view *n)
{
	free(n->first);
	free(n->col);
	free(n->share);
	free(n->z);
	free(n->col_class);
	free(n->col_apart);
	free(n->col_time);
	free(n->col_base);
	free(n->col_share);
	free(n->col_on);
}

static void fill_entries(const struct attr_view *v, const struct bent *b, struct bent_view *n)
{
	uint32_t out = 0;

	for (size_t i = 0; i < v->n; i++) {
		double s = (double)(attr_begin(v, i + 1) - attr_begin(v, i)) * 1e-9;

		n->first[i] = out;
		for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
			size_t k =
				hats(&b[v->col[e]], (double)v->z[e], n->col + out, n->share + out);

			for (size_t j = 0; j < k; j++, out++) {
				n->z[out] = v->z[e];
				n->col_time[n->col[out]] += s * (double)n->share[out];
			}
		}
	}
	n->first[v->n] = out;
}

/* The rest follows from the old columns: times in proportion. */
static void fill_columns(const struct attr_view *v, const struct bent *b, struct bent_view *n)
{
	for (size_t c = 0; c < v->n_cols; c++) {
		double sum = 0;

		for (size_t j = 0; j < b[c].n; j++)
			sum += n->col_time[b[c].first + j];
		for (size_t j = 0; j < b[c].n; j++) {
			size_t to = b[c].first + j;
			double f = sum > 0 ? n->col_time[to] / sum : 1. / b[c].n;

			n->col_class[to] = v->col_class[c];
			n->col_apart[to] = v->col_apart[c];
			n->col_time[to] = v->col_time[c] * f;
			if (!v->col_base)
				continue;
			n->col_share[to] = v->col_share[c] * f;
			n->col_on[to] = v->col_on[c] * f;
			n->col_base[to] = v->col_base[c] == ATTR_NO_BASE ? ATTR_NO_BASE
									 : b[v->col_base[c]].first;
		}
	}
}

static void install(struct attr_view *v, struct bent_view *n, size_t cols)
{
	struct bent_view old = {.first = v->first,
		.col = v->col,
		.share = v->share,
		.z = v->z,
		.col_class = v->col_class,
		.col_apart = v->col_apart,
		.col_time = v->col_time,
		.col_base = v->col_base,
		.col_share = v->col_share,
		.col_on = v->col_on};

	v->first = n->first;
	v->col = n->col;
	v->share = n->share;
	v->z = n->z;
	v->col_class = n->col_class;
	v->col_apart = n->col_apart;
	v->col_time = n->col_time;
	v->col_base = n->col_base;
	v->col_share = n->col_share;
	v->col_on = n->col_on;
	v->n_cols = cols;
	v->bent = true;
	*n = old;
}

int attr_bend(struct attr_view *v, const bool *keep, size_t pieces, const double *power,
	double **ret_power, struct erg_err *err)
{
	_cleanup_(erg_freep) struct bent *b = calloc(v->n_cols + 1, sizeof(*b));
	struct bent_view n = {0};
	size_t cols = 0, old = v->n_cols;
	int rc = b ? plan_columns(v, keep, pieces < PIECES_MAX ? pieces : PIECES_MAX, b, &cols)
		   : -ENOMEM;

	*ret_power = calloc(cols + 1, sizeof(double));
	if (!rc && (!*ret_power || !alloc_bent(v, cols, &n)))
		rc = -ENOMEM;
	if (!rc) {
		for (size_t c = 0; c < old; c++)
			for (size_t j = 0; j < b[c].n; j++)
				(*ret_power)[b[c].first + j] = power[c];
		fill_entries(v, b, &n);
		fill_columns(v, b, &n);
		install(v, &n, cols);
	}
	free_bent(&n);
	return rc < 0 ? erg_fail(err, rc, "out of memory for %zu columns", cols) : 0;
}
