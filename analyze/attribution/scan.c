/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grid of sensors over a stretch in the middle of the run: windows, low-passes, lags and clocks, and the
 * best places in it.
 *
 * The points of the grid do not depend on each other: each is by itself, with a solver of its own, so that
 * threads may share them and the result is the same for any number.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/scan.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/pool.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/recurrence.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/order.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"

#define SCAN_ROWS_MIN 400
#define SCANNED 1000       /* rows of the stretch that the grid is of, or four a column */
#define ASSUMED_WINDOW 0.3 /* of the spacing, where the grid begins */
#define SCAN_S 4.0
#define FINE_STEPS 4    /* of the lag, in a segment */
#define FINE_WINDOWS 36 /* from FINE_LEAST of the first guess on */
#define FINE_LEAST 0.15
#define FINE_RATIO 1.1
#define LAG_MAX 0.125e9
#define LAG_FAR 0.4e9   /* looked at with few windows */
#define WORK_PASSES 200 /* of the whole run: what a search may cost */
#define WORK_LEAST 1e9  /* entries looked at: a few seconds */
#define WAVE 16         /* points of the grid at a time, between two looks at what they cost */
#define LAGS 4          /* of a point */
#define SKEW_SEEN 3e-5
#define SKEW_MAX 1e-3
#define SKEW_USUAL 5e-4

/* A low-pass that is slower than the doubt about a window's end sees of both windows only the spread
 * together: one look instead of ATTR_STALE_POINTS. */
static struct attr_shape scan_shape(const struct attr_shape *shape)
{
	struct attr_shape ret = *shape;
	double stale = attr_stale(shape), wide = hypot(shape->window_ns, stale);

	if (stale <= 0 || shape->rc_ns < stale || shape->kind == ERG_SENSOR_EMA)
		return ret;
	ret.lag_ns += (stale + shape->window_ns - wide) / 2;
	ret.window_ns = wide;
	ret.stale_ns = 0;
	return ret;
}

bool attr_scan_tired(const struct attr_scan *s)
{
	return s->work > s->most;
}

/* What a solution of DIM unknowns costs. */
static double solve_work(size_t dim)
{
	double n = (double)dim;

	return n * n * n / 6;
}

/* One pass over N readings: as many entries as a dense matrix has at most, and their segments. */
static double pass_work(const struct erg_attr_state *st, size_t n)
{
	return (double)n *
		((double)st->view.n_cols + (double)st->view.n / (double)(st->readings.n + 1));
}

int attr_scan_at(struct attr_scan *s, const struct attr_shape *shape, double *ret)
{
	const struct attr_view *v = &s->st->view;
	struct attr_shape quick = scan_shape(shape);
	struct attr_kernel k;
	struct attr_gram g;
	struct attr_row *row;
	int rc = attr_gram_init(&g, v->n_cols, 1, v->t0, attr_begin(v, v->n), 1e30, 1, s->r->err);

	if (rc < 0)
		return rc;
	rc = attr_kernel_open(&k, v, &s->st->readings, &quick, s->from, s->to, s->r->err);
	if (rc < 0) {
		attr_gram_release(&g);
		return rc;
	}
	k.stride = s->stride;
	while ((row = attr_kernel_next(&k)))
		if (attr_row_counts(v, row))
			attr_gram_add(&g, row);
	*ret = INFINITY;
	if (g.rows > v->n_cols + 20) {
		double *h = attr_sum_h(g.sum, g.dim);
		double square = attr_sum_n(g.sum, g.dim)[2], rss = square;

		s->work += solve_work(g.dim) * attr_nnls_solve(&s->nnls, g.sum, h);
		for (size_t i = 0; i < g.dim; i++)
			rss -= h[i] * s->nnls.x[i];
		s->least = ATTR_EXACT * square / (double)g.rows;
		*ret = fmax(rss / (double)g.rows, s->least);
	}
	s->work += (double)k.work;
	attr_kernel_close(&k);
	attr_gram_release(&g);
	return 0;
}

static int by_rss(const void *a, const void *b)
{
	const struct attr_place *x = a, *y = b;

	return (x->rss > y->rss) - (x->rss < y->rss);
}

void attr_places_sort(struct attr_place *place, size_t n)
{
	erg_sort(place, n, sizeof(*place), by_rss);
}

