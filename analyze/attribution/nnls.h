/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_NNLS_H
#define ERG_ANALYZE_ATTRIBUTION_NNLS_H

/* Least squares without negative powers. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct erg_err;

struct attr_nnls {
	size_t dim;
	size_t n_free; /* columns that may be negative: the last n_free */
	double *chol, *x, *w, *z;
	uint32_t *set; /* passive set */
	/* of each row of the factor: the first entry that is not zero; and scratch */
	uint32_t *begin;
	uint8_t *passive;     /* per column; kept between calls: warm start */
	double *scale, limit; /* limit: of a gradient that is none */
	double *panel;        /* scratch of the factorisation: columns of a panel as rows */
};
int attr_nnls_init(struct attr_nnls *s, size_t dim, size_t n_free, struct erg_err *err);
void attr_nnls_release(struct attr_nnls *s);
/* Minimises x'Gx - 2h'x, x >= 0 but for the free columns; G packed. Columns whose diagonal is 0
 * stay 0. Result in s->x. Returns the number of factorisations. */
int attr_nnls_solve(struct attr_nnls *s, const double *g, const double *h);
/* The minimum without the free columns into X, by the factor of the last solve; false where its passive
 * set would be another one. */
bool attr_nnls_without(struct attr_nnls *s, const double *g, const double *h, double *x);
/* Of the last solve: how the minimum rises with the free columns' coefficients, as a form (n_free x n_free);
 * zero for those without entries. */
void attr_nnls_corner(const struct attr_nnls *s, double *ret);
/* B (dim x SIDES) becomes G^-1 B, G restricted to the passive set of the last solve; zero elsewhere. */
void attr_nnls_spread(const struct attr_nnls *s, const double *g, double *b, size_t sides);
/* The diagonal of that inverse (dim); -ENOMEM. */
int attr_nnls_diagonal(const struct attr_nnls *s, const double *g, double *ret);
/* Entry I of it; NaN without memory. */
double attr_nnls_spread_one(const struct attr_nnls *s, const double *g, size_t i);
/* sqrt(lambda_max / lambda_min) of the column-scaled n x n full symmetric matrix; INFINITY when
 * singular. Columns with a zero diagonal are left out. */
double attr_condition(const double *full, size_t n);

#endif
