/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What rounding leaves in a fit of cells, however long the run. All readings of which the fit says the
 * same lie at the same place of their cell, and are off by the same part of it: their number does not
 * bring them nearer to the truth, as drawing blocks of them would have it. So readings are put into
 * groups by the power that the fit gives them, a few a cell; each group has one error, that of the others
 * is independent of it, and what it moves the columns by is the sum of its readings' influences. The
 * replicates get such an error a group each, so that every sum of classes has its part of it, with the
 * sign that neighbours share.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/quantum.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/loops.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/weights.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define PER_CELL 6 /* levels, at least */
#define LEVELS_MAX 4096
#define ENTRIES_MAX 262144 /* levels x unknowns */
#define COARSE 0.25        /* of the scatter */

struct groups {
	struct attr_run *r;
	struct attr_levels levels;
	size_t dim;
	double *sum;   /* levels x dim: of the rows, weighted by what they are off by */
	double *count; /* levels: readings */
	double *move;  /* levels x dim: what a level's error of one SD moves the unknowns by */
};

bool attr_coarse_quantum(const struct attr_run *r)
{
	double q = r->st->rail.lsb_w;

	return r->st->shape.kind != ERG_SENSOR_COUNTER && q > 0 &&
		q / sqrt(12) > COARSE * sqrt(r->sol.sigma2);
}

/*
 * Levels are as wide as the edge of a cell, within which its readings are off alike, and no wider than a
 * part of the cell. As many as the columns' powers span, or wider ones where those would be too many.
 */
void attr_levels_span(const struct attr_run *r, struct attr_levels *ret)
{
	const struct erg_attr_state *st = r->st;
	double most = 0, width = st->rail.lsb_w / PER_CELL,
	       many = fmin(LEVELS_MAX, fmax(ENTRIES_MAX / (double)st->gram.dim, 64));

	for (size_t c = 0; c < st->view.n_cols; c++)
		if (!st->view.col_apart[c])
			most = fmax(most, st->power[c]);
	if (r->weights.cell_w > 0)
		width = fmin(width, r->weights.cell_sigma);
	ret->width = fmax(width, most / (many - 1));
	ret->n = (size_t)(most / ret->width) + 1;
}

/*
 * A value is off by up to half a quantum, evenly. A cell's working response is so where its noise is
 * great; where it is small only readings at a cell's edge count, and those know their place as well as
 * their weight says.
 */
static double shared_sd(const struct attr_weights *w, double q, double sw)
{
	if (!(w->cell_w > 0))
		return q / sqrt(12);
	return fmin(q / 2 / sqrt(12), sqrt(q * q / 12 + w->cell_sigma * w->cell_sigma) / sw);
}

size_t attr_level_of(const struct attr_run *r, const struct attr_levels *l,
	const struct attr_row *row, double *ret_sd)
{
	const struct erg_attr_state *st = r->st;
	double mu = 0;
	size_t at;

	for (size_t i = 0; i < row->n; i++)
		mu += row->a[i] / row->sw * st->power[row->col[i]];
	*ret_sd = row->sw * shared_sd(&r->weights, st->rail.lsb_w, row->sw);
	at = (size_t)fmax(mu / l->width, 0);
	return at < l->n ? at : l->n - 1;
}

static int alloc_groups(struct groups *g)
{
	g->sum = calloc(g->levels.n * g->dim + 1, sizeof(double));
	g->move = calloc(g->levels.n * g->dim + 1, sizeof(double));
	g->count = calloc(g->levels.n + 1, sizeof(double));
	if (g->count && g->sum && g->move)
		return 0;
	return erg_fail(g->r->err, -ENOMEM, "out of memory for %zu levels of readings",
		g->levels.n);
}

static void free_groups(struct groups *g)
{
	free(g->sum);
	free(g->move);
	free(g->count);
}

static void group_row(struct groups *g, const struct attr_row *row)
{
	size_t cols = g->r->st->view.n_cols;
	double sd, *sum;
	size_t at = attr_level_of(g->r, &g->levels, row, &sd);

	sum = g->sum + at * g->dim;
	g->count[at]++;
	for (size_t i = 0; i < row->n; i++)
		sum[row->col[i]] += sd * row->a[i];
	for (size_t i = 0; i < g->r->n_extra; i++)
		sum[cols + i] += sd * row->x[i];
}

static int group_rows(struct groups *g)
{
	struct attr_run *r = g->r;
	struct attr_rows rows;
	struct attr_row *row;
	int rc = attr_rows_open(&rows, r, &r->st->shape, r->st->power);

	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		group_row(g, row);
		rc = 0;
	}
	attr_rows_close(&rows);
	return rc;
}

/* What an error of one SD of each group moves the unknowns by. */
static int find_moves(struct groups *g)
{
	const struct attr_gram *gram = &g->r->st->gram;
	_cleanup_(erg_freep) double *total = malloc(gram->stride * sizeof(double));
	_cleanup_(erg_freep) double *side = malloc((g->levels.n * g->dim + 1) * sizeof(double));

	if (!total || !side)
		return erg_fail(g->r->err, -ENOMEM, "out of memory for %zu columns", g->dim);
	attr_gram_total(gram, NULL, 1, total);
	for (size_t k = 0; k < g->levels.n; k++)
		for (size_t i = 0; i < g->dim; i++)
			side[i * g->levels.n + k] = g->sum[k * g->dim + i];
	attr_nnls_spread(&g->r->nnls, total, side, g->levels.n);
	for (size_t k = 0; k < g->levels.n; k++)
		for (size_t i = 0; i < g->dim; i++)
			g->move[k * g->dim + i] = side[i * g->levels.n + k];
	return 0;
}

static void add_moves(const struct groups *g)
{
	struct attr_run *r = g->r;
	struct attr_rng rng;

	attr_rng_seed(&rng, r->opt.seed ^ 0x7175616e74756d00u);
	for (size_t i = 0; i < r->st->rounds; i++) {
		double *rep = r->boot.rep + i * g->dim;

		for (size_t k = 0; k < g->levels.n; k++) {
			double z = attr_rng_normal(&rng);

			attr_add_scaled(rep, g->move + k * g->dim, z, g->dim);
		}
	}
}

/* Readings that no row is of are of idle, or of what the layers do not tell apart: one level. */
static void round_mean(const struct groups *g)
{
	struct erg_attr_state *st = g->r->st;
	double n = (double)st->readings.n, rest = n, square = 0;

	for (size_t k = 0; k < g->levels.n; k++) {
		rest -= g->count[k];
		square += g->count[k] * g->count[k];
	}
	square += fmax(rest, 0) * fmax(rest, 0);
	st->rounded_w = n > 0 ? st->rail.lsb_w / sqrt(12) * sqrt(square) / n : 0;
}

int attr_quantum(struct attr_run *r)
{
	struct groups g = {.r = r, .dim = r->st->gram.dim};
	int rc;

	if (!(r->weights.cell_w > 0))
		return 0;
	attr_levels_span(r, &g.levels);
	rc = alloc_groups(&g);
	if (!rc)
		rc = group_rows(&g);
	if (!rc)
		rc = find_moves(&g);
	if (!rc) {
		add_moves(&g);
		round_mean(&g);
	}
	free_groups(&g);
	return rc;
}