/* Two starts that Gauss-Newton would bring to one minimum. */
static bool alike(const struct attr_place *a, const struct attr_place *b, double segment)
{
	double w = fmax(attr_window_of(&a->shape), attr_window_of(&b->shape));

	return fabs(attr_delay_of(&a->shape) - attr_delay_of(&b->shape)) < fmax(w, segment) / 3 &&
		a->shape.rc_ns == b->shape.rc_ns && a->shape.window_ns == b->shape.window_ns &&
		a->shape.stale_ns == b->shape.stale_ns;
}

static void keep(struct attr_scan *s, const struct attr_place *p)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (alike(&s->best[i], p, s->segment)) {
			if (p->rss >= s->best[i].rss)
				return;
			memmove(&s->best[i], &s->best[i + 1], (--s->n - i) * sizeof(*s->best));
			break;
		}
	for (i = s->n; i > 0 && s->best[i - 1].rss > p->rss; i--)
		;
	if (i >= ATTR_REFINED)
		return;
	s->n = s->n < ATTR_REFINED ? s->n + 1 : ATTR_REFINED;
	memmove(&s->best[i + 1], &s->best[i], (s->n - 1 - i) * sizeof(*s->best));
	s->best[i] = *p;
}

void attr_scan_failed(const struct attr_scan *s, const struct erg_err *err)
{
	if (err->code && !s->r->err->code)
		*s->r->err = *err;
}

/* A lag that leaves part of a short run without a reading fits better for that: no more than PART of it. */
static double within_run(const struct attr_scan *s, double lag, double part)
{
	const struct attr_view *v = &s->st->view;

	return fmin(lag, part * (double)(attr_begin(v, v->n) - v->t0));
}

/* The greatest lag of the grid. */
static double lag_max(const struct attr_scan *s)
{
	return within_run(s, fmax(s->lag_max, fmin(1.5 * s->st->readings.spacing_ns, 0.3e9)), 0.1);
}

/* One sensor of the grid, and its lags. */
struct cell {
	struct attr_shape shape;
	double step, least, most;
};

/* Some of the lags of a cell, from LAG on, and the best of them. */
struct point {
	const struct cell *cell;
	double lag, work, floor; /* floor: a scan's least */
	struct attr_place best[ATTR_REFINED + 2];
	size_t n;
	struct erg_err err;
};

struct wave {
	const struct attr_scan *s;
	struct point *point;
};

static int scan_point(void *data, size_t i)
{
	const struct wave *w = data;
	struct point *p = &w->point[i];
	struct attr_run run = *w->s->r;
	struct attr_scan own = *w->s;
	double lag = p->lag;
	int rc;

	run.err = &p->err;
	own.r = &run;
	own.best = p->best;
	own.n = 0;
	rc = attr_nnls_init(&own.nnls, own.st->view.n_cols + 1, 1, run.err);
	for (int k = 0; k < LAGS && lag <= p->cell->most && !rc; k++, lag += p->cell->step) {
		struct attr_place place = {.shape = p->cell->shape};

		place.shape.lag_ns = lag;
		rc = attr_scan_at(&own, &place.shape, &place.rss);
		if (!rc && isfinite(place.rss))
			keep(&own, &place);
	}
	attr_nnls_release(&own.nnls);
	p->n = own.n;
	p->work = own.work - w->s->work;
	p->floor = own.least;
	return rc;
}

/* The next points of the grid into POINT, at most WAVE; *AT and *LAG: where in its N cells. */
static size_t next_points(const struct cell *cell, size_t n, size_t *at, double *lag,
	struct point *point)
{
	size_t m = 0;

	while (m < WAVE && *at < n) {
		const struct cell *c = &cell[*at];

		if (isnan(*lag))
			*lag = -ceil(-c->least / c->step) * c->step;
		if (*lag <= c->most) {
			memset(&point[m], 0, sizeof(*point));
			point[m].cell = c;
			point[m++].lag = *lag;
		}
		for (int k = 0; k < LAGS && *lag <= c->most; k++)
			*lag += c->step;
		if (*lag <= c->most)
			continue;
		++*at;
		*lag = NAN;
	}
	return m;
}

