/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_LOOPS_H
#define ERG_ANALYZE_ATTRIBUTION_LOOPS_H

/*
 * The inner loops of the least squares, which take most of the time of an attribution: compiled for
 * each processor, with the same bytes on all (tests/unit/test_loops.c).
 */
#include <stddef.h>
#include <stdint.h>

#define ATTR_RIDGE 1e-11 /* keeps a singular matrix of unit diagonal solvable */

/* out[0..n) += w * sum[0..n) */
void attr_add_scaled(double *restrict out, const double *restrict sum, double w, size_t n);

/* Adds the products of a row with an entry in each of its N columns A, and in DIM - N further ones X,
 * to the upper triangle SUM (rows one after another). */
void attr_add_dense(double *sum, size_t dim, const double *a, size_t n, const double *x);

/* Takes P columns, whose entries are the rows of PANEL (N apart), off the entries FROM .. TO of the row LI. X:
 * the row's own entries in those columns. One after another, as without panels, so that the rounding is
 * the same. */
void attr_take_panel(double *restrict li, const double *restrict x, const double *restrict panel,
	size_t n, size_t p, size_t from, size_t to);

/* Columns FROM .. TO of the Cholesky factor L (N x N, row major), each taken off the later ones of the panel
 * at once; the columns are left as rows of PANEL too. After TO only the N_ACT rows ACT have something in them. */
void attr_factor_panel(double *l, size_t n, size_t from, size_t to, const uint32_t *act,
	size_t n_act, double *panel);

#define ATTR_SIDES 32
/* B, N rows of ATTR_SIDES right sides that are 0 before row FROM, becomes L^-1 B. BEGIN: of each row of L the
 * first entry that is not zero. */
void attr_forward_sides(const double *restrict l, const uint32_t *begin, size_t n, size_t from,
	double *restrict b);
/* B becomes L'^-1 B. */
void attr_back_sides(const double *restrict l, const uint32_t *begin, size_t n, double *restrict b);

#endif
