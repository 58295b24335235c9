/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What lies outside of the work, of which the fit is not: what flows there need not be one power, least of all at the
 * edges of the work, where a program still does something. Whether readings that saw an edge are unlike the others is
 * asked before the fit, and what they saw beside the layers is energy of what is outside after it.
 *
 * A lag by which the work falls into a pause would leave nothing to explain: idle is all that the layers are then said to
 * draw, and it is even. But the pauses then have in them what the layers drew. A lag that was found may not make
 * all readings together, with one power outside, worse explained than the one that was declared does.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/attribution/outside.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define WORSE 1.1
#define NEAR 0.5 /* of a segment: no work falls into a pause */

bool attr_has_outside(const struct attr_view *v)
{
	bool any = false;

	for (size_t c = 0; c < v->n_cols && !any; c++)
		any = v->col_apart[c];
	return any;
}

int attr_outside(struct attr_run *r, bool *ret_wrong)
{
	const struct erg_attr_state *st = r->st;
	double far = fabs(attr_delay_of(&st->shape) - attr_delay_of(&r->first));
	double declared, fitted;
	int rc;

	*ret_wrong = false;
	if (r->opt.lag != ERG_LAG_AUTO || !st->view.gap_class || !attr_has_outside(&st->view) ||
		far < NEAR * attr_view_typical_ns(&st->view, 0))
		return 0;
	rc = attr_left_of_all(r, &st->view, &r->first, &declared);
	if (!rc)
		rc = attr_left_of_all(r, &st->view, &st->shape, &fitted);
	*ret_wrong = !rc && fitted > WORSE * declared;
	return rc;
}

#define ODD 16 /* times what the fit leaves of the other readings */

int attr_outside_odd(struct attr_run *r, bool *ret_odd)
{
	struct erg_attr_state *st = r->st;
	double edge = 0, other = 0, n_edge = 0, n_other = 0;
	struct attr_kernel k;
	struct attr_row *row;
	int rc;

	*ret_odd = false;
	rc = attr_kernel_open(&k, &st->view, &st->readings, &r->fit.shape, 0, st->readings.n,
		r->err);
	if (rc < 0)
		return rc;
	while ((row = attr_kernel_next(&k))) {
		bool is_edge = attr_row_is_edge(row);
		double e = attr_row_left(row, r->fit.power);

		if (attr_row_is_outside(row))
			continue;
		*(is_edge ? &edge : &other) += e * e;
		*(is_edge ? &n_edge : &n_other) += 1;
	}
	attr_kernel_close(&k);
	*ret_odd = n_edge > 0 && n_other > 0 && edge / n_edge > ODD * other / n_other;
	return 0;
}

/* Of a column that is integrated apart, what the readings that saw any of it have in them beside the layers: W, their
 * shares, and sums of products of both over edges of the work. */
struct outside {
	double w, share;
	double edge_w, edge_share, ww, ws, ss;
	double edges; /* how often it begins or ends, whether or not a reading saw that */
};

struct edges {
	const struct erg_attr_state *st;
	struct outside *of;
	size_t col;
	double w, share; /* of this edge */
};

/* The column outside of the work that ROW saw most of. */
static size_t outside_col(const struct attr_view *v, const struct attr_row *row)
{
	size_t col = 0;
	double most = 0;

	for (size_t i = 0; i < row->n; i++)
		if (v->col_apart[row->col[i]] && row->a[i] > most) {
			most = row->a[i];
			col = row->col[i];
		}
	return col;
}

static void end_edge(struct edges *e)
{
	struct outside *o = &e->of[e->col];

	if (!(e->share > 0))
		return;
	o->edge_w += e->w;
	o->edge_share += e->share;
	o->ww += e->w * e->w;
	o->ws += e->w * e->share;
	o->ss += e->share * e->share;
	e->w = e->share = 0;
}

static void add_row(struct edges *e, const struct attr_row *row)
{
	const struct attr_view *v = &e->st->view;
	size_t col = outside_col(v, row);
	double w = row->y;

	if (!attr_row_is_edge(row) || col != e->col)
		end_edge(e);
	if (!attr_row_is_edge(row) && !attr_row_is_outside(row))
		return;
	for (size_t i = 0; i < row->n; i++)
		if (!v->col_apart[row->col[i]])
			w -= row->a[i] * e->st->power[row->col[i]];
	e->of[col].w += w;
	e->of[col].share += row->apart;
	if (!attr_row_is_edge(row))
		return;
	e->col = col;
	e->w += w;
	e->share += row->apart;
}

static void count_outside(const struct attr_view *v, struct outside *of)
{
	for (size_t i = 1; i < v->n; i++) {
		size_t before = v->col[attr_first(v, i - 1)], col = v->col[attr_first(v, i)];

		if (v->col_apart[before] != v->col_apart[col])
			of[v->col_apart[col] ? col : before].edges += 1;
	}
}

/* Edges differ, so what they have in common is not asserted of few. What of that was seen is chance, too: most edges
 * fall between two readings. */
#define EDGES_ALIKE 10
static void correct_direct(const struct edges *e, size_t c, struct attr_direct *d)
{
	const struct outside *o = &e->of[c];
	double p = o->w / o->share, sum = o->edge_w - p * o->edge_share;
	double squares = o->ww - 2 * p * o->ws + p * p * o->ss;
	double u = e->st->readings.spacing_ns * 1e-9 / e->st->view.col_time[c];

	if (!(o->edge_share > 0) || !(d->time[c] > 0) || !(e->st->view.col_time[c] > 0))
		return;
	if (o->edges >= EDGES_ALIKE)
		squares -= sum * sum / o->edges;
	d->energy[c] = p * d->time[c];
	d->var[c] += fmax(squares, 0) * u * u;
}

int attr_outside_edges(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	size_t cols = st->view.n_cols;
	_cleanup_(erg_freep) struct outside *of = calloc(cols + 1, sizeof(*of));
	struct edges e = {.st = st, .of = of};
	struct attr_kernel k;
	struct attr_row *row;
	int rc;

	if (!(st->view.brief_s > 0))
		return 0;
	if (!of)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	rc = attr_left_open(&k, r);
	if (rc < 0)
		return rc;
	while ((row = attr_kernel_next(&k)))
		add_row(&e, row);
	end_edge(&e);
	attr_kernel_close(&k);
	count_outside(&st->view, of);
	for (size_t c = 0; c < cols; c++)
		if (of[c].share > 0)
			correct_direct(&e, c, &st->direct);
	return 0;
}
