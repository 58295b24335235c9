/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loops without a sum, which the compiler vectorises, of whatever width: no element depends on another,
 * so nothing is rounded otherwise.
 */
#include "analyze/attribution/loops.h"

#include <math.h>

#include "formats/base/clones.h"

ERG_EACH_PROCESSOR void attr_add_scaled(double *restrict out, const double *restrict sum, double w,
	size_t n)
{
	for (size_t k = 0; k < n; k++)
		out[k] += w * sum[k];
}

ERG_EACH_PROCESSOR void attr_add_dense(double *sum, size_t dim, const double *a, size_t n,
	const double *x)
{
	double *line = sum;

	for (size_t i = 0; i < n; i++) {
		double own = a[i];

		for (size_t j = i; j < n; j++)
			line[j - i] += own * a[j];
		for (size_t j = n; j < dim; j++)
			line[j - i] += own * x[j - n];
		line += dim - i;
	}
}

ERG_EACH_PROCESSOR void attr_take_panel(double *restrict li, const double *restrict x,
	const double *restrict panel, size_t n, size_t p, size_t from, size_t to)
{
	size_t q = 0;

	for (; q + 4 <= p; q += 4) {
		const double *a = panel + q * n, *b = a + n, *c = b + n, *d = c + n;
		double xa = x[q], xb = x[q + 1], xc = x[q + 2], xd = x[q + 3];

		for (size_t j = from; j < to; j++)
			li[j] = li[j] - xa * a[j] - xb * b[j] - xc * c[j] - xd * d[j];
	}
	for (; q < p; q++)
		for (size_t j = from; j < to; j++)
			li[j] -= x[q] * panel[q * n + j];
}

ERG_EACH_PROCESSOR void attr_factor_panel(double *l, size_t n, size_t from, size_t to,
	const uint32_t *act, size_t n_act, double *panel)
{
	for (size_t k = from; k < to; k++) {
		double d = l[k * n + k], *column = panel + (k - from) * n;
		size_t own_rows = to - k - 1;

		d = sqrt(d > ATTR_RIDGE * 1e-2 ? d : ATTR_RIDGE * 1e-2);
		l[k * n + k] = d;
		for (size_t a = 0; a < own_rows + n_act; a++) {
			size_t i = a < own_rows ? k + 1 + a : act[a - own_rows];

			column[i] = l[i * n + k] /= d;
		}
		for (size_t a = 0; a < own_rows + n_act; a++) {
			size_t i = a < own_rows ? k + 1 + a : act[a - own_rows];
			double *restrict li = l + i * n, own = column[i];

			if (own == 0) /* of columns that nothing saw together many are */
				continue;
			for (size_t j = k + 1; j < to && j <= i; j++)
				li[j] -= own * column[j];
		}
	}
}

ERG_EACH_PROCESSOR void attr_forward_sides(const double *restrict l, const uint32_t *begin,
	size_t n, size_t from, double *restrict b)
{
	for (size_t i = from; i < n; i++) {
		double *bi = b + i * ATTR_SIDES, d = l[i * n + i];

		for (size_t k = begin[i] > from ? begin[i] : from; k < i; k++)
			for (size_t j = 0; j < ATTR_SIDES; j++)
				bi[j] -= l[i * n + k] * b[k * ATTR_SIDES + j];
		for (size_t j = 0; j < ATTR_SIDES; j++)
			bi[j] /= d;
	}
}

ERG_EACH_PROCESSOR void attr_back_sides(const double *restrict l, const uint32_t *begin, size_t n,
	double *restrict b)
{
	for (size_t i = n; i-- > 0;) {
		double *bi = b + i * ATTR_SIDES, d = l[i * n + i];

		for (size_t j = 0; j < ATTR_SIDES; j++)
			bi[j] /= d;
		for (size_t k = begin[i]; k < i; k++)
			for (size_t j = 0; j < ATTR_SIDES; j++)
				b[k * ATTR_SIDES + j] -= l[i * n + k] * bi[j];
	}
}
