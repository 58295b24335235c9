/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All that the least squares keep of the readings: per block of time the sums G = A'A, h = A'y, the
 * column sums s, and n, y, yy. Memory is blocks x columns^2 / 2, whatever the number of readings;
 * the number of blocks has a limit, beyond which a block is longer instead.
 */
#include <errno.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "analyze/attribution/loops.h"
#include "formats/base/util.h"

/* A row this close to one column alone counts as pure. */
#define PURE 0.999

int attr_gram_init(struct attr_gram *g, size_t n_cols, size_t n_extra, uint64_t t0, uint64_t t1,
	double block_ns, size_t max_blocks, struct erg_err *err)
{
	double blocks = (double)(t1 - t0) / block_ns;

	memset(g, 0, sizeof(*g));
	g->dim = n_cols + n_extra;
	g->n_extra = n_extra;
	g->stride = g->dim * (g->dim + 1) / 2 + 2 * g->dim + 3;
	g->t0 = t0;
	g->max_blocks = max_blocks;
	g->block_ns =
		blocks > (double)max_blocks ? (double)(t1 - t0) / (double)max_blocks : block_ns;
	g->cap = max_blocks + 1;
	g->sum = calloc(g->cap * g->stride, sizeof(double));
	g->windows = calloc(g->dim, sizeof(double));
	g->square = calloc(g->dim, sizeof(double));
	g->pure = calloc(g->dim, sizeof(double));
	if (g->sum && g->windows && g->square && g->pure)
		return 0;
	attr_gram_release(g);
	return erg_fail(err, -ENOMEM, "out of memory for %zu blocks of %zu columns", max_blocks,
		n_cols);
}

void attr_gram_release(struct attr_gram *g)
{
	free(g->sum);
	free(g->windows);
	free(g->square);
	free(g->pure);
	memset(g, 0, sizeof(*g));
}

static double *block_of(struct attr_gram *g, uint64_t t)
{
	size_t b = t > g->t0 ? (size_t)((double)(t - g->t0) / g->block_ns) : 0;

	if (b >= g->cap)
		b = g->cap - 1;
	if (b >= g->n)
		g->n = b + 1;
	return g->sum + b * g->stride;
}

static void add_sparse(double *sum, size_t dim, size_t n_cols, const struct attr_row *row)
{
	for (size_t i = 0; i < row->n; i++) {
		size_t ci = row->col[i];
		double a = row->a[i], *line = sum + attr_tri(dim, ci, ci);

		for (size_t j = i; j < row->n; j++)
			line[row->col[j] - ci] += a * row->a[j];
		for (size_t j = n_cols; j < dim; j++)
			line[j - ci] += a * row->x[j - n_cols];
	}
}

/* The corner of the further columns among themselves, and their sums. */
static void add_extra(double *sum, const struct attr_gram *g, const struct attr_row *row)
{
	double *h = attr_sum_h(sum, g->dim), *s = attr_sum_s(sum, g->dim);
	size_t cols = g->dim - g->n_extra;

	for (size_t i = 0; i < g->n_extra; i++) {
		double *line = sum + attr_tri(g->dim, cols + i, cols + i), x = row->x[i];

		for (size_t j = i; j < g->n_extra; j++)
			line[j - i] += x * row->x[j];
		h[cols + i] += x * row->y;
		s[cols + i] += x * row->sw;
	}
}

void attr_gram_add(struct attr_gram *g, const struct attr_row *row)
{
	double *sum = block_of(g, row->t), *h = attr_sum_h(sum, g->dim);
	double *s = attr_sum_s(sum, g->dim), *n = attr_sum_n(sum, g->dim);
	size_t cols = g->dim - g->n_extra;

	if (row->n == cols)
		attr_add_dense(sum, g->dim, row->a, row->n, row->x);
	else
		add_sparse(sum, g->dim, cols, row);
	for (size_t i = 0; i < row->n; i++) {
		size_t ci = row->col[i];
		double a = row->a[i];

		h[ci] += a * row->y;
		s[ci] += a * row->sw;
		a /= row->sw;
		g->windows[ci] += a;
		g->square[ci] += a * a;
		if (a > PURE)
			g->pure[ci] += a * a;
	}
	add_extra(sum, g, row);
	n[0] += row->sw * row->sw;
	n[1] += row->y * row->sw;
	n[2] += row->y * row->y;
	g->rows++;
}

void attr_gram_compact(struct attr_gram *g)
{
	size_t kept = 0;

	for (size_t b = 0; b < g->n; b++) {
		double *sum = g->sum + b * g->stride;

		if (attr_sum_n(sum, g->dim)[0] <= 0)
			continue;
		if (kept != b)
			memcpy(g->sum + kept * g->stride, sum, g->stride * sizeof(double));
		kept++;
	}
	g->n = kept;
}

/* Elements of a sum worked on at once: with those of all rounds they fit the first cache. */
#define TILE 256

/* What is known of the further columns beforehand, once a total. */
static void add_known(const struct attr_gram *g, double *total)
{
	size_t cols = g->dim - g->n_extra;

	for (size_t i = 0; i < g->n_extra; i++) {
		double *diagonal = total + attr_tri(g->dim, cols + i, cols + i);

		if (*diagonal <= 0)
			continue;
		*diagonal += g->prior[i];
		attr_sum_h(total, g->dim)[cols + i] += g->pull[i];
	}
}

void attr_gram_total(const struct attr_gram *g, const double *weight, size_t rounds, double *out)
{
	memset(out, 0, rounds * g->stride * sizeof(double));
	for (size_t from = 0; from < g->stride; from += TILE) {
		size_t n = g->stride - from < TILE ? g->stride - from : TILE;

		for (size_t b = 0; b < g->n; b++)
			for (size_t i = 0; i < rounds; i++) {
				double w = weight ? weight[i * g->n + b] : 1;

				if (w != 0)
					attr_add_scaled(out + i * g->stride + from,
						g->sum + b * g->stride + from, w, n);
			}
	}
	for (size_t i = 0; i < rounds; i++)
		add_known(g, out + i * g->stride);
}
