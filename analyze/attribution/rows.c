/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The rows of the whole run, with the further columns beside them: what every pass over the data
 * sees, be it to fit or to test the fit.
 */
#include <errno.h>
#include <string.h>

#include "analyze/attribution/rows.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/weights.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define STEP_ROWS 4096 /* between two looks at the clock */

size_t attr_rows_count(const struct attr_run *r)
{
	return (r->to ? r->to : r->st->readings.n) - r->from;
}

static bool weighs_by_slope(const struct attr_run *r)
{
	const struct attr_weights *w = &r->weights;

	return w->used && w->s[2] != 0 && !(w->cell_w > 0);
}

/* The further columns that PSI names; the others are 0. */
static int open_rows(struct attr_rows *w, struct attr_run *r, const struct attr_shape *shape,
	const double *power, const bool *psi)
{
	const struct erg_attr_state *st = r->st;
	int rc;

	memset(w, 0, sizeof(*w));
	w->r = r;
	w->shape = *shape;
	w->power = power;
	rc = attr_kernel_open(&w->k, &st->view, &st->readings, shape, r->from,
		r->to ? r->to : st->readings.n, r->err);
	if (rc < 0 || !psi)
		return rc;
	w->with_sensor = true;
	return attr_sensor_columns_open(&w->x, &st->view, &st->readings, shape, psi, power,
		r->tau_reach);
}

int attr_rows_open_plain(struct attr_rows *w, struct attr_run *r, const struct attr_shape *shape,
	const double *power)
{
	static const bool none[ATTR_PSI];

	return open_rows(w, r, shape, power, weighs_by_slope(r) ? none : NULL);
}

int attr_rows_open(struct attr_rows *w, struct attr_run *r, const struct attr_shape *shape,
	const double *power)
{
	return open_rows(w, r, shape, power, power ? r->psi : NULL);
}

void attr_rows_close(struct attr_rows *w)
{
	w->r->work += (double)w->k.work + (w->with_sensor ? (double)w->x.curve.work : 0);
	attr_kernel_close(&w->k);
	attr_sensor_columns_close(&w->x);
}

/* Whether the row's window touches a change of the frequency. */
static bool saw_change(struct attr_rows *w, const struct attr_row *row)
{
	const struct erg_attr_state *st = w->r->st;
	double end = attr_lagged(&st->view, &w->shape, row->t);
	double begin = end - st->memory_ns;
	const struct erg_attr_span *c = st->view.changes;

	while (w->change < st->view.n_changes &&
		(double)(int64_t)(c[w->change].end - st->view.t0) < begin)
		w->change++;
	return w->change < st->view.n_changes &&
		(double)(int64_t)(c[w->change].begin - st->view.t0) < end;
}

int attr_rows_next(struct attr_rows *w, struct attr_row **ret)
{
	const struct erg_attr_state *st = w->r->st;
	struct attr_row *row;
	int rc;

	while ((row = attr_kernel_next(&w->k))) {
		if (!(++w->n % STEP_ROWS) && !w->r->beside)
			erg_progress("attribution", w->n, st->readings.n);
		if (!attr_row_counts(&st->view, row) || saw_change(w, row))
			continue;
		if (w->with_sensor) {
			rc = attr_sensor_columns_fill(&w->x, w->k.m - w->k.stride, row->x);
			if (rc < 0)
				return erg_fail(w->r->err, rc,
					"out of memory for the readings' "
					"derivatives");
			row->slope = w->x.slope;
		}
		if (w->power)
			attr_weigh(&w->r->weights, row, w->power);
		*ret = row;
		return 1;
	}
	if (!w->r->beside)
		erg_progress("attribution", 1, 1);
	return 0;
}

double attr_row_residual(const struct attr_run *r, const struct attr_row *row)
{
	double e = attr_row_left(row, r->st->power);

	for (size_t i = 0; i < r->n_extra; i++)
		e -= row->x[i] * r->sol.delta[i];
	return e;
}
