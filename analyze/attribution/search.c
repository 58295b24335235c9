/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the declared sensor is contradicted, another one is looked for: windows, low-passes and lags
 * on a grid, over a stretch in the middle of the run; the best of them refined there by Gauss-Newton;
 * the best of those over a stretch that doubles until it is the run. So the clock, which moves the
 * lag by milliseconds at the ends of a long run, is known well enough each time the stretch grows.
 *
 * The residual has many minima (a lag of one layer more fits a little). The tests that follow tell a
 * wrong one from the right; where two minima fit alike, what the other would say widens the intervals.
 *
 * The points of the grid, and the places that are refined, do not depend on each other: each is by itself,
 * with a solver of its own, so that threads may share them and the result is the same for any number.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/internal.h"
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
#define REFINED 10
#define CARRIED 3
#define AUDITED 5
#define SAME_SHARE 0.05 /* of the residual that another run than the stretch may ask for */
#define AUDIT_ROWS 600
#define SAME_FIT 30 /* variances of a reading by which a worse minimum is no rival */
#define LAG_MAX 0.125e9
#define LAG_FAR 0.4e9      /* looked at with few windows */
#define LAG_BELIEVED 0.3e9 /* the best of a range, near its end, need not be the best */
#define WORK_PASSES 200    /* of the whole run: what a search may cost */
#define WORK_LEAST 1e9     /* entries looked at: a few seconds */
#define WAVE 16            /* points of the grid at a time, between two looks at what they cost */
#define LAGS 4             /* of a point */
#define WIDE_JOBS 4        /* fits of many columns at a time, for their memory */
#define SKEW_SEEN 3e-5
#define SKEW_MAX 1e-3
#define SKEW_USUAL 5e-4

struct place {
	struct attr_shape shape;
	double rss;
	bool own; /* where the search began */
};

struct scan {
	struct attr_run *r;
	const struct erg_attr_state *st;
	size_t from, to, stride; /* readings */
	struct attr_nnls nnls;
	double *power;
	struct place *best; /* n of at most REFINED, ascending */
	size_t n;
	double segment; /* typical, ns */
	double lag_max; /* ns */
	double steps;   /* of the lag, in what it moves by */
	bool fine;      /* windows and lags as far apart as the minima of short layers are wide */
	double least;   /* residual, per row, below which all fit alike */
	double work, most; /* entries looked at, and how many may be */
};

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

static bool tired(const struct scan *s)
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

/* Residual of the stretch with SHAPE, per row; the powers in s->power. */
static int scan_at(struct scan *s, const struct attr_shape *shape, double *ret)
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
		if (row->apart < 0.999)
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

/* Two starts that Gauss-Newton would bring to one minimum. */
static bool alike(const struct place *a, const struct place *b, double segment)
{
	double w = fmax(attr_window_of(&a->shape), attr_window_of(&b->shape));

	return fabs(attr_delay_of(&a->shape) - attr_delay_of(&b->shape)) < fmax(w, segment) / 3 &&
		a->shape.rc_ns == b->shape.rc_ns && a->shape.window_ns == b->shape.window_ns &&
		a->shape.stale_ns == b->shape.stale_ns;
}

static void keep(struct scan *s, const struct place *p)
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
	if (i >= REFINED)
		return;
	s->n = s->n < REFINED ? s->n + 1 : REFINED;
	memmove(&s->best[i + 1], &s->best[i], (s->n - 1 - i) * sizeof(*s->best));
	s->best[i] = *p;
}

/* A lag that leaves part of a short run without a reading fits better for that: no more than PART of it. */
static double within_run(const struct scan *s, double lag, double part)
{
	const struct attr_view *v = &s->st->view;

	return fmin(lag, part * (double)(attr_begin(v, v->n) - v->t0));
}

/* The greatest lag of the grid. */
static double lag_max(const struct scan *s)
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
	struct place best[REFINED + 2];
	size_t n;
	struct erg_err err;
};

struct wave {
	const struct scan *s;
	struct point *point;
};

