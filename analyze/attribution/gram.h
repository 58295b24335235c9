/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_GRAM_H
#define ERG_ANALYZE_ATTRIBUTION_GRAM_H

/* The normal equations of the rows as sums by block of time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/kernel.h"

#define ATTR_THIN_COLUMNS 1000 /* beyond, a Gram block has no G of its own */

/* Sums of one block: packed upper triangle of G (dim x dim), then h, then s (dim each), then n,
 * y, yy. dim = n_cols + n_extra; the last n_extra columns are row->x (one at least). */
struct attr_gram {
	size_t dim, n_extra, stride, n, cap;
	double prior[ATTR_EXTRA_MAX]; /* precision of what is known of an extra beforehand: added to
					 the diagonal of each total */
	double sigma2;                /* of a reading, W^2: what the priors are relative to */
	double pull[ATTR_EXTRA_MAX];  /* and to h: precision x (known - used) */
	double *sum;                  /* n x pace; one block alone is a total */
	/* Of so many columns that no fit is compared with those of parts of the run (change.c) a block has no G
	 * of its own: WHOLE is that of all, and the bootstrap's scores take one more pass over the rows. */
	bool thin;
	size_t pace;     /* from one block to the next */
	double *whole;   /* upper triangle; NULL: not thin */
	double *theta;   /* per block, thin: what attr_solve took off its G, theta s s' */
	uint32_t *place; /* thin: per stretch of block_ns its block, once they are compacted */
	uint64_t t0;
	double block_ns;
	size_t max_blocks;
	double *windows; /* per column: sum of a */
	double *square;  /* per column: sum of a^2 */
	double *pure;    /* per column: sum of a^2 of rows that lie in one column alone */
	size_t rows;
};
int attr_gram_init(struct attr_gram *g, size_t n_cols, size_t n_extra, uint64_t t0, uint64_t t1,
	double block_ns, size_t max_blocks, struct erg_err *err);
void attr_gram_add(struct attr_gram *g, const struct attr_row *row);
void attr_gram_release(struct attr_gram *g);
/* Removes blocks without rows. */
void attr_gram_compact(struct attr_gram *g);
/* The block of a thin one that a row at T is in, after that. */
size_t attr_gram_place(const struct attr_gram *g, uint64_t t);
/* out[rounds x stride] = sum over blocks of weight[rounds x n] (NULL: 1) times the sums. */
void attr_gram_total(const struct attr_gram *g, const double *weight, size_t rounds, double *out);
static inline size_t attr_tri(size_t dim, size_t i, size_t j) /* i <= j */
{
	return i * dim - i * (i + 1) / 2 + j;
}
/* h, s and n, y, yy of block B. */
static inline double *attr_block_h(const struct attr_gram *g, size_t b)
{
	return g->sum + b * g->pace + (g->thin ? 0 : g->dim * (g->dim + 1) / 2);
}
static inline double *attr_block_s(const struct attr_gram *g, size_t b)
{
	return attr_block_h(g, b) + g->dim;
}
static inline double *attr_block_n(const struct attr_gram *g, size_t b)
{
	return attr_block_s(g, b) + g->dim;
}
static inline double *attr_sum_h(double *sum, size_t dim)
{
	return sum + dim * (dim + 1) / 2;
}
static inline double *attr_sum_s(double *sum, size_t dim)
{
	return attr_sum_h(sum, dim) + dim;
}
static inline double *attr_sum_n(double *sum, size_t dim) /* n, y, yy */
{
	return attr_sum_s(sum, dim) + dim;
}

#endif
