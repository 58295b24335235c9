/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stamps that scatter about readings that do not: a reader that keeps its pace and is held up between a reading and
 * its stamp. By how much a stamp is off from the pace of its neighbours tells the reading's time and the stamp's
 * error apart only with the residuals: they say which part of it the reading was really late by, 1 where stamps
 * are right. The rest is taken off the times (the best linear prediction of a time from its stamp).
 */
#include <math.h>

#include "analyze/attribution/times.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"

#define SIGNIFICANT 30
#define LEAST 0.02 /* of a stamp's being off, that is worth a correction */

/* The part more that the residuals ask for; 0: none that is not by chance. */
static int part_asked(struct attr_run *r, double *ret)
{
	const struct erg_attr_state *st = r->st;
	const struct attr_readings *rd = &st->readings;
	struct attr_rows rows;
	struct attr_row *row;
	double ze = 0, zz = 0, zeze = 0;
	int rc = attr_rows_open(&rows, r, &st->shape, st->power);

	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		double off = rd->off[rows.k.m - rows.k.stride];
		double z = off > rd->late_from_ns ? 0 : row->slope * off * row->sw,
		       e = attr_row_residual(r, row);

		rc = 0;
		ze += z * e;
		zz += z * z;
		zeze += z * e * z * e;
	}
	attr_rows_close(&rows);
	*ret = zz > 0 && ze * ze > SIGNIFICANT * zeze ? ze / zz : 0;
	return rc;
}

bool attr_has_pace(const struct attr_run *r)
{
	const struct attr_readings *rd = &r->st->readings;

	return !(r->weights.cell_w > 0) && !rd->stale && !rd->at_updates && !(rd->grid_ns > 0) &&
		(rd->stamp || attr_stamps_scatter(rd));
}

int attr_steady_first(struct attr_run *r, bool *ret_changed)
{
	int rc;

	*ret_changed = false;
	if (!attr_has_pace(r) || r->st->readings.n_late || r->st->readings.steadied > 0 ||
		r->st->readings.scatter)
		return 0;
	rc = attr_stamps_keep(r);
	return rc ? rc : attr_late_stamps_far(r, ret_changed);
}

int attr_steady(struct attr_run *r, bool *ret_changed)
{
	struct attr_readings *rd = &r->st->readings;
	double more = 0, part;
	int rc;

	*ret_changed = false;
	if (!attr_has_pace(r) || rd->scatter)
		return 0;
	rc = attr_stamps_keep(r);
	if (!rc && !rd->late_from_ns)
		rc = attr_late_stamps(r, ret_changed);
	if (!rc && !rd->n_late && !(rd->steadied > 0))
		rc = attr_late_stamps_far(r, ret_changed);
	if (rc < 0 || *ret_changed || !r->psi[ATTR_DELAY] ||
		r->st->shape.kind == ERG_SENSOR_COUNTER)
		return rc;
	rc = part_asked(r, &more);
	part = fmin(fmax(rd->steadied + more, 0), 1);
	if (rc < 0 || fabs(part - rd->steadied) < LEAST)
		return rc;
	attr_times_by_pace(rd, part, rd->late_from_ns);
	*ret_changed = true;
	return 0;
}