static int scan_point(void *data, size_t i)
{
	const struct wave *w = data;
	struct point *p = &w->point[i];
	struct attr_run run = *w->s->r;
	struct scan own = *w->s;
	double lag = p->lag;
	int rc;

	run.err = &p->err;
	own.r = &run;
	own.best = p->best;
	own.n = 0;
	rc = attr_nnls_init(&own.nnls, own.st->view.n_cols + 1, 1, run.err);
	for (int k = 0; k < LAGS && lag <= p->cell->most && !rc; k++, lag += p->cell->step) {
		struct place place = {.shape = p->cell->shape};

		place.shape.lag_ns = lag;
		rc = scan_at(&own, &place.shape, &place.rss);
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
static int scan_cells(struct scan *s, const struct cell *cell, size_t n)
{
	_cleanup_(erg_freep) struct point *point = calloc(WAVE, sizeof(*point));
	struct wave w = {.s = s, .point = point};
	double lag = NAN;
	size_t at = 0, m;
	int rc = 0;

	if (!point)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for a search");
	while (!rc && !tired(s) && (m = next_points(cell, n, &at, &lag, point))) {
		erg_progress("search for the sensor", at, n);
		rc = attr_crew_run(s->r->opt.jobs, m, NULL, scan_point, &w);
		for (size_t i = 0; i < m; i++) {
			if (rc < 0 && point[i].err.code && !s->r->err->code)
				*s->r->err = point[i].err;
			for (size_t j = 0; j < point[i].n; j++)
				keep(s, &point[i].best[j]);
			s->work += point[i].work;
			s->least = point[i].floor;
		}
	}
	return rc;
}

static double scan_step(const struct scan *s, const struct attr_shape *shape)
{
	double w = s->r->declared.kind == ERG_SENSOR_COUNTER ? s->st->readings.spacing_ns / 3
							     : attr_window_of(shape);

	if (s->fine)
		return fmax(s->segment / FINE_STEPS, 5e4);
	return fmax(fmax(fmax(w, shape->rc_ns), s->segment), 5e4) / s->steps;
}

static void set_lags(const struct scan *s, struct cell *c)
{
	c->step = scan_step(s, &c->shape);
	/* clocks that agreed when the run began do not in its middle */
	c->least = -fmin(SKEW_USUAL * c->shape.mid_ns, 2e7);
	c->most = lag_max(s);
}

static const double scan_tau[] = {0, 1.5e6, 6e6, 20e6};

/* The first N_TAU low-passes. */
static int scan_grid(struct scan *s, const struct attr_shape *base, size_t n_tau)
{
	static const double wide[] = {1, 0.15, 0.3, 0.5, 0.7, 1.5, 2.4, 4.5};
	const double *tau = scan_tau;
	bool window = base->kind != ERG_SENSOR_COUNTER;
	size_t n = window ? ERG_ARRAY_SIZE(wide) : 1;
	_cleanup_(erg_freep) struct cell *cell = calloc(n * n_tau, sizeof(*cell));

	if (!cell)
		return erg_fail(s->r->err, -ENOMEM, "out of memory for a search");
	for (size_t i = 0; i < n * n_tau; i++) {
		cell[i].shape = *base;
		cell[i].shape.window_ns *= window ? wide[i % n] : 1;
		cell[i].shape.rc_ns = tau[i / n];
		set_lags(s, &cell[i]);
	}
	return scan_cells(s, cell, n * n_tau);
}

/* Lags beyond the grid's: where iterations are alike a lag of some of them more or less fits a little, and
 * that of the grid which is nearest to the true one is not it. */
static int scan_far(struct scan *s, const struct attr_shape *base)
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

/* A window more and the edges of short layers lie elsewhere: many windows, no low-pass. */
static int scan_finely(struct scan *s, const struct attr_shape *base)
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

static void choose_stretch(struct scan *s)
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
static void family_of(const struct attr_run *r, struct attr_shape *ret)
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

static int by_rss(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->rss > y->rss) - (x->rss < y->rss);
}

/* Of places that fit alike (lags of whole iterations where these are all the same) the one nearest to
 * what was declared comes first. ROWS: readings that the fits are of. */
static void prefer_near(struct scan *s, size_t n, double rows)
{
	double lag = s->r->declared.lag_ns;
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if ((s->best[i].rss / s->best[0].rss - 1) * rows < SAME_FIT &&
			fabs(s->best[i].shape.lag_ns - lag) <
				fabs(s->best[best].shape.lag_ns - lag))
			best = i;
	if (best) {
		struct place p = s->best[best];

		memmove(&s->best[1], &s->best[0], best * sizeof(p));
		s->best[0] = p;
	}
}

/* Several places at a time, each with a run of its own. */
struct refining {
	struct scan *s;
	size_t from, to;
	double work[REFINED + 2], floor[REFINED + 2];
	struct erg_err err[REFINED + 2];
};

/* A run like R, for one place, with a solver of its own; POWER: room for its powers. */
static int run_beside(const struct attr_run *r, struct erg_attr_state *st, double *power,
	struct attr_run *ret)
{
	*st = *r->st;
	memset(&st->gram, 0, sizeof(st->gram));
	st->power = power;
	*ret = *r;
	ret->st = st;
	ret->sol.power = power;
	ret->of.power = NULL;
	ret->work = 0;
	ret->beside = true;
	return attr_nnls_init(&ret->nnls, st->view.n_cols + r->n_extra, r->n_extra, ret->err);
}

/* Gauss-Newton for place I. */
static int refine_place(void *data, size_t i)
{
	struct refining *f = data;
	struct place *p = &f->s->best[i];
	size_t cols = f->s->st->view.n_cols;
	_cleanup_(erg_freep) double *power = calloc(2 * cols + 2, sizeof(double));
	struct erg_attr_state st;
	struct attr_run run = *f->s->r, own;
	struct scan scan = *f->s;
	int rc;

	run.err = &f->err[i];
	if (!power)
		return erg_fail(run.err, -ENOMEM, "out of memory for %zu columns", cols);
	run.from = f->from;
	run.to = f->to;
	rc = run_beside(&run, &st, power, &own);
	memset(&scan.nnls, 0, sizeof(scan.nnls));
	scan.r = &own;
	if (!rc)
		rc = attr_nnls_init(&scan.nnls, cols + 1, 1, run.err);
	if (!rc)
		rc = scan_at(&scan, &p->shape, &p->rss);
	if (!rc) {
		memcpy(power + cols + 1, scan.nnls.x, cols * sizeof(double));
		st.shape = p->shape;
		rc = attr_descend(&own, power + cols + 1);
		p->shape = st.shape;
		p->rss = fmax(own.sol.rss_plain, scan.least);
	}
	f->floor[i] = scan.least;
	f->work[i] = scan.work - f->s->work + own.work;
	attr_gram_release(&st.gram);
	attr_nnls_release(&own.nnls);
	attr_nnls_release(&scan.nnls);
	free(own.of.power);
	return rc;
}

/* Gauss-Newton for the places, over readings FROM .. TO. */
static int refine_places(struct scan *s, size_t n, size_t from, size_t to)
{
	struct refining f = {.s = s, .from = from, .to = to};
	unsigned int jobs = s->r->opt.jobs;
	int rc;

	if (tired(s))
		return 0;
	if (s->st->view.n_cols > ATTR_SCORE_COLUMNS && (!jobs || jobs > WIDE_JOBS))
		jobs = WIDE_JOBS;
	rc = attr_crew_run(jobs, n, "search for the sensor", refine_place, &f);
	for (size_t i = 0; i < n; i++) {
		if (rc < 0 && f.err[i].code && !s->r->err->code)
			*s->r->err = f.err[i];
		s->work += f.work[i];
		s->least = f.floor[i];
	}
	if (rc < 0)
		return rc;
	erg_sort(s->best, n, sizeof(*s->best), by_rss);
	prefer_near(s, n, (double)(to - from));
	return 0;
}

/* Spread of the kernel, ns: a window and a low-pass of the same spread are hardly told apart. */
static double width_of(const struct attr_shape *s)
{
	double w = s->kind == ERG_SENSOR_COUNTER ? 0 : attr_window_of(s);

	return hypot(w / sqrt(12), attr_tau_of(s));
}

/* Places that came to one minimum are one. */
static bool one_basin(const struct scan *s, const struct attr_shape *a, const struct attr_shape *b)
{
	return fabs(attr_delay_of(a) - attr_delay_of(b)) < fmax(1e5, s->segment / 10) &&
		fabs(width_of(a) - width_of(b)) < fmax(5e4, s->segment / 10);
}

static size_t distinct(struct scan *s, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool same = false;

		for (size_t j = 0; j < kept; j++)
			same = same || one_basin(s, &s->best[j].shape, &s->best[i].shape);
		if (!same)
			s->best[kept++] = s->best[i];
	}
	return kept;
}

