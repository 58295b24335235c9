/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers that all use about one power (a saturated processor) have their energies whatever the sensor is. But the
 * readings amid such work say nothing of the sensor, and so none stands. What is known of it is in the readings of
 * where the work begins and ends: those all together, with one power for each layer and one for what is outside, are
 * asked which sensors they may be of. A slow one that makes layers alike which are not would need as long at these
 * edges; where it is not excluded by them, the layers' energies by it are anything, and that is in the intervals.
 *
 * Times that are off, of a clock that runs away or of stamps that scatter, make layers alike, too. Then the readings
 * are not: by what they scatter more amid the work than outside of it, a layer may differ from the others, by the more
 * the less time it has.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "analyze/attribution/alike.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/idle.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/scan.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

/* Of their mean: what readings of the work, and the layers, may differ by (SD). */
#define ALIKE 0.03
#define READINGS_LEAST 100
#define TRIED_MAX 1500
#define COST_MOST 1e10 /* a few seconds */
#define KEPT 40        /* sensors whose energies are looked at */
#define STARTS 4
#define HALVINGS 7
#define WIDER 2 /* from one window of the grid to the next */
#define WINDOW_LEAST 1e5
#define SLOWEST 1e9
#define LAGS_MAX 40
#define LAG_MOST 0.125e9
#define LAG_LEAST (-20e6)
#define SURE 2 /* SDs */
#define HALF_OF_THEM 0.5
#define BEYOND_LEAST 3 /* readings */

/* The sensors that were tried: n of at most TRIED_MAX. */
struct tried {
	struct attr_run *r;
	struct attr_place *place;
	size_t n;
	double rows, slowest; /* ns, of windows */
};

static int try_shape(struct tried *t, const struct attr_shape *shape, double *ret)
{
	int rc;

	*ret = INFINITY;
	if (t->n == TRIED_MAX)
		return 0;
	rc = attr_left_of_all(t->r, &t->r->st->view, shape, ret);
	if (!rc && isfinite(*ret) && *ret > 0)
		t->place[t->n++] = (struct attr_place){.shape = *shape, .rss = *ret};
	return rc;
}

static int try_lags(struct tried *t, struct attr_shape shape)
{
	double spacing = t->r->st->readings.spacing_ns, rss;
	double most = fmax(LAG_MOST, 1.5 * spacing);
	double step = fmax(fmax(fmax(shape.window_ns, shape.rc_ns), spacing) / 3,
		(most - LAG_LEAST) / LAGS_MAX);
	int rc = 0;

	for (double lag = ceil(LAG_LEAST / step) * step; !rc && lag <= most; lag += step) {
		shape.lag_ns = lag;
		rc = try_shape(t, &shape, &rss);
	}
	return rc;
}

/* Windows and low-passes of any length. */
static int try_grid(struct tried *t, const struct attr_shape *base)
{
	const struct attr_view *v = &t->r->st->view;
	double run = (double)(attr_begin(v, v->n) - v->t0), spacing = t->r->st->readings.spacing_ns;
	double slowest = fmin(SLOWEST, fmax(ATTR_SLOW_PART * run, 3 * spacing));
	double least = fmax(WINDOW_LEAST, 0.02 * spacing);
	int rc = 0;

	t->slowest = slowest;
	for (double w = least; !rc && w < slowest * WIDER; w *= WIDER) {
		struct attr_shape window = *base, low = *base;

		window.window_ns = fmin(w, slowest);
		window.rc_ns = 0;
		rc = try_lags(t, window);
		low.window_ns = least;
		low.rc_ns = fmin(w, slowest);
		if (!rc && w > WINDOW_LEAST)
			rc = try_lags(t, low);
	}
	return rc;
}

/* From place P to a minimum near it. */
static int descend(struct tried *t, struct attr_place p)
{
	double lag =
		fmax(fmax(p.shape.window_ns, p.shape.rc_ns), t->r->st->readings.spacing_ns) / 4;
	double factor = 0.4, rc_ns = fmax(p.shape.window_ns, p.shape.rc_ns) / 4;
	int rc = 0;

	for (int i = 0; i < HALVINGS && !rc; i++, lag /= 2, factor /= 2, rc_ns /= 2)
		for (int j = 0; j < 6 && !rc; j++) {
			struct attr_place q = p;
			double side = j % 2 ? -1 : 1;

			if (j / 2 == 0)
				q.shape.lag_ns += side * lag;
			else if (j / 2 == 1)
				q.shape.window_ns *= 1 + side * factor;
			else
				q.shape.rc_ns = fmax(q.shape.rc_ns + side * rc_ns, 0);
			rc = try_shape(t, &q.shape, &q.rss);
			if (!rc && q.rss < p.rss)
				p = q;
		}
	return rc;
}

