/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_CHOLESKY_H
#define ERG_ANALYZE_ATTRIBUTION_CHOLESKY_H

/* Systems of a few unknowns. */
#include <stddef.h>

/* X of G X = H by Cholesky. G: n x n, positive semidefinite, lower triangle, overwritten; X of a column that the
 * ones before it explain is 0. Returns X'H. */
double attr_cholesky_solve(double *g, size_t n, const double *h, double *x);

#endif