/* A clock that runs off blurs even the stretch: the best of a few, and of lags between those scanned. */
static int scan_clock(void *data, size_t i)
{
	static const double skew[] = {0, 5e-5, 1e-4, 2e-4, 3.5e-4, 5e-4};
	struct refining *f = data;
	struct attr_run run = *f->s->r;
	struct scan own = *f->s;
	struct place best = own.best[i];
	double step = scan_step(&own, &best.shape) / 3;
	int rc;

	run.err = &f->err[i];
	own.r = &run;
	rc = attr_nnls_init(&own.nnls, own.st->view.n_cols + 1, 1, run.err);
	for (size_t j = 0; j < 2 * ERG_ARRAY_SIZE(skew) * 3 && !rc && !tired(&own); j++) {
		struct place p = own.best[i];

		p.shape.skew = (j % 2 ? 1 : -1) * skew[j / 2 % ERG_ARRAY_SIZE(skew)];
		p.shape.lag_ns += step * ((double)(j / 2 / ERG_ARRAY_SIZE(skew)) - 1);
		rc = scan_at(&own, &p.shape, &p.rss);
		if (!rc && p.rss < best.rss)
			best = p;
	}
	attr_nnls_release(&own.nnls);
	f->work[i] = own.work - f->s->work;
	if (!rc)
		own.best[i] = best;
	return rc;
}