/* The best ones of the grid and the sensor as it was declared, and as it was found; then what is near them. */
static int try_all(struct tried *t)
{
	struct attr_run *r = t->r;
	struct attr_shape base, first = r->first, found = r->st->shape;
	struct attr_place start[STARTS];
	double rss;
	int rc;

	attr_scan_family(r, &base);
	base.skew = 0;
	rc = try_grid(t, &base);
	if (!rc)
		rc = try_shape(t, &first, &rss);
	if (!rc)
		rc = try_shape(t, &found, &rss);
	attr_places_sort(t->place, t->n);
	memcpy(start, t->place, (t->n < STARTS ? t->n : STARTS) * sizeof(*start));
	for (size_t i = 0, n = t->n; i < STARTS && i < n && !rc; i++)
		rc = descend(t, start[i]);
	attr_places_sort(t->place, t->n);
	return rc;
}

/* Mean power of the layers by POWER (per column), and what they differ by (SD), weighted by their times. */
static double layers_mean(const struct attr_view *v, const double *power, double *ret_sd)
{
	double time = 0, sum = 0, square = 0;

	for (size_t c = 0; c < v->n_cols; c++) {
		if (v->col_class[c] >= v->gap_class || v->col_apart[c] || !(v->col_time[c] > 0))
			continue;
		double p = attr_col_energy(v, power, c) / v->col_time[c];

		time += v->col_time[c];
		sum += v->col_time[c] * p;
		square += v->col_time[c] * p * p;
	}
	sum /= time;
	*ret_sd = sqrt(fmax(square / time - sum * sum, 0));
	return sum;
}

/* Whether most readings are near one power: a look that costs nothing. */
static bool near_one_power(const struct attr_run *r)
{
	const struct attr_readings *rd = &r->st->readings;
	_cleanup_(erg_freep) double *x = erg_noted(malloc((rd->n + 1) * sizeof(double)));
	double level;

	if (!x || rd->n < READINGS_LEAST)
		return false;
	memcpy(x, rd->v, rd->n * sizeof(*x));
	level = attr_median(x, rd->n);
	for (size_t m = 0; m < rd->n; m++)
		x[m] = fabs(rd->v[m] - level);
	return 1.48 * attr_median(x, rd->n) <= ALIKE * level;
}

/* Those that do as well as the best, or some of them; the one with the longest window is the last. None where any would
 * do, as the readings are the same all through the run. */
static int keep(struct attr_run *r, const struct tried *t)
{
	size_t n = 0, longest = 0;

	while (n < t->n && (t->place[n].rss / t->place[0].rss - 1) * t->rows < ATTR_SAME_FIT)
		n++;
	r->alike = calloc(KEPT, sizeof(*r->alike));
	if (!r->alike)
		return erg_fail(r->err, -ENOMEM, "out of memory for a search");
	r->n_alike = n < KEPT ? n : KEPT;
	for (size_t i = 0; i < r->n_alike; i++)
		r->alike[i] = t->place[i * n / r->n_alike].shape;
	for (size_t i = 0; i < n; i++)
		if (attr_window_of(&t->place[i].shape) > attr_window_of(&t->place[longest].shape))
			longest = i;
	if (attr_window_of(&t->place[longest].shape) >= t->slowest)
		r->n_alike = 0;
	if (r->n_alike > 1)
		r->alike[r->n_alike - 1] = t->place[longest].shape;
	return 0;
}

/* What it costs to try all, in entries of sums. */
static double cost(const struct tried *t)
{
	double cols = (double)t->r->st->view.n_cols;

	return TRIED_MAX * (cols * cols * cols / 6 + t->rows * cols);
}

/* Powers that add, of layers at the same time, are not alike where their sums are. */
static bool may_be_alike(const struct tried *t)
{
	const struct attr_run *r = t->r;
	const struct attr_view *v = &r->st->view;

	return r->misfit.reason && r->opt.lag == ERG_LAG_AUTO && v->gap_class && !r->st->locked &&
		!v->col_base && r->declared.kind != ERG_SENSOR_COUNTER && cost(t) < COST_MOST &&
		near_one_power(r);
}

