/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A counter that is read about as it is updated: whether a reading saw the update that was due at its time or
 * the one before or after is chance (the updates jitter, too), and a wrong guess is wrong by the energy of a
 * whole period. The energy itself tells: of the updates nearest to each reading, the sequence whose energies are
 * nearest to those that the fit expects (Viterbi 1967). Kept only where the typical difference falls by a fifth, and is
 * small beside the energy of an update: where instances differ by as much, any energies are near to some updates.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/times.h"
#include "analyze/attribution/curve.h"
#include "analyze/attribution/idle.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define BETTER 0.8
#define TELLING                                                                                    \
	0.125 /* of the energy of an update: of any energies the nearest updates are as near as a quarter */
#define PHASES 8
#define ROWS_MIN 200
#define WAYS 3

/* The updates that a reading may have seen: the one due, and its neighbours. */
static const double step_of[WAYS] = {0, 1, -1};

struct updates {
	const struct attr_view *view;
	struct attr_readings *r;
	struct attr_shape shape;
	struct attr_curve curve;
	size_t hint[2];
	double *cost;   /* of the best sequence up to a reading, J, by its way */
	uint8_t *from;  /* n x WAYS: the way of the reading before */
	double *update; /* n */
};

/* What the counter would have moved by between two updates, J; NaN where the timeline does not tell. */
static double expected(struct updates *e, double from, double to)
{
	if (to <= from)
		return 0;
	if (from < 0 || attr_curve_cover(&e->curve, from, to) < 0)
		return NAN;
	return attr_curve_mean(&e->curve, 0, to, to - from, 0, e->hint) * (to - from) * 1e-9;
}

/* How far the energy of reading M is from what is expected, if it and the one before were seen so, J. */
static double miss(struct updates *e, size_t m, double from, double to)
{
	double x = to < from ? INFINITY : expected(e, from, to);

	return isnan(x) ? 0 : fabs(e->r->v[m] - e->r->v[m - 1] - x);
}

/* The best sequence; its misses into MISS, those of the updates due into DUE (n each). */
static int find_sequence(struct updates *e, double *ret_miss, double *ret_due)
{
	size_t n = e->r->n;
	double at[WAYS] = {0}, cost[WAYS] = {0};
	uint8_t way = 0;

	for (size_t m = 0; m < n; m++) {
		double next[WAYS], sum[WAYS];

		e->update[m] = attr_update_due(e->view, e->r, &e->shape, m);
		for (int w = 0; w < WAYS; w++) {
			next[w] = attr_update_end(e->view, e->r, &e->shape,
				e->update[m] + step_of[w]);
			sum[w] = m ? INFINITY : 0;
		}
		if (m &&
			attr_curve_cover(&e->curve, fmax(at[0] - 2 * e->shape.period_ns, 0),
				next[0] + 2 * e->shape.period_ns) == -ENOMEM)
			return -ENOMEM;
		for (int w = 0; m && w < WAYS; w++)
			for (int v = 0; v < WAYS; v++) {
				double c = miss(e, m, at[v], next[w]);

				if (!w && !v)
					ret_due[m] = c;
				if (cost[v] + c < sum[w]) {
					sum[w] = cost[v] + c;
					e->from[m * WAYS + (size_t)w] = (uint8_t)v;
				}
			}
		memcpy(at, next, sizeof(at));
		memcpy(cost, sum, sizeof(cost));
	}
	for (uint8_t w = 1; w < WAYS; w++)
		way = cost[w] < cost[way] ? w : way;
	for (size_t m = n; m-- > 0;) {
		uint8_t before = e->from[m * WAYS + way];

		e->update[m] += step_of[way];
		way = before;
	}
	e->r->update = e->update;
	for (size_t m = 1; m < n; m++)
		ret_miss[m] = miss(e, m, attr_read_end(e->view, e->r, &e->shape, m - 1),
			attr_read_end(e->view, e->r, &e->shape, m));
	return 0;
}

/* Of readings whose updates are not known at all. */
static double median_plain(struct updates *e, double *x)
{
	size_t n = e->r->n;

	e->r->update = NULL;
	for (size_t m = 1; m < n; m++) {
		double from = attr_read_end(e->view, e->r, &e->shape, m - 1);
		double to = attr_read_end(e->view, e->r, &e->shape, m);

		x[m] = miss(e, m, from, to);
	}
	return attr_median(x + 1, n - 1);
}

static bool asked(const struct attr_run *r)
{
	const struct attr_shape *s = &r->st->shape;

	return s->kind == ERG_SENSOR_COUNTER && s->period_ns > 0 && !r->st->readings.stale &&
		r->st->readings.n > ROWS_MIN;
}

/* With the updates at PHASE; *RET: the median miss, J. X: room for 2 n. */
static int try_phase(struct updates *e, double phase, double *x, double *ret, double *ret_due)
{
	size_t n = e->r->n;
	int rc;

	e->shape.phase = phase;
	e->r->update = NULL;
	rc = find_sequence(e, x, x + n);
	*ret = rc ? INFINITY : attr_median(x + 1, n - 1);
	*ret_due = rc ? INFINITY : attr_median(x + n + 1, n - 1);
	return rc;
}

/* What the counter moves by from one update to the next, J. */
static double energy_of_update(const struct updates *e)
{
	const struct attr_readings *r = e->r;

	return (r->v[r->n - 1] - r->v[0]) / (double)(r->t[r->n - 1] - r->t[0]) * e->shape.period_ns;
}

/* The phase of the updates that is known, or the best of some; *RET_CHANGED: it is worth it. */
static int best_phase(struct updates *e, double *x, bool *ret_changed)
{
	double telling = TELLING * energy_of_update(e);
	double known = e->shape.phase, best = known, least, due, miss;
	int rc = 0;

	if (known >= 0) {
		rc = try_phase(e, known, x, &least, &due);
		*ret_changed = least < fmin(BETTER * due, telling);
		return rc;
	}
	due = median_plain(e, x);
	least = INFINITY;
	for (int i = 0; !rc && i < PHASES; i++) {
		double phase = (double)i / PHASES, unused;

		rc = try_phase(e, phase, x, &miss, &unused);
		if (miss < least) {
			least = miss;
			best = phase;
		}
	}
	*ret_changed = least < fmin(BETTER * due, telling);
	return !rc && *ret_changed ? try_phase(e, best, x, &miss, &due) : rc;
}

int attr_which_update(struct attr_run *r, const double *power, bool *ret_changed)
{
	struct attr_readings *rd = &r->st->readings;
	struct updates e = {.view = &r->st->view, .r = rd, .shape = r->st->shape};
	_cleanup_(erg_freep) double *x = calloc(2 * rd->n + 2, sizeof(double));
	_cleanup_(erg_freep) uint8_t *from = calloc(rd->n * WAYS + 1, 1);
	int rc;

	*ret_changed = false;
	if (!asked(r))
		return 0;
	free(rd->update);
	e.from = from;
	e.update = calloc(rd->n + 1, sizeof(double));
	rc = x && from && e.update
		? attr_curve_open(&e.curve, e.view, power, (double[]){e.shape.rc_ns}, 1)
		: -ENOMEM;
	if (!rc)
		rc = best_phase(&e, x, ret_changed);
	attr_curve_close(&e.curve);
	rd->update = *ret_changed ? e.update : NULL;
	if (*ret_changed)
		r->st->shape.phase = r->fit.shape.phase = e.shape.phase;
	else
		free(e.update);
	return rc < 0 ? erg_fail(r->err, rc, "out of memory for %zu readings", rd->n) : 0;
}