static int scan_clocks(struct scan *s)
{
	struct refining f = {.s = s};
	int rc = attr_crew_run(s->r->opt.jobs, s->n, "search for the sensor", scan_clock, &f);

	for (size_t i = 0; i < s->n; i++) {
		if (rc < 0 && f.err[i].code && !s->r->err->code)
			*s->r->err = f.err[i];
		s->work += f.work[i];
	}
	return rc;
}

/* From the stretch to the run. HERE: the minimum that the search began in is a place like others. */
static int grow(struct scan *s, const struct attr_shape *here)
{
	size_t n = s->st->readings.n, from = s->from, to = s->to;
	int rc;

	rc = scan_clocks(s);
	if (rc < 0)
		return rc;
	s->best[s->n++] = (struct place){.shape = *here, .own = true};
	rc = refine_places(s, s->n, from, to);
	s->n = rc ? 0 : distinct(s, s->n);
	while (!rc && !tired(s) && (from > 0 || to < n)) {
		size_t more =
			to - from > 2 ? to - from : 2; /* a stretch without readings grows, too */

		s->n = s->n < CARRIED ? s->n : CARRIED;
		from = from > more / 2 ? from - more / 2 : 0;
		to = n - to > more / 2 ? to + more / 2 : n;
		if (n - (to - from) < (to - from) / 4) {
			from = 0;
			to = n;
		}
		rc = refine_places(s, s->n, from, to);
		s->n = rc ? 0 : distinct(s, s->n);
	}
	return rc;
}

/* The fit of the run from place P on. */
static int descend_from(struct scan *s, const struct place *p)
{
	struct attr_run *r = s->r;
	double rss;
	int rc = scan_at(s, &p->shape, &rss);

	r->st->shape = p->shape;
	memcpy(s->power, s->nnls.x, s->st->view.n_cols * sizeof(double));
	return rc < 0 ? rc : attr_descend(r, s->power);
}

/* What the second best minimum says of the energies, where it fits as well. */
static int rival(struct scan *s)
{
	struct attr_run *r = s->r;
	struct erg_attr_state *st = r->st;
	double rows = (double)st->readings.n;
	int rc;

	if (s->n < 2 || fabs(s->best[1].rss / s->best[0].rss - 1) * rows > SAME_FIT)
		return 0;
	rc = descend_from(s, &s->best[1]);
	r->rival = calloc(st->n_classes + 1, sizeof(double));
	if (!r->rival)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", st->n_classes);
	attr_fitted_energies(&st->view, st->power, r->rival);
	return rc;
}

static int open_scan(struct scan *s, struct attr_run *r)
{
	size_t cols = r->st->view.n_cols;
	int rc;

	*s = (struct scan){.r = r, .st = r->st, .lag_max = LAG_MAX, .steps = 3};
	rc = attr_nnls_init(&s->nnls, cols + 1, 1, r->err);
	if (rc < 0)
		return rc;
	s->power = calloc(cols + 1, sizeof(double));
	s->best = calloc(REFINED + 2, sizeof(*s->best));
	if (!s->power || !s->best)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	s->most = fmax(WORK_PASSES * pass_work(r->st, r->st->readings.n), WORK_LEAST);
	choose_stretch(s);
	return 0;
}

static void close_scan(struct scan *s)
{
	erg_progress("search for the sensor", 1, 1);
	attr_nnls_release(&s->nnls);
	free(s->power);
	free(s->best);
}

/* What an audit sets aside. */
struct aside {
	struct attr_shape shape;
	struct attr_weights weights;
	bool psi[ATTR_PSI];
	double known_u[ATTR_PSI], tau_reach, *power;
};

