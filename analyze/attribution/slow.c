/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the readings may be of a slow sensor that is held to be a quick one. The tests lean on the powers that were fitted,
 * and by a sensor that is held to be quick the readings of a slow one make all layers alike: then nothing is left for a test
 * to see. So slow ones are tried beside a fit, and those that do as well must do so outside of the work, too, from where
 * to the layers power rises and falls.
 */
#include <math.h>

#include "analyze/attribution/slow.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/scan.h"
#include "analyze/attribution/state.h"

#define UNTESTED_LEAST 3e7 /* ns: where no test of the sensor could be made */
#define SLOWER_SURE 1.5    /* what is left of all readings, in what may be left of the rows */
#define SLOWER_LESS 0.5
#define SLOWER_ROWS 2000 /* of the run, or eight a column */

/* What a sensor that remembers for LEAST ns or longer leaves of the readings at least, W^2. From one reading to the next it
 * moves by what flowed meanwhile and what it forgot, both over LEAST, and powers are not negative: in all by no more than
 * twice the run's mean power over the run. What readings differ by beyond that, from each to the next, is left over. */
static double left_by_slow(const struct attr_readings *rd, double least)
{
	double steps = 0, square = 0, moves;

	if (rd->n < 2)
		return 0;
	for (size_t i = 1; i < rd->n; i++) {
		steps += fabs(rd->v[i] - rd->v[i - 1]);
		square += rd->v[i] * rd->v[i];
	}
	moves = 2 * sqrt(square / (double)rd->n) * (double)(rd->t[rd->n - 1] - rd->t[0]) / least;
	steps = fmax(steps - moves, 0) / (double)(rd->n - 1);
	return steps * steps / 4;
}

/* A run this short cannot test the sensor. */
static bool is_untested(const struct attr_run *r)
{
	return isnan(r->misfit.fitted.kernel.p);
}

/* Whether a slow sensor that leaves RSS of N readings may be the one, where that of the fit leaves AS_FITTED: of one that
 * nobody declared, or that a run this short cannot test, nothing else is known. */
static bool as_good(const struct attr_run *r, double n, double rss, double as_fitted)
{
	if ((r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED || is_untested(r)) &&
		(rss / as_fitted - 1) * n < ATTR_SAME_FIT)
		return true;
	return rss < SLOWER_LESS * as_fitted;
}

/* The same of all readings, also those outside of the work. */
static int as_good_outside(struct attr_scan *s, bool *ret)
{
	struct attr_run *r = s->r;
	double as_fitted, rss, n = attr_left_rows(r);
	int rc = attr_left_of_all(r, &r->st->view, &r->st->shape, &as_fitted);

	for (size_t i = 0; i < s->n && !rc && !*ret; i++) {
		rc = attr_left_of_all(r, &r->st->view, &s->best[i].shape, &rss);
		*ret = !rc && as_good(r, n, rss, as_fitted);
	}
	return rc;
}

int attr_slower(struct attr_run *r, bool *ret)
{
	struct attr_scan s = {0};
	struct attr_shape base;
	double as_fitted = INFINITY, n;
	double least = is_untested(r) ? UNTESTED_LEAST : ATTR_SLOW_LEAST;
	int rc = attr_scan_open(&s, r);

	*ret = false;
	attr_scan_family(r, &base);
	base.skew = r->st->shape.skew;
	s.lag_max = 0;
	s.from = 0;
	s.to = r->st->readings.n;
	s.stride = 1 + s.to / (size_t)fmax(SLOWER_ROWS, 8 * (double)r->st->view.n_cols);
	if (!rc)
		rc = attr_scan_at(&s, &r->st->shape, &as_fitted);
	n = (double)s.to / (double)s.stride;
	/* most runs need no look at any: it would be of the whole run, a dozen times */
	if (!rc && as_good(r, n, left_by_slow(&r->st->readings, least) / SLOWER_SURE, as_fitted))
		rc = attr_scan_slow(&s, &base, least);
	if (!rc && s.n && as_good(r, n, s.best[0].rss, as_fitted))
		rc = as_good_outside(&s, ret);
	attr_scan_close(&s);
	return rc;
}
