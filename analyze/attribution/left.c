/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "analyze/attribution/left.h"

#include <math.h>

#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/solve.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"

#define LEFT_OF 20000     /* readings at most, about, evenly taken */
#define EXPLAINED_OF 2000 /* the same */

double attr_left_rows(const struct attr_run *r)
{
	return fmin((double)r->st->readings.n, LEFT_OF);
}

int attr_left_of_all(struct attr_run *r, const struct attr_view *v, const struct attr_shape *shape,
	double *ret)
{
	struct attr_kernel k = {0};
	struct attr_nnls s = {0};
	struct attr_gram g;
	struct attr_row *row;
	size_t n = r->st->readings.n;
	int rc = attr_gram_init(&g, v->n_cols, 1, v->t0, attr_begin(v, v->n), 1e30, 1, r->err);

	if (rc < 0)
		return rc;
	rc = attr_nnls_init(&s, g.dim, 1, r->err);
	if (!rc)
		rc = attr_kernel_open(&k, v, &r->st->readings, shape, 0, n, r->err);
	if (!rc) {
		k.stride = n / LEFT_OF + 1;
		while ((row = attr_kernel_next(&k)))
			attr_gram_add(&g, row);
		attr_nnls_solve(&s, g.sum, attr_sum_h(g.sum, g.dim));
		*ret = attr_sum_residual(&g, g.sum, s.x) / (double)(g.rows ? g.rows : 1);
		attr_kernel_close(&k);
	}
	attr_nnls_release(&s);
	attr_gram_release(&g);
	return rc;
}

int attr_left_open(struct attr_kernel *k, struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;

	return attr_kernel_open(k, &st->view, &st->readings, &st->shape, 0, st->readings.n, r->err);
}

int attr_explains_little(struct attr_run *r, double share, bool *ret)
{
	const struct erg_attr_state *st = r->st;
	double n = 0, sum = 0, square = 0, left = 0;
	struct attr_kernel k;
	struct attr_row *row;
	int rc = attr_left_open(&k, r);

	*ret = false;
	if (rc < 0)
		return rc;
	k.stride = st->readings.n / EXPLAINED_OF + 1;
	while ((row = attr_kernel_next(&k))) {
		double e = attr_row_left(row, st->power);

		if (!attr_row_counts(&st->view, row))
			continue;
		n += 1;
		sum += row->y;
		square += row->y * row->y;
		left += e * e;
	}
	attr_kernel_close(&k);
	*ret = n > 0 && left > share * (square - sum * sum / n);
	return 0;
}