static int set_aside(struct attr_run *r, struct aside *a)
{
	size_t cols = r->st->view.n_cols;

	a->shape = r->st->shape;
	a->weights = r->weights;
	a->tau_reach = r->tau_reach;
	memcpy(a->psi, r->psi, sizeof(a->psi));
	memcpy(a->known_u, r->known_u, sizeof(a->known_u));
	a->power = malloc((cols + 1) * sizeof(double));
	if (!a->power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	memcpy(a->power, r->st->power, cols * sizeof(double));
	attr_trust_nothing(r);
	memset(&r->weights, 0, sizeof(r->weights));
	return 0;
}

/* The fit as it was, with a pass to have its sums again. */
static int take_back(struct attr_run *r, struct aside *a)
{
	r->st->shape = a->shape;
	r->weights = a->weights;
	r->tau_reach = a->tau_reach;
	memcpy(r->psi, a->psi, sizeof(a->psi));
	memcpy(r->known_u, a->known_u, sizeof(a->known_u));
	memcpy(r->st->power, a->power, r->st->view.n_cols * sizeof(double));
	return attr_fit_step(r);
}

/* Whether HERE is the only sensor of few that the stretch follows from, as it does from nothing near it. */
static int audit_stretch(struct scan *s, const struct attr_shape *here, bool *ret_held)
{
	double rows = (double)(s->to - s->from), as_fitted = INFINITY;
	size_t stride = s->stride, own = 0;
	struct attr_shape base;
	int rc;

	family_of(s->r, &base);
	base.skew = here->skew;
	rc = scan_grid(s, &base, 1);
	/* what was seen of the grid is looked at, however much that cost */
	s->most += s->work;
	s->stride = 1;
	if (!rc)
		rc = scan_at(s, here, &as_fitted);
	s->stride = stride;
	if (rc < 0)
		return rc;
	s->n = s->n < AUDITED ? s->n : AUDITED;
	s->best[s->n++] = (struct place){.shape = *here, .own = true};
	rc = refine_places(s, s->n, s->from, s->to);
	while (own + 1 < s->n && !s->best[own].own)
		own++;
	*ret_held = (as_fitted / s->best[0].rss - 1) * rows <= fmax(SAME_FIT, SAME_SHARE * rows);
	for (size_t i = 0; i < s->n; i++)
		if ((s->best[i].rss / s->best[own].rss - 1) * rows <= SAME_FIT &&
			!one_basin(s, &s->best[i].shape, &s->best[own].shape))
			*ret_held = false;
	/* not seen to the end: only what no test has anything against may stand */
	if (tired(s))
		*ret_held = s->r->misfit.declared_right;
	return rc;
}

int attr_audit(struct attr_run *r, bool *ret_held)
{
	struct scan s = {0};
	struct aside aside = {0};
	int rc = open_scan(&s, r);

	*ret_held = true;
	s.stride = 1 + (s.to - s.from) / AUDIT_ROWS;
	s.lag_max = LAG_MAX / 2;
	s.steps = 2;
	if (!rc)
		rc = set_aside(r, &aside);
	if (!rc)
		rc = audit_stretch(&s, &aside.shape, ret_held);
	if (!rc)
		rc = take_back(r, &aside);
	free(aside.power);
	close_scan(&s);
	return rc;
}

int attr_search(struct attr_run *r, bool fine)
{
	struct scan s;
	size_t cols = r->st->view.n_cols;
	struct attr_shape base, here = r->st->shape;
	int rc = open_scan(&s, r);

	family_of(r, &base);
	free(r->rival);
	r->rival = NULL;
	if (!rc)
		rc = fine ? scan_finely(&s, &base) : scan_grid(&s, &base, ERG_ARRAY_SIZE(scan_tau));
	if (!rc && !fine && !r->st->readings.stale && base.stale_ns > 0) {
		/* readings that do not repeat may be as fresh as they are new */
		base.stale_ns = 0;
		base.phase = -1;
		rc = scan_grid(&s, &base, 1);
	}
	if (!rc && !fine)
		rc = scan_far(&s, &base);
	if (!rc)
		rc = grow(&s, &here);
	if (!rc && s.n && !tired(&s))
		rc = rival(&s);
	r->misfit.stopped = tired(&s) || (s.n && s.best[0].shape.lag_ns > LAG_BELIEVED);
	if (!rc && s.n && !tired(&s)) {
		rc = descend_from(&s, &s.best[0]);
	} else if (!rc) {
		/* a search that was cut short has seen no more than the fit before it */
		r->st->shape = here;
		memcpy(s.power, r->st->power, cols * sizeof(double));
		rc = attr_descend(r, s.power);
	}
	close_scan(&s);
	return rc;
}
