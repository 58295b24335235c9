/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Of forty intervals of 95 % two miss, as a rule. Who compares rows with each other wants intervals that
 * all hold at once: the half widths are multiplied so that in 95 of 100 rounds of the bootstrap no row is
 * further off, in units of its own spread, than that (the studentized maximum; Westfall and Young 1993).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/state.h"
#include "formats/base/util.h"

/* Sums of round I by row. */
static void add_round(const struct erg_attr_state *st, const uint32_t *row, size_t i, double *sum)
{
	for (size_t c = 0; c < st->n_classes; c++)
		if (row[c] != ERG_NONE)
			sum[row[c]] += attr_rep(st, c)[i];
}

/* The greatest deviation of each round, in spreads of its row. */
static void find_greatest(const struct erg_attr_state *st, const uint32_t *row, size_t n,
	double *sum, double *mean, double *spread, double *ret)
{
	double rounds = (double)st->rounds;

	for (int pass = 0; pass < 3; pass++)
		for (size_t i = 0; i < st->rounds; i++) {
			memset(sum, 0, n * sizeof(*sum));
			add_round(st, row, i, sum);
			for (size_t k = 0; k < n; k++) {
				double d = sum[k] - mean[k];

				if (pass == 0)
					mean[k] += sum[k] / rounds;
				else if (pass == 1)
					spread[k] += d * d / rounds;
				else if (spread[k] > 0)
					ret[i] = fmax(ret[i], fabs(d) / sqrt(spread[k]));
			}
		}
}

int erg_attr_simultaneous(struct erg_attr *a, const uint32_t *row, size_t n, struct erg_err *err)
{
	struct erg_attr_state *st = a->state;
	_cleanup_(erg_freep) double *x = NULL, *work = NULL;

	if (!st)
		return 0;
	st->wider = 1;
	if (n < 2)
		return 0;
	if (!row) {
		st->wider = gsl_cdf_ugaussian_Pinv((1 + pow(0.95, 1 / (double)n)) / 2) / 1.959964;
		return 0;
	}
	x = calloc(st->rounds + 1, sizeof(*x));
	work = calloc(3 * n + 1, sizeof(*work));
	if (!x || !work)
		return erg_fail(err, -ENOMEM, "out of memory for %zu rows", n);
	find_greatest(st, row, n, work, work + n, work + 2 * n, x);
	gsl_sort(x, 1, st->rounds);
	st->wider = fmax(1, gsl_stats_quantile_from_sorted_data(x, 1, st->rounds, 0.95) / 1.959964);
	return 0;
}