/* The cells, a wave at a time; the best of them all are kept. */
static int scan_cells(struct attr_scan *s, const struct cell *cell, size_t n)
{
	_cleanup_(erg_freep) struct point *point = calloc(WAVE, sizeof(*point));
	struct wave w = {.s = s, .point = point};
	double lag = NAN;
	size_t at = 0, m;
	int rc = 0;

	if (!point)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for a search");
	while (!rc && !attr_scan_tired(s) && (m = next_points(cell, n, &at, &lag, point))) {
		erg_progress("search for the sensor", at, n);
		rc = attr_pool_run(s->r->opt.jobs, m, NULL, scan_point, &w, s->r->err);
		for (size_t i = 0; i < m; i++) {
			attr_scan_failed(s, &point[i].err);
			for (size_t j = 0; j < point[i].n; j++)
				keep(s, &point[i].best[j]);
			s->work += point[i].work;
			s->least = point[i].floor;
		}
	}
	return rc;
}

static double scan_step(const struct attr_scan *s, const struct attr_shape *shape)
{
	double w = s->r->declared.kind == ERG_SENSOR_COUNTER ? s->st->readings.spacing_ns / 3
							     : attr_window_of(shape);

	if (s->fine)
		return fmax(s->segment / FINE_STEPS, 5e4);
	return fmax(fmax(fmax(w, shape->rc_ns), s->segment), 5e4) / s->steps;
}

static void set_lags(const struct attr_scan *s, struct cell *c)
{
	c->step = scan_step(s, &c->shape);
	/* clocks that agreed when the run began do not in its middle */
	c->least = -fmin(SKEW_USUAL * c->shape.mid_ns, 2e7);
	c->most = lag_max(s);
}

static const double scan_tau[] = {0, 1.5e6, 6e6, 20e6};

int attr_scan_grid(struct attr_scan *s, const struct attr_shape *base, bool slow)
{
	static const double wide[] = {1, 0.15, 0.3, 0.5, 0.7, 1.5, 2.4, 4.5};
	const size_t n_tau = slow ? ERG_ARRAY_SIZE(scan_tau) : 1;
	bool window = base->kind != ERG_SENSOR_COUNTER;
	size_t n = window ? ERG_ARRAY_SIZE(wide) : 1;
	_cleanup_(erg_freep) struct cell *cell = calloc(n * n_tau, sizeof(*cell));

	if (!cell)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for a search");
	for (size_t i = 0; i < n * n_tau; i++) {
		cell[i].shape = *base;
		cell[i].shape.window_ns *= window ? wide[i % n] : 1;
		cell[i].shape.rc_ns = scan_tau[i / n];
		set_lags(s, &cell[i]);
	}
	return scan_cells(s, cell, n * n_tau);
}

/* Low-passes and windows, slower than those of the grid. */
static const double slow_tau[] = {6e7, 2e8, 6e8}, slow_window[] = {3e7, 1e8, 3e8, 1e9};

int attr_scan_slow(struct attr_scan *s, const struct attr_shape *base, double least)
{
	struct cell cell[ERG_ARRAY_SIZE(slow_tau) + ERG_ARRAY_SIZE(slow_window)];
	size_t n = 0;

	if (base->kind == ERG_SENSOR_COUNTER)
		return 0;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(cell); i++) {
		size_t w = i - ERG_ARRAY_SIZE(slow_tau); /* where it is no low-pass */
		bool low = i < ERG_ARRAY_SIZE(slow_tau);
		double slow = low ? slow_tau[i] : slow_window[w];

		if (slow < least || within_run(s, slow, ATTR_SLOW_PART) < slow)
			continue;
		cell[n].shape = *base;
		if (low)
			cell[n].shape.rc_ns = slow;
		else
			cell[n].shape.window_ns = slow;
		set_lags(s, &cell[n++]);
	}
	return scan_cells(s, cell, n);
}

int attr_scan_far(struct attr_scan *s, const struct attr_shape *base)
{
	static const double wide[] = {1, 0.3, 2.4};
	bool window = base->kind != ERG_SENSOR_COUNTER;
	size_t n = window ? ERG_ARRAY_SIZE(wide) : 1;
	_cleanup_(erg_freep) struct cell *cell = calloc(n, sizeof(*cell));

	if (!cell)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for a search");
	for (size_t i = 0; i < n; i++) {
		cell[i].shape = *base;
		cell[i].shape.window_ns *= window ? wide[i] : 1;
		cell[i].step = scan_step(s, &cell[i].shape);
		cell[i].least = lag_max(s);
		cell[i].most = within_run(s, LAG_FAR, 0.02);
	}
	return scan_cells(s, cell, n);
}

#define SHIFTED 3       /* places that others are tried beside */
#define SHIFTS_MAX 32   /* iterations: by more than so many the work is no longer the same */
#define SHIFTED_STEPS 4 /* of the lag, in a segment */

