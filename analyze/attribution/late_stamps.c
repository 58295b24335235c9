/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readings that were held up now and then between the reading and its stamp, by times in which the work changes: a few
 * of them spoil the fit, and no score of the model sees them. Those whose stamps are later than the pace by so much
 * that most fit better at it are put there. Others were held up by less than can be told from the reader's own
 * scatter: a part of what the former did to the energies is in the intervals. Where the stamps of some are far off and
 * the readings do not tell whether these or the pace are right, what the other would say is.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "analyze/attribution/times.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/idle.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "formats/base/util.h"

#define LATE_LEAST 8        /* readings */
#define LATE_SIGNIFICANT 12 /* of a gain, that is a loss where stamps are right */
#define LATE_PART 0.5 /* of what those that were held up do, by others that nothing tells apart */
#define STRAY 6.7     /* median deviations (4.5 SD) off the pace: none of the others is by chance */
#define FAR_GAIN 30   /* variances of a reading that are left less at the pace: not by chance */
#define LATE_SEEN 2e4 /* ns */

/* Squared residual of each reading; NAN where it has none. */
static int squares(struct attr_run *r, double *ret)
{
	const struct erg_attr_state *st = r->st;
	struct attr_rows rows;
	struct attr_row *row;
	int rc = attr_rows_open(&rows, r, &st->shape, st->power);

	for (size_t m = 0; m < st->readings.n; m++)
		ret[m] = NAN;
	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		double e = attr_row_residual(r, row);

		rc = 0;
		ret[rows.k.m - rows.k.stride] = e * e;
	}
	attr_rows_close(&rows);
	return rc;
}

/* From where on, of stamps in the order of ORDER, that of how late they are, their readings fit better at the pace:
 * GAIN is by how much each does. INFINITY: nowhere, but by chance. */
static double late_from(const double *late, const double *gain, const size_t *order, size_t n)
{
	double sum = 0, squared = 0, best = 0, better = 0, tried = 0, ret = INFINITY;

	for (size_t i = n; i-- > 0 && late[order[i]] > LATE_SEEN;) {
		double g = gain[order[i]];

		if (isfinite(g)) {
			sum += g;
			squared += g * g;
			better += g > 0 ? 1 : -1;
			tried++;
		}
		if (sum > best && n - i >= LATE_LEAST &&
			(sum * sum > LATE_SIGNIFICANT * squared ||
				(better > 0 && better * better > LATE_SIGNIFICANT * tried))) {
			best = sum;
			ret = late[order[i]] * (1 - 1e-12);
		}
	}
	return ret;
}

int attr_late_stamps(struct attr_run *r, bool *ret_changed)
{
	struct attr_readings *rd = &r->st->readings;
	_cleanup_(erg_freep) double *at_stamp = malloc((rd->n + 1) * sizeof(double));
	_cleanup_(erg_freep) double *gain = malloc((rd->n + 1) * sizeof(double));
	_cleanup_(erg_freep) size_t *order = malloc((rd->n + 1) * sizeof(size_t));
	double from;
	int rc;

	if (!at_stamp || !gain || !order)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	rc = squares(r, at_stamp);
	attr_times_by_pace(rd, 1, INFINITY);
	if (!rc)
		rc = squares(r, gain);
	for (size_t m = 0; m < rd->n; m++)
		gain[m] = at_stamp[m] - gain[m];
	gsl_sort_index(order, rd->off, 1, rd->n);
	from = rc ? INFINITY : late_from(rd->off, gain, order, rd->n);
	attr_times_by_pace(rd, 0, from);
	*ret_changed = isfinite(from);
	return rc;
}

/* Squared residuals together, with powers that are fitted to the times as they are. */
static int fitted_squares(struct attr_run *r, double *power, double *ret)
{
	const struct erg_attr_state *st = r->st;
	struct attr_rows rows;
	struct attr_row *row;
	int rc = attr_powers_by(r, &st->shape, power);

	*ret = 0;
	if (rc < 0)
		return rc;
	rc = attr_rows_open(&rows, r, &st->shape, NULL);
	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		double e = attr_row_left(row, power);

		rc = 0;
		*ret += e * e;
	}
	attr_rows_close(&rows);
	return rc;
}

