/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stamps that scatter about readings that do not: a reader that keeps its pace and is held up between a reading and
 * its stamp. By how much a stamp is off from the pace of its neighbours tells the reading's time and the stamp's
 * error apart only with the residuals: they say which part of it the reading was really late by, 1 where stamps
 * are right. The rest is taken off the times (the best linear prediction of a time from its stamp).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define NEIGHBOURS 16 /* to either side, whose pace is asked */
#define SIGNIFICANT 30
#define LEAST 0.02      /* of a stamp's being off, that is worth a correction */
#define STEADY_SEEN 2e4 /* ns, SD */

/* How much later than the pace of its neighbours reading M was stamped, ns. */
static double off_pace(const struct attr_readings *r, size_t m)
{
	size_t from = m > NEIGHBOURS ? m - NEIGHBOURS : 0,
	       to = m + NEIGHBOURS < r->n ? m + NEIGHBOURS : r->n - 1;
	double n = 0, si = 0, st = 0, sii = 0, sit = 0;

	for (size_t j = from; j <= to; j++) {
		double t = (double)(int64_t)(r->stamp[j] - r->stamp[m]);
		double i = round(t / r->spacing_ns); /* readings may be missing */

		n++;
		si += i;
		st += t;
		sii += i * i;
		sit += i * t;
	}
	sii -= si * si / n;
	sit -= si * st / n;
	return sii > 0 ? -(st - sit / sii * si) / n : 0;
}

static int have_stamps(struct attr_run *r)
{
	struct attr_readings *rd = &r->st->readings;
	uint64_t *t;

	if (rd->stamp)
		return 0;
	t = malloc((rd->n + 1) * sizeof(*t));
	rd->stamp = malloc((rd->n + 1) * sizeof(*t));
	if (!t || !rd->stamp) {
		free(t);
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	}
	memcpy(t, rd->t, rd->n * sizeof(*t));
	memcpy(rd->stamp, rd->t, rd->n * sizeof(*t));
	free(rd->own_t);
	rd->t = rd->own_t = t;
	return 0;
}

/* Takes the part PART of what stamps are off by from the times. */
static void steady_times(struct attr_readings *r, double part)
{
	for (size_t m = 0; m < r->n; m++) {
		double by = part * off_pace(r, m);
		uint64_t t = r->stamp[m] - (uint64_t)(int64_t)llround(by);

		r->own_t[m] = m && t <= r->own_t[m - 1] ? r->own_t[m - 1] + 1 : t;
	}
	r->steadied = part;
}

void attr_unsteady(struct attr_run *r)
{
	struct attr_readings *rd = &r->st->readings;

	if (rd->steadied > 0)
		memcpy(rd->own_t, rd->stamp, rd->n * sizeof(*rd->own_t));
	rd->steadied = 0;
}

/* The part more that the residuals ask for; 0: none that is not by chance. */
static int part_asked(struct attr_run *r, double *ret)
{
	const struct erg_attr_state *st = r->st;
	struct attr_rows rows;
	struct attr_row *row;
	double ze = 0, zz = 0, zeze = 0;
	int rc = attr_rows_open(&rows, r, &st->shape, st->power);

	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		double z = row->slope * off_pace(&st->readings, rows.k.m - rows.k.stride) * row->sw,
		       e = row->y;

		rc = 0;
		for (size_t i = 0; i < row->n; i++)
			e -= row->a[i] * st->power[row->col[i]];
		for (size_t i = 0; i < r->n_extra; i++)
			e -= row->x[i] * r->sol.delta[i];
		ze += z * e;
		zz += z * z;
		zeze += z * e * z * e;
	}
	attr_rows_close(&rows);
	*ret = zz > 0 && ze * ze > SIGNIFICANT * zeze ? ze / zz : 0;
	return rc;
}

int attr_steady(struct attr_run *r, bool *ret_changed)
{
	const struct attr_weights *w = &r->weights;
	struct attr_readings *rd = &r->st->readings;
	double more = 0, part;
	int rc;

	*ret_changed = false;
	if (!r->psi[ATTR_DELAY] || r->st->shape.kind == ERG_SENSOR_COUNTER || w->cell_w > 0 ||
		!(w->time_share > 0) || rd->stale || rd->grid_ns > 0 ||
		w->s[2] < STEADY_SEEN * STEADY_SEEN)
		return 0;
	rc = have_stamps(r);
	if (!rc)
		rc = part_asked(r, &more);
	part = fmin(fmax(rd->steadied + more, 0), 1);
	if (rc < 0 || fabs(part - rd->steadied) < LEAST)
		return rc;
	steady_times(rd, part);
	*ret_changed = true;
	return 0;
}