int attr_alike_find(struct attr_run *r)
{
	const struct attr_view *v = &r->st->view;
	_cleanup_(erg_freep) double *power = calloc(v->n_cols + 1, sizeof(double));
	_cleanup_(erg_freep) struct attr_place *place = calloc(TRIED_MAX, sizeof(*place));
	struct tried t = {.r = r, .place = place, .rows = attr_left_rows(r)};
	double mean, sd;
	int rc;

	if (!may_be_alike(&t))
		return 0;
	if (!power || !place)
		return erg_fail(r->err, -ENOMEM, "out of memory for a search");
	rc = try_all(&t);
	/* not all: what was not looked at may be as good */
	if (rc < 0 || !t.n || t.n == TRIED_MAX)
		return rc;
	rc = attr_powers_by(r, &t.place[0].shape, power);
	if (rc < 0)
		return rc;
	mean = layers_mean(v, power, &sd);
	return sd <= ALIKE * mean && t.place[0].rss <= ALIKE * mean * ALIKE * mean ? keep(r, &t)
										   : 0;
}

/* What the fit leaves of readings of the work, W, ascending; and what of that there is outside of it, too, W^2. */
struct left {
	double *e;
	size_t n;
	double excess;
};

static int look_at_left(struct attr_run *r, struct left *ret)
{
	const struct erg_attr_state *st = r->st;
	double work = 0, sum = 0, out = 0, n_out = 0, n;
	struct attr_kernel k;
	struct attr_row *row;
	int rc = attr_left_open(&k, r);

	if (rc < 0)
		return rc;
	while ((row = attr_kernel_next(&k))) {
		double e = attr_row_left(row, st->power);

		if (attr_row_is_outside(row)) {
			sum += row->y;
			out += row->y * row->y;
			n_out++;
		} else if (!attr_row_is_edge(row)) {
			work += e * e;
			ret->e[ret->n++] = fabs(e);
		}
	}
	attr_kernel_close(&k);
	gsl_sort(ret->e, 1, ret->n);
	n = fmax((double)ret->n, 1);
	out = n_out > 0 ? fmax(out / n_out - sum / n_out * (sum / n_out), 0) : 0;
	ret->excess = fmax(work / n * (1 + SURE * sqrt(2 / n)) -
			out * fmax(1 - SURE * sqrt(2 / n_out), 0),
		0);
	return 0;
}

/* By what a layer's power may differ from the others' in readings whose times are off by any, W: it has the part SHARE
 * of the work, and lasts 1 / SPAN of what a reading is of. Readings of it would be so far from the others, and half of
 * those further. */
static double hidden(const struct left *l, double share, double span)
{
	size_t beyond = (size_t)(HALF_OF_THEM / 2 * share * (double)l->n);
	double seen = beyond >= BEYOND_LEAST ? l->e[l->n - beyond] * span : INFINITY;

	return fmin(seen, sqrt(l->excess * span / share));
}

/* Of each class how far the other sensors move it, J. */
static int moves(struct attr_run *r, double *ret)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	_cleanup_(erg_freep) double *power = calloc(v->n_cols + 1, sizeof(double));
	_cleanup_(erg_freep) double *energy = calloc(2 * st->n_classes + 2, sizeof(double));
	double *here = energy + st->n_classes + 1;
	int rc = 0;

	if (!power || !energy)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", st->n_classes);
	attr_fitted_energies(v, st->power, here);
	for (size_t i = 1; i < r->n_alike && !rc; i++) {
		rc = attr_powers_by(r, &r->alike[i], power);
		attr_fitted_energies(v, power, energy);
		for (size_t k = 0; k < v->gap_class && !rc; k++)
			ret[k] = fmax(ret[k], fabs(energy[k] - here[k]));
	}
	return rc;
}

int attr_alike_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	_cleanup_(erg_freep) double *moved = calloc(st->n_classes + 1, sizeof(double));
	_cleanup_(erg_freep) double *e = calloc(st->readings.n + 1, sizeof(double));
	double width = (attr_window_of(&st->shape) + attr_tau_of(&st->shape)) * 1e-9, work = 0;
	double longest;
	struct left left = {.e = e};
	int rc;

	if (!r->n_alike)
		return 0;
	if (!moved || !e)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", st->readings.n);
	/* layers that take turns make the same of all windows that are as long as a turn, whatever they use: only what
	 * lasts as long as a window is seen alone */
	longest = attr_window_of(&r->alike[r->n_alike - 1]) * 1e-9;
	rc = look_at_left(r, &left);
	if (!rc)
		rc = moves(r, moved);
	for (size_t k = 0; k < v->gap_class; k++)
		work += v->class_time[k];
	for (size_t k = 0; k < v->gap_class && !rc; k++) {
		double time = v->class_time[k], calls = (double)v->class_calls[k], slack;

		if (!(calls > 0) || time < longest * calls)
			continue;
		slack = hypot(SURE * moved[k],
			time * hidden(&left, time / work, fmax(width * calls / time, 1)));
		/* a long layer is known in two ways */
		st->slack_j[k] = st->any_lag[k] ? fmin(slack, st->slack_j[k]) : slack;
		st->any_lag[k] = true;
	}
	return rc;
}
