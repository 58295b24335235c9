/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_MODEL_LSQ_H
#define ERG_ANALYZE_MODEL_LSQ_H

/*
 * Least squares of any number of rows and a few columns (P, at most ERG_LSQ_MAX), in one pass.
 *
 * What is kept of the rows is the triangle of their QR decomposition, [X y] = Q R, updated block by
 * block with Householder reflections (Golub and Van Loan, Matrix Computations, 4th ed., §5.1, §6.5).
 * It has the accuracy of QR on all rows at once, where normal equations would square the condition
 * number. Two triangles merge into that of both sets of rows: a fit that leaves one group out
 * needs no second pass.
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

#define ERG_LSQ_MAX 64u

/* The triangle of N rows: (p + 1) × (p + 1), by rows, the last column is y. */
struct erg_lsq {
	size_t p, n;
	double *r;
	double *block; /* rows not yet in r, column by column; NULL until the first is added */
	size_t fill;
};

int erg_lsq_init(struct erg_lsq *l, size_t p);
void erg_lsq_done(struct erg_lsq *l);
/* X: P values; the row counts WEIGHT times (the inverse of its variance, but for a factor). */
int erg_lsq_add(struct erg_lsq *l, const double *x, double y, double weight);
/* Takes rows still in the block into r; every function below needs it done before. */
void erg_lsq_flush(struct erg_lsq *l);
/* L becomes the triangle of its own rows and those of OTHER. */
void erg_lsq_merge(struct erg_lsq *l, const struct erg_lsq *other);
void erg_lsq_copy(struct erg_lsq *to, const struct erg_lsq *from);

enum erg_lsq_method { ERG_LSQ_OLS, ERG_LSQ_NNLS, ERG_LSQ_RIDGE };

struct erg_lsq_fit {
	size_t p, n;
	double *b;               /* P coefficients */
	double *cov;             /* P × P: their covariance, sigma2 included */
	bool *at_bound;          /* NNLS: held at zero */
	double rss, sigma2, dof; /* sigma2 = rss / dof */
	double tss;              /* sum of squares of y, about 0 */
	double lambda;           /* ridge: of columns scaled to unit length */
};

void erg_lsq_fit_done(struct erg_lsq_fit *f);

/*
 * Fits. FREE_COLUMN (P for none) is neither bounded nor shrunk: the intercept. LAMBDA < 0: chosen
 * by generalised cross-validation (Golub, Heath and Wahba, 1979). -EDOM when the columns are
 * linearly dependent (see erg_lsq_dependent), -ENODATA for fewer than P + 1 rows, -ENOMEM.
 */
int erg_lsq_solve(const struct erg_lsq *l, enum erg_lsq_method method, double lambda,
	size_t free_column, struct erg_lsq_fit *ret);

/*
 * 0 when the columns are independent; else 1 and the columns that are not: *ret_a is zero
 * everywhere (then *ret_b = *ret_a), or proportional to *ret_b, or both are P when the dependence
 * takes more than two columns.
 */
int erg_lsq_dependent(const struct erg_lsq *l, size_t *ret_a, size_t *ret_b);

/* Condition number of the columns scaled to unit length (Belsley, Kuh and Welsch, 1980). */
double erg_lsq_condition(const struct erg_lsq *l);

/*
 * Variance inflation of each of P columns: by how much its coefficient's variance exceeds that of
 * a fit of it alone (and the intercept, which gets NaN). About the mean when there is an intercept,
 * about zero otherwise.
 */
int erg_lsq_vif(const struct erg_lsq *l, size_t intercept, double *ret);

/* x' (X'X)^-1 x: the leverage of X (Montgomery, Peck and Vining, 2012, §3.8); +inf on failure. */
double erg_lsq_leverage(const struct erg_lsq *l, const double *x);

/* Householder on [TOP; BLOCK]: the triangle of both. TOP as struct erg_lsq's r, COLUMNS wide; ROWS
 * rows of BLOCK, column by column, STRIDE apart; BLOCK is destroyed. */
void erg_lsq_update(double *top, size_t columns, double *block, size_t rows, size_t stride);

#endif