/* The lag and what it moves by, for a cell beside place P: a few steps about LAG. False: no sensor has that. */
static bool shifted_cell(const struct attr_scan *s, const struct attr_place *p, double window,
	double lag, struct cell *ret)
{
	double step = fmax(s->segment / SHIFTED_STEPS, 5e4);

	if (lag < -fmin(SKEW_USUAL * p->shape.mid_ns, 2e7) ||
		lag > fmax(lag_max(s), p->shape.lag_ns) || window < 1e4 ||
		within_run(s, window, ATTR_SLOW_PART) < window)
		return false;
	ret->shape = p->shape;
	ret->shape.window_ns = window;
	ret->step = step;
	ret->least = lag - 2 * step;
	ret->most = lag + 2 * step;
	return true;
}

/* Cells beside place P whose windows begin or end iterations of ITERATION ns earlier or later; returns how many. */
static size_t shifted_cells(const struct attr_scan *s, const struct attr_place *p, double iteration,
	struct cell *cell)
{
	double window = p->shape.window_ns, lag = p->shape.lag_ns;
	size_t n = 0;

	for (int k = -SHIFTS_MAX; k <= SHIFTS_MAX; k++) {
		double by = k * iteration;

		if (!k)
			continue;
		n += shifted_cell(s, p, window + by, lag, &cell[n]);
		n += shifted_cell(s, p, window + by, lag - by, &cell[n]);
		n += shifted_cell(s, p, window, lag - by, &cell[n]);
	}
	return n;
}

int attr_scan_shifted(struct attr_scan *s)
{
	_cleanup_(erg_freep) struct cell *cell =
		calloc((size_t)SHIFTED * SHIFTS_MAX * 6, sizeof(*cell));
	size_t n = 0, places = s->n < SHIFTED ? s->n : SHIFTED;

	if (s->r->declared.kind == ERG_SENSOR_COUNTER || !(s->iteration > 0))
		return 0;
	if (!cell)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for a search");
	for (size_t i = 0; i < places; i++)
		n += shifted_cells(s, &s->best[i], s->iteration, cell + n);
	return scan_cells(s, cell, n);
}

#define WINDOWS_MAX 48

int attr_scan_to_iteration(struct attr_scan *s, const struct attr_shape *base)
{
	double step = fmax(s->segment / 2, s->iteration / WINDOWS_MAX), work = s->work;
	struct cell cell[WINDOWS_MAX];
	size_t n = 0;
	int rc;

	if (base->kind == ERG_SENSOR_COUNTER)
		return 0;
	for (double window = step; window < s->iteration && n < WINDOWS_MAX; window += step) {
		if (within_run(s, window, ATTR_SLOW_PART) < window)
			break;
		cell[n].shape = *base;
		cell[n].shape.window_ns = window;
		set_lags(s, &cell[n]);
		cell[n++].step = fmax(s->segment, 5e4) / 2;
	}
	rc = scan_cells(s, cell, n);
	s->most += s->work - work; /* what it costs at most is known */
	return rc;
}

int attr_scan_finely(struct attr_scan *s, const struct attr_shape *base)
{
	size_t n = base->kind == ERG_SENSOR_COUNTER ? 1 : FINE_WINDOWS;
	struct attr_shape shape = *base;
	_cleanup_(erg_freep) struct cell *cell = calloc(n, sizeof(*cell));
	int rc;

	if (!cell)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for a search");
	s->fine = true;
	shape.window_ns *= n > 1 ? FINE_LEAST : 1;
	for (size_t i = 0; i < n; i++) {
		cell[i].shape = shape;
		set_lags(s, &cell[i]);
		shape.window_ns *= FINE_RATIO;
	}
	rc = scan_cells(s, cell, n);
	s->fine = false;
	return rc;
}

static void choose_stretch(struct attr_scan *s)
{
	const struct attr_readings *rd = &s->st->readings;
	const struct attr_view *v = &s->st->view;
	double rows = fmax(SCAN_ROWS_MIN,
		fmax(SCAN_S * 1e9 / rd->spacing_ns, 12 * ((double)v->n_cols + 1)));
	size_t n = rows < (double)rd->n ? (size_t)rows : rd->n, middle = rd->n / 2;
	size_t scanned = 4 * (v->n_cols + 1) > SCANNED ? 4 * (v->n_cols + 1) : SCANNED;

	s->from = middle - n / 2;
	s->to = s->from + n;
	s->stride = 1 + n / scanned;
	s->segment = attr_view_typical_ns(v, attr_view_find(v, rd->t[s->from]));
}

