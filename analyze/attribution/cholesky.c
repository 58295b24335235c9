/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cholesky's way, a row at a time, for which loops.c would be too much. */
#include "analyze/attribution/cholesky.h"

#include <math.h>

#define DEPENDENT 1e-10 /* of a column's square: what is left of it is rounding */

double attr_cholesky_solve(double *g, size_t n, const double *h, double *x)
{
	double took = 0;

	for (size_t i = 0; i < n; i++) {
		double *gi = g + i * n, scale = gi[i];

		for (size_t j = 0; j <= i; j++) {
			for (size_t k = 0; k < j; k++)
				gi[j] -= gi[k] * g[j * n + k];
			if (j < i)
				gi[j] /= g[j * n + j];
		}
		/* divided by, this one is 0 in all that follows */
		gi[i] = scale > 0 && gi[i] > DEPENDENT * scale ? sqrt(gi[i]) : INFINITY;
		x[i] = h[i];
		for (size_t k = 0; k < i; k++)
			x[i] -= gi[k] * x[k];
		x[i] /= gi[i];
		took += x[i] * x[i];
	}
	for (size_t i = n; i-- > 0;) {
		for (size_t k = i + 1; k < n; k++)
			x[i] -= g[k * n + i] * x[k];
		x[i] /= g[i * n + i];
	}
	return took;
}