/* How late a stamp is that the others' scatter does not reach, ns; INFINITY: hardly any is. */
static double beyond_others(const struct attr_readings *rd, double *off)
{
	double level, reach;
	size_t n = 0;

	memcpy(off, rd->off, rd->n * sizeof(*off));
	level = attr_median(off, rd->n);
	for (size_t m = 0; m < rd->n; m++)
		off[m] = fabs(rd->off[m] - level);
	reach = fmax(level + STRAY * attr_median(off, rd->n), LATE_SEEN);
	for (size_t m = 0; m < rd->n; m++)
		n += rd->off[m] > reach;
	return n >= LATE_LEAST ? reach : INFINITY;
}

int attr_late_stamps_far(struct attr_run *r, bool *ret_changed)
{
	struct attr_readings *rd = &r->st->readings;
	_cleanup_(erg_freep) double *power = calloc(r->st->view.n_cols + 1, sizeof(double));
	_cleanup_(erg_freep) double *off = malloc((rd->n + 1) * sizeof(double));
	double tried = rd->late_from_ns, from, at_stamp, at_pace;
	double rows = (double)r->st->gram.rows;
	bool better;
	int rc;

	*ret_changed = false;
	if (!power || !off)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	from = beyond_others(rd, off);
	if (!isfinite(from))
		return 0;
	rc = fitted_squares(r, power, &at_stamp);
	if (rc < 0)
		return rc;
	attr_times_by_pace(rd, 0, from);
	rc = fitted_squares(r, power, &at_pace);
	*ret_changed = !rc && at_stamp - at_pace > FAR_GAIN * at_pace / rows;
	rd->stray_ns = !rc && at_pace - at_stamp > FAR_GAIN * at_stamp / rows ? 0 : from;
	if (rc < 0 || !*ret_changed) {
		attr_unsteady(r);
		rd->late_from_ns = tried;
		return rc;
	}
	/* of a fit without them the others tell from where on */
	rc = attr_goes_on(r);
	attr_unsteady(r);
	if (!rc)
		rc = attr_late_stamps(r, &better);
	if (!rc && !better)
		attr_times_by_pace(rd, 0, from);
	return rc;
}

/* How much of what those did that were held up others may do, that were so by less than can be seen. */
static double unseen_part(const struct attr_readings *rd)
{
	double late = 0;

	for (size_t m = 0; m < rd->n; m++)
		late += rd->off[m] > rd->late_from_ns ? rd->off[m] : 0;
	return LATE_PART * fmin((double)rd->n_late * rd->late_from_ns / late, 1);
}

int attr_late_stamps_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	struct attr_readings *rd = &st->readings;
	size_t n = st->view.n_classes;
	_cleanup_(erg_freep) double *power = calloc(st->view.n_cols + 1, sizeof(double));
	_cleanup_(erg_freep) double *energy = calloc(2 * n + 2, sizeof(double));
	double part = rd->steadied, from = rd->late_from_ns, *here = energy + n + 1, all = 0;
	/* otherwise: none was held up; or, of those that may have been and were left where they are, all */
	double other = rd->n_late ? INFINITY : rd->stray_ns;
	double share = rd->n_late ? LATE_PART : 1;
	int rc;

	if (r->misfit.reason || (!rd->n_late && !(rd->stray_ns > 0)))
		return 0;
	if (!power || !energy)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", n);
	attr_fitted_energies(&st->view, st->power, here);
	attr_times_by_pace(rd, part, other);
	rc = attr_powers_by(r, &st->shape, power);
	attr_times_by_pace(rd, part, rd->n_late || from > 0 ? from : INFINITY);
	if (rc < 0)
		return rc;
	attr_fitted_energies(&st->view, power, energy);
	for (size_t k = 0; k < n; k++) {
		st->slack_j[k] = hypot(st->slack_j[k], share * (energy[k] - here[k]));
		all += energy[k] - here[k];
	}
	st->late_stamps_j = (rd->n_late ? unseen_part(rd) : 1) * fabs(all);
	return 0;
}