/* The family that any sensor can be: an ema is a low-pass behind a short window, and what is no moment as
 * was said is a mean of some time. */
void attr_scan_family(const struct attr_run *r, struct attr_shape *ret)
{
	*ret = r->declared;
	ret->phase = r->fit.shape.phase;
	/* a clock that the fit so far agrees on is known better than anything else of it */
	ret->skew = fabs(r->st->shape.skew) > SKEW_SEEN && fabs(r->st->shape.skew) < SKEW_MAX
		? r->st->shape.skew
		: 0;
	if (ret->kind == ERG_SENSOR_EMA) {
		ret->window_ns = attr_window_of(&r->declared);
		ret->rc_ns = attr_tau_of(&r->declared);
		ret->kind = ERG_SENSOR_BOXCAR;
		ret->stale_ns = ret->period_ns = 0;
		ret->phase = -1;
	}
	if (ret->kind == ERG_SENSOR_POINT)
		ret->kind = ERG_SENSOR_BOXCAR;
	/* assumed: the spacing of the readings, which says little of a window */
	if (r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED && ret->window_ns > 0)
		ret->window_ns = ASSUMED_WINDOW * r->st->readings.spacing_ns;
	if (ret->window_ns <= 1000 && ret->kind != ERG_SENSOR_COUNTER)
		ret->window_ns = fmax(0.1 * r->st->readings.spacing_ns, 1e4);
}

/* The best places, each with clocks of its own. */
struct clocks {
	const struct attr_scan *s;
	double work[ATTR_REFINED + 2];
	struct erg_err err[ATTR_REFINED + 2];
};

static int scan_clock(void *data, size_t i)
{
	static const double skew[] = {0, 5e-5, 1e-4, 2e-4, 3.5e-4, 5e-4};
	struct clocks *f = data;
	struct attr_run run = *f->s->r;
	struct attr_scan own = *f->s;
	struct attr_place best = own.best[i];
	double step = scan_step(&own, &best.shape) / 3;
	int rc;

	run.err = &f->err[i];
	own.r = &run;
	rc = attr_nnls_init(&own.nnls, own.st->view.n_cols + 1, 1, run.err);
	for (size_t j = 0; j < 2 * ERG_ARRAY_SIZE(skew) * 3 && !rc && !attr_scan_tired(&own); j++) {
		struct attr_place p = own.best[i];

		p.shape.skew = (j % 2 ? 1 : -1) * skew[j / 2 % ERG_ARRAY_SIZE(skew)];
		p.shape.lag_ns += step * ((double)(j / 2 / ERG_ARRAY_SIZE(skew)) - 1);
		rc = attr_scan_at(&own, &p.shape, &p.rss);
		if (!rc && p.rss < best.rss)
			best = p;
	}
	attr_nnls_release(&own.nnls);
	f->work[i] = own.work - f->s->work;
	if (!rc)
		own.best[i] = best;
	return rc;
}

int attr_scan_clocks(struct attr_scan *s)
{
	struct clocks f = {.s = s};
	int rc = attr_pool_run(s->r->opt.jobs, s->n, "search for the sensor", scan_clock, &f,
		s->r->err);

	for (size_t i = 0; i < s->n; i++) {
		attr_scan_failed(s, &f.err[i]);
		s->work += f.work[i];
	}
	return rc;
}

int attr_scan_open(struct attr_scan *s, struct attr_run *r)
{
	size_t cols = r->st->view.n_cols;
	int rc;

	*s = (struct attr_scan){.r = r, .st = r->st, .lag_max = LAG_MAX, .steps = 3};
	rc = attr_nnls_init(&s->nnls, cols + 1, 1, r->err);
	if (rc < 0)
		return rc;
	s->power = calloc(cols + 1, sizeof(double));
	s->best = calloc(ATTR_REFINED + 2, sizeof(*s->best));
	if (!s->power || !s->best)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	s->most = fmax(WORK_PASSES * pass_work(r->st, r->st->readings.n), WORK_LEAST);
	choose_stretch(s);
	return attr_recurrence(&r->st->view,
		attr_view_find(&r->st->view, r->st->readings.t[s->from]), &s->iteration, r->err);
}

void attr_scan_close(struct attr_scan *s)
{
	erg_progress("search for the sensor", 1, 1);
	attr_nnls_release(&s->nnls);
	free(s->power);
	free(s->best);
}
