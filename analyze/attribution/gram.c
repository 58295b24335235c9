/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All that the least squares keep of the readings: per block of time the sums G = A'A, h = A'y, the
 * column sums s, and n, y, yy. Memory is blocks x columns^2 / 2, whatever the number of readings;
 * the number of blocks has a limit, beyond which a block is longer instead.
 */
#include <errno.h>
#include <string.h>

#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
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
	g->thin = g->dim > ATTR_THIN_COLUMNS && max_blocks > 1;
	g->pace = g->thin ? 2 * g->dim + 3 : g->stride;
	g->t0 = t0;
	g->max_blocks = max_blocks;
	g->block_ns =
		blocks > (double)max_blocks ? (double)(t1 - t0) / (double)max_blocks : block_ns;
	g->cap = max_blocks + 1;
	g->sum = calloc(g->cap * g->pace, sizeof(double));
	g->whole = g->thin ? calloc(g->stride - g->pace, sizeof(double)) : NULL;
	g->theta = g->thin ? calloc(g->cap, sizeof(double)) : NULL;
	g->place = g->thin ? calloc(g->cap, sizeof(*g->place)) : NULL;
	g->windows = calloc(g->dim, sizeof(double));
	g->square = calloc(g->dim, sizeof(double));
	g->pure = calloc(g->dim, sizeof(double));
	if (g->sum && g->windows && g->square && g->pure &&
		(!g->thin || (g->whole && g->theta && g->place)))
		return 0;
	attr_gram_release(g);
	return erg_fail(err, -ENOMEM, "out of memory for %zu blocks of %zu columns", max_blocks,
		n_cols);
}

void attr_gram_release(struct attr_gram *g)
{
	free(g->sum);
	free(g->whole);
	free(g->theta);
	free(g->place);
	free(g->windows);
	free(g->square);
	free(g->pure);
	memset(g, 0, sizeof(*g));
}

static size_t block_of(const struct attr_gram *g, uint64_t t)
{
	size_t b = t > g->t0 ? (size_t)((double)(t - g->t0) / g->block_ns) : 0;

	return b >= g->cap ? g->cap - 1 : b;
}

size_t attr_gram_place(const struct attr_gram *g, uint64_t t)
{
	return g->place[block_of(g, t)];
}

#define FEW 4 /* a call costs more than so many products */

/* How many columns from J on follow each other, as those of a network's layers in turn do. */
static size_t neighbours(const struct attr_row *row, size_t j)
{
	size_t n = 1;

	while (j + n < row->n && row->col[j + n] == row->col[j] + n)
		n++;
	return n;
}

/* Products with the columns J .. J + N - 1, neighbours. */
static void add_products(double *restrict sum, const struct attr_row *row, size_t j, size_t n,
	double a)
{
	if (n > FEW)
		attr_add_scaled(sum, row->a + j, a, n);
	else
		for (size_t k = 0; k < n; k++)
			sum[k] += a * row->a[j + k];
}

static void add_sparse(double *sum, size_t dim, size_t n_cols, const struct attr_row *row)
{
	for (size_t from = 0, n; from < row->n; from += n) {
		n = neighbours(row, from);
		for (size_t i = 0; i < from + n; i++) {
			size_t j = i < from ? from : i;

			add_products(sum + attr_tri(dim, row->col[i], row->col[j]), row, j,
				from + n - j, row->a[i]);
		}
	}
	for (size_t i = 0; i < row->n; i++) {
		double *line = sum + attr_tri(dim, row->col[i], n_cols);

		for (size_t j = 0; j < dim - n_cols; j++)
			line[j] += row->a[i] * row->x[j];
	}
}

/* The corner of the further columns among themselves, and their sums. */
static void add_extra(double *sum, double *h, double *s, const struct attr_gram *g,
	const struct attr_row *row)
{
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
	size_t b = block_of(g, row->t), cols = g->dim - g->n_extra;
	double *sum = g->thin ? g->whole : g->sum + b * g->pace, *h = attr_block_h(g, b);
	double *s = attr_block_s(g, b), *n = attr_block_n(g, b);

	g->n = b >= g->n ? b + 1 : g->n;
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
	add_extra(sum, h, s, g, row);
	n[0] += row->sw * row->sw;
	n[1] += row->y * row->sw;
	n[2] += row->y * row->y;
	g->rows++;
}

void attr_gram_compact(struct attr_gram *g)
{
	size_t kept = 0;

	for (size_t b = 0; b < g->n; b++) {
		if (attr_block_n(g, b)[0] <= 0)
			continue;
		if (kept != b)
			memcpy(g->sum + kept * g->pace, g->sum + b * g->pace,
				g->pace * sizeof(double));
		if (g->thin)
			g->place[b] = (uint32_t)kept;
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

/* Once, of blocks without a G of their own. */
static void total_thin(const struct attr_gram *g, double *out)
{
	size_t triangle = g->stride - g->pace;

	memcpy(out, g->whole, triangle * sizeof(double));
	memset(out + triangle, 0, g->pace * sizeof(double));
	for (size_t b = 0; b < g->n; b++)
		attr_add_scaled(out + triangle, g->sum + b * g->pace, 1, g->pace);
}

void attr_gram_total(const struct attr_gram *g, const double *weight, size_t rounds, double *out)
{
	if (g->thin) {
		total_thin(g, out);
		add_known(g, out);
		return;
	}
	memset(out, 0, rounds * g->stride * sizeof(double));
	for (size_t from = 0; from < g->stride; from += TILE) {
		size_t n = g->stride - from < TILE ? g->stride - from : TILE;

		for (size_t b = 0; b < g->n; b++)
			for (size_t i = 0; i < rounds; i++) {
				double w = weight ? weight[i * g->n + b] : 1;

				if (w != 0)
					attr_add_scaled(out + i * g->stride + from,
						g->sum + b * g->pace + from, w, n);
			}
	}
	for (size_t i = 0; i < rounds; i++)
		add_known(g, out + i * g->stride);
}
