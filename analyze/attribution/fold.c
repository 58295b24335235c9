/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A process beside the work that wakes up every 100 ms, of which readings come each 10 ms by the same clock, is seen by
 * the same one of ten readings, or by none, for as long as the run goes on. What the fit leaves is then alike in every
 * tenth reading, and no resampling of blocks tells how far their mean is from that of the time. Folded at every number
 * of readings, what is left has an analysis of variance; where that says that the folds differ, they are so many looks
 * at one period, and their mean is known as well as that of so many values.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "analyze/attribution/fold.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define FOLDS 100    /* at most */
#define LOOKED 20000 /* readings */
#define EACH 10.     /* of a fold, at least */
#define CHANCE 1e-9  /* of all numbers of folds together */
#define SURE_F 8.    /* neighbours that are alike make an F of a few */

/* One number of folds: F, and the variance between the folds beyond what chance makes, W^2. */
static double between(const double *left, size_t n, size_t k, double *ret_var)
{
	double sum[FOLDS] = {0}, count[FOLDS] = {0}, square = 0, total = 0, all = 0, ss = 0;
	double within, f;

	for (size_t i = 0; i < n; i++) {
		if (isnan(left[i]))
			continue;
		sum[i % k] += left[i];
		count[i % k]++;
		square += left[i] * left[i];
	}
	for (size_t j = 0; j < k; j++) {
		if (count[j] < EACH)
			return 0;
		ss += sum[j] * sum[j] / count[j];
		total += sum[j];
		all += count[j];
	}
	within = (square - ss) / (all - (double)k);
	ss = (ss - total * total / all) / (double)(k - 1);
	f = within > 0 ? ss / within : 0;
	*ret_var = (ss - within) * (double)k / all;
	return f > SURE_F && gsl_cdf_fdist_Q(f, (double)k - 1, all - (double)k) * FOLDS < CHANCE
		? f
		: 0;
}

struct attr_fold attr_fold_of(const double *left, size_t n)
{
	struct attr_fold ret = {0};
	double best = 0;

	for (size_t k = 2; k <= FOLDS; k++) {
		double var = 0, f = between(left, n, k, &var);

		/* of multiples the first is it: its folds are fuller */
		if (f > best) {
			best = f;
			ret.every = k;
			ret.w = 1.959964 * sqrt(var / (double)k);
		}
	}
	return ret;
}

/* What the fit leaves of each reading, by its place at a steady pace. */
static int lay_out(struct attr_run *r, double *left, size_t n)
{
	const struct erg_attr_state *st = r->st;
	double spacing = st->readings.spacing_ns;
	uint64_t before = st->readings.t[0];
	struct attr_kernel k;
	struct attr_row *row;
	size_t at = 0;
	int rc = attr_left_open(&k, r);

	for (size_t i = 0; i < n; i++)
		left[i] = NAN;
	if (rc < 0)
		return rc;
	while ((row = attr_kernel_next(&k))) {
		at += (size_t)llround((double)(row->t - before) / spacing);
		before = row->t;
		if (at >= n)
			break;
		if (attr_row_counts(&st->view, row))
			left[at] = attr_row_left(row, st->power);
	}
	attr_kernel_close(&k);
	return 0;
}

int attr_fold(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_readings *rd = &st->readings;
	double span = rd->n ? (double)(rd->t[rd->n - 1] - rd->t[0]) / fmax(rd->spacing_ns, 1) : 0;
	size_t n = span < LOOKED ? (size_t)span + 2 : LOOKED;
	_cleanup_(erg_freep) double *left = erg_noted(malloc(n * sizeof(*left)));
	int rc;

	if (!left)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", n);
	if (st->shape.kind == ERG_SENSOR_COUNTER || rd->spacing_ns <= 0)
		return 0;
	rc = lay_out(r, left, n);
	if (!rc)
		st->fold = attr_fold_of(left, n);
	return rc;
}
