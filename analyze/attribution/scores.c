/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What each block of the sums would move the solution by: its score h - G x (bootstrap.c). Where the blocks
 * are thin (gram.c) and have no G of their own, its product with x comes from the rows once more.
 */
#include <string.h>

#include "analyze/attribution/scores.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/weights.h"
#include "formats/base/util.h"

static void scores_of_blocks(const struct attr_gram *g, const double *x, double *score)
{
	size_t dim = g->dim;

	for (size_t b = 0; b < g->n; b++) {
		double *u = score + b * dim;
		const double *line = g->sum + b * g->pace;

		memcpy(u, attr_block_h(g, b), dim * sizeof(double));
		for (size_t i = 0; i < dim; i++) {
			for (size_t j = i; j < dim; j++) {
				u[i] -= line[j - i] * x[j];
				if (j > i)
					u[j] -= line[j - i] * x[i];
			}
			line += dim - i;
		}
	}
}

static int scores_of_rows(struct attr_run *r, const double *x, double *score)
{
	struct attr_gram *g = &r->st->gram;
	struct attr_weights weights = r->weights;
	size_t dim = g->dim, cols = dim - g->n_extra, n = 0;
	struct attr_rows rows;
	struct attr_row *row;
	int rc;

	memset(score, 0, g->n * dim * sizeof(double));
	r->weights = r->of.weights;
	rc = attr_rows_open(&rows, r, &r->of.shape, r->of.power);
	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		double *u = score + attr_gram_place(g, row->t) * dim, fitted = 0;

		rc = 0;
		n++;
		for (size_t i = 0; i < row->n; i++)
			fitted += row->a[i] * x[row->col[i]];
		for (size_t i = 0; i < g->n_extra; i++)
			fitted += row->x[i] * x[cols + i];
		for (size_t i = 0; i < row->n; i++)
			u[row->col[i]] -= row->a[i] * fitted;
		for (size_t i = 0; i < g->n_extra; i++)
			u[cols + i] -= row->x[i] * fitted;
	}
	attr_rows_close(&rows);
	r->weights = weights;
	for (size_t b = 0; !rc && b < g->n; b++) {
		const double *h = attr_block_h(g, b), *s = attr_block_s(g, b);
		double sx = 0;

		for (size_t i = 0; i < dim; i++)
			sx += s[i] * x[i];
		for (size_t i = 0; i < dim; i++)
			score[b * dim + i] += h[i] + g->theta[b] * s[i] * sx;
	}
	return rc;
}

int attr_scores(struct attr_run *r, const double *x, double *score)
{
	if (r->st->gram.thin)
		return scores_of_rows(r, x, score);
	scores_of_blocks(&r->st->gram, x, score);
	return 0;
}
