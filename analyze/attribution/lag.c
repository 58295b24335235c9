/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lag and window from the data. Attribution below the sensor's resolution stands or falls with the
 * lag: 100 us unknown cost 7 % of a layer of a millisecond. The residual of the least squares is
 * least where the model's edges lie on the true ones, so: a coarse grid over the lag (and over what
 * the model leaves open: window, phase of the conversions, staleness), then Gauss-Newton with the
 * derivative by the lag as one more column. The curvature gives the uncertainty, which is the
 * chi-square interval of the residual {l: RSS(l) <= RSS_min (1 + 3.84 / M)} to first order.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/lag.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define COARSE_ROWS 4000
#define COARSE_ROWS_EMA 1500
#define FINE_ROWS 30000
#define COARSE_WORK 6e7 /* operations of all coarse evaluations together, roughly */
#define FINE_WORK 6e6   /* of one fine evaluation */
#define ROWS_MIN 300
#define PHASE_STEP (1. / 2000) /* of the period */
#define GRID_MAX 160
#define COARSE_SEGMENTS 200   /* a window with more sees no edges worth a dense grid */
#define WINDOW_WORK 6e7       /* of one evaluation while a window is searched that grows */
#define WINDOW_SEGMENTS 10000 /* a window with more is not told from one with half as many */

struct search {
	const struct attr_view *v;
	const struct attr_readings *r;
	size_t first, coarse_end, fine_end; /* readings */
	struct attr_nnls nnls;
	double *power; /* n_cols */
	double rss;    /* per row, of the last evaluation */
	size_t rows;
	double slope_var; /* variance of the lag by the last joint fit, ns^2; < 0: none */
	double delta;
	double lo, hi, step; /* of the lag, ns */
	size_t stales; /* ways to see updates: 1 at any time before the reading, 2 and at once, 10
				and like clockwork at 8 phases */
	struct erg_err *err;
};

/* A second minimum counts as ruled out when the residual there is greater by this many variances of
 * a reading: 3.84 (chi-square, one parameter, 95 %) times 4 for readings that are not independent
 * and for the many lags that were tried. */
#define RULED_OUT 15.4

/* Fits the readings first .. end with SHAPE; JOINT: with the derivative column. */
static int evaluate(struct search *s, const struct attr_shape *shape, size_t end, bool joint)
{
	struct attr_kernel k;
	struct attr_gram g;
	struct attr_row *row;
	size_t dim = s->v->n_cols + 1;
	double *sum, *h, *n, sy;
	int r = attr_gram_init(&g, s->v->n_cols, 1, s->v->t0, attr_begin(s->v, s->v->n), 1e30, 1,
		s->err);

	if (r < 0)
		return r;
	r = attr_kernel_open(&k, s->v, s->r, shape, s->first, end, s->err);
	if (r < 0) {
		attr_gram_release(&g);
		return r;
	}
	k.power = joint ? s->power : NULL;
	while ((row = attr_kernel_next(&k)))
		if (attr_row_counts(s->v, row))
			attr_gram_add(&g, row);
	sum = g.sum;
	h = attr_sum_h(sum, dim);
	n = attr_sum_n(sum, dim);
	attr_nnls_solve(&s->nnls, sum, h);
	sy = n[2];
	for (size_t i = 0; i < dim; i++)
		sy -= h[i] * s->nnls.x[i];
	s->rows = g.rows;
	s->rss = g.rows ? fmax(sy, 0) / (double)g.rows : INFINITY;
	memcpy(s->power, s->nnls.x, s->v->n_cols * sizeof(double));
	s->delta = s->nnls.x[dim - 1];
	s->slope_var = -1;
	if (joint && sum[attr_tri(dim, dim - 1, dim - 1)] > 0 && g.rows > dim) {
		double inv = attr_nnls_spread_one(&s->nnls, sum, dim - 1);

		if (!isnan(inv))
			s->slope_var = inv * s->rss * (double)g.rows / (double)(g.rows - dim);
	}
	attr_kernel_close(&k);
	attr_gram_release(&g);
	return 0;
}

/* What a coarse grid over the lag found. */
struct coarse {
	double rss;    /* least, per row */
	double spread; /* the greatest over the least, less 1 */
	double apart;  /* ns from the best to the farthest lag that is not ruled out */
};

static int grid(struct search *s, struct attr_shape *shape, struct coarse *ret)
{
	double rss[GRID_MAX + 8], worst = 0, best_lag = shape->lag_ns;
	size_t n = 0, rows = 0;

	ret->rss = INFINITY;
	for (double lag = s->lo; lag <= s->hi + s->step / 2 && n < GRID_MAX + 8; lag += s->step) {
		int r;

		shape->lag_ns = lag;
		r = evaluate(s, shape, s->coarse_end, false);
		if (r < 0)
			return r;
		rss[n++] = s->rows < 20 ? INFINITY : s->rss;
		if (s->rows < 20)
			continue;
		rows = s->rows;
		worst = fmax(worst, s->rss);
		if (s->rss < ret->rss) {
			ret->rss = s->rss;
			best_lag = lag;
		}
	}
	shape->lag_ns = best_lag;
	ret->spread = ret->rss > 0 && isfinite(ret->rss) ? worst / ret->rss - 1 : 0;
	ret->apart = 0;
	for (size_t i = 0; i < n; i++)
		if (rss[i] < ret->rss *
				(1 +
					RULED_OUT /
						(double)(rows > s->v->n_cols ? rows - s->v->n_cols
									     : 1)))
			ret->apart = fmax(ret->apart, fabs(s->lo + (double)i * s->step - best_lag));
	return 0;
}

/* One step of Gauss-Newton of at most s->step from a lag just evaluated, halved until the residual
 * falls. Returns 1 when it did, 0 at the minimum; slope_var is that of the lag left in SHAPE. */
static int descend(struct search *s, struct attr_shape *shape)
{
	double from = shape->lag_ns, best = s->rss, delta;
	int r = evaluate(s, shape, s->fine_end, true);

	if (r < 0 || s->slope_var < 0)
		return r;
	delta = fmax(fmin(s->delta, s->step), -s->step);
	if (fabs(delta) < 0.05 * sqrt(s->slope_var) + 10)
		return 0;
	for (int half = 0; half < 3; half++, delta /= 2) {
		shape->lag_ns = from + delta;
		r = evaluate(s, shape, s->fine_end, false);
		if (r < 0)
			return r;
		if (s->rss < best)
			return 1;
	}
	shape->lag_ns = from;
	return evaluate(s, shape, s->fine_end, true);
}

static int refine(struct search *s, struct attr_shape *shape)
{
	int r = evaluate(s, shape, s->fine_end, false);

	if (r < 0)
		return r;
	r = 1;
	for (int it = 0; it < 8 && r > 0; it++)
		r = descend(s, shape);
	return r > 0 ? evaluate(s, shape, s->fine_end, true) : r;
}

/* Segments per ns from FROM on: what a window costs. */
static double density(const struct attr_view *v, size_t from)
{
	size_t to = from + 100000 < v->n ? from + 100000 : v->n;

	return (double)(to - from) / (double)(attr_begin(v, to) - attr_begin(v, from) + 1);
}

static double segments_seen(const struct search *s, const struct attr_shape *shape)
{
	return attr_kernel_ops_of(shape->kind)->memory(shape, s->r) *
		density(s->v, attr_view_find(s->v, s->r->t[s->first]));
}

/* Operations of one row: segments in the window and products of the columns they make. */
static double row_work(const struct search *s, const struct attr_shape *shape)
{
	double per_ns = density(s->v, attr_view_find(s->v, s->r->t[s->first]));
	double n = segments_seen(s, shape) + 2, k = fmin(n, (double)s->v->n_cols);

	if (shape->kind == ERG_SENSOR_EMA)
		n = (double)s->v->n_cols + s->r->spacing_ns * per_ns;
	return 10 + n + k * k / 2;
}

static double least_rows(const struct search *s)
{
	return fmax(ROWS_MIN, 12 * (double)s->v->n_cols);
}

/* The readings of the searches: from the first that saw the work on, as many as the work allows. */
static void choose_rows(struct search *s, const struct attr_shape *shape)
{
	double coarse = shape->kind == ERG_SENSOR_EMA ? COARSE_ROWS_EMA : COARSE_ROWS, work;
	double fine = FINE_ROWS, evaluations = (s->hi - s->lo) / s->step + 1, least;
	size_t n = s->r->n - s->first;

	work = row_work(s, shape);
	evaluations *= shape->stale_ns > 0 ? (double)s->stales : 1;
	least = least_rows(s);
	coarse = fmax(fmin(coarse, COARSE_WORK / (work * evaluations)), least);
	fine = fmax(fmin(fine, FINE_WORK / work), 4 * least);
	s->coarse_end = s->first + ((double)n < coarse ? n : (size_t)coarse);
	s->fine_end = s->first + ((double)n < fine ? n : (size_t)fine);
}

static void find_first(struct search *s)
{
	const struct attr_view *v = s->v;
	size_t i = 0;

	while (i + 1 < v->n && v->col_apart[v->col[attr_first(v, i)]])
		i++;
	while (s->first + 1 < s->r->n && s->r->t[s->first] < attr_begin(v, i))
		s->first++;
}

static void choose_range(struct search *s, const struct attr_shape *shape, double u0)
{
	double window = attr_kernel_ops_of(shape->kind)->memory(shape, s->r);
	double segment = attr_view_typical_ns(s->v, attr_view_find(s->v, s->r->t[s->first]));
	double reach = u0 > 0 ? fmax(4 * u0, shape->stale_ns / 10)
			      : fmin(window, 20e6) + fmin(s->r->spacing_ns, 20e6);
	double back = u0 > 0 ? reach : fmin(reach, fmax(shape->lag_ns, 0) + segment / 2);

	s->lo = shape->lag_ns - back;
	s->hi = shape->lag_ns + reach;
	s->step = fmax(fmin(window, segment) / 3, 5e3);
	s->stales = segments_seen(s, shape) < COARSE_SEGMENTS ? 10 : 1;
	s->step = fmax(s->step, (s->hi - s->lo) / (s->stales > 1 ? GRID_MAX : GRID_MAX / 4));
	/* the model's own lag lies on the grid */
	s->lo = shape->lag_ns - ceil(back / s->step) * s->step;
	/* no reading precedes its window, but for an error of the clocks; and there is none */
	while (u0 <= 0 && shape->lag_ns >= 0 && (!s->r->stale || s->r->at_updates) &&
		s->lo + s->step < attr_least_lag(s->r))
		s->lo += s->step;
}

/* What the model leaves open, one candidate per index; false at the end. */
static bool candidate(const struct attr_shape *start, const struct attr_readings *r, double segment,
	bool window, size_t stales, size_t i, struct attr_shape *ret)
{
	static const double factor[] = {0.02, 0.05, 0.1, 0.25, 0.5, 1, 2};

	*ret = *start;
	if (start->kind == ERG_SENSOR_EMA && start->period_ns > 0) {
		bool phases = start->period_ns > 0.2 * segment;

		ret->phase = i ? (double)(i - 1) / 8 : -1;
		return i < (phases ? 9 : 1);
	}
	if (window && start->kind != ERG_SENSOR_COUNTER) {
		ret->window_ns = factor[i < 7 ? i : 6] * fmax(r->spacing_ns, 2 * r->period_ns);
		ret->tau_ns = ret->window_ns;
		if (start->window_ns <= 0 || i < 7)
			return i < 7;
		*ret = *start;
		return i == 7;
	}
	if (i == 1)
		ret->stale_ns = 0;
	if (i > 1)
		ret->phase = (double)(i - 2) / 8;
	return i < (start->stale_ns > 0 ? stales : 1);
}

static void scale_window(struct attr_shape *shape, double factor)
{
	double was = shape->kind == ERG_SENSOR_EMA ? shape->tau_ns : shape->window_ns;

	shape->window_ns *= factor;
	shape->tau_ns *= factor;
	/* the middle of the window stays */
	shape->lag_ns -= (factor - 1) * was / (shape->kind == ERG_SENSOR_EMA ? 1 : 2);
}

/* The window of NEXT may see so much that fewer readings must do; then SHAPE is fitted to those
 * again, for what is compared must be of the same readings. BEST: its residual. */
static int afford(struct search *s, const struct attr_shape *shape, const struct attr_shape *next,
	double *best)
{
	double rows = fmax(WINDOW_WORK / row_work(s, next), 4 * least_rows(s));
	int r;

	if ((double)(s->fine_end - s->first) <= rows)
		return 0;
	s->fine_end = s->first + (size_t)rows;
	r = evaluate(s, shape, s->fine_end, false);
	*best = s->rss;
	return r;
}

/* Pattern search over the window, the lag following by Gauss-Newton. */
static int refine_window(struct search *s, struct attr_shape *shape)
{
	double factor = 1.4, best;
	int r = refine(s, shape);

	best = s->rss;
	while (!r && factor > 1.005) {
		bool better = false;

		for (int dir = 0; dir < 2 && !better; dir++) {
			struct attr_shape t = *shape;

			scale_window(&t, dir ? 1 / factor : factor);
			if (!dir && segments_seen(s, &t) > WINDOW_SEGMENTS)
				continue;
			r = afford(s, shape, &t, &best);
			if (r >= 0)
				r = refine(s, &t);
			if (r < 0)
				return r;
			if (s->rss < best * (1 - 1e-6)) {
				best = s->rss;
				*shape = t;
				better = true;
			}
		}
		if (!better)
			factor = sqrt(factor);
	}
	return r < 0 ? r : refine(s, shape);
}

/* By a part of the period, which is all the same a whole one later. */
static void move_phase(struct attr_shape *shape, double by)
{
	shape->phase += by;
	shape->phase += shape->phase < 0;
	shape->lag_ns += by * shape->period_ns;
}

/* Phase of the updates, finer than the candidates: which update a reading saw, at the same times of
 * them; or other times, since the coarse search may have ended beside the true minimum. */
static int refine_phase(struct search *s, struct attr_shape *shape)
{
	int r = evaluate(s, shape, s->fine_end, false);
	double best = s->rss;

	if (shape->phase < 0)
		return r;
	for (double step = 1. / 8; !r && step > PHASE_STEP; step /= 2)
		for (int way = 0, stays = 0; stays < 4 && !r; way = (way + 1) % 4, stays++) {
			struct attr_shape t = *shape;
			double by = way % 2 ? step : -step;

			if (way < 2)
				move_phase(&t, by);
			else
				t.lag_ns += by * t.period_ns;
			if (way >= 2 && (t.lag_ns < s->lo || t.lag_ns > s->hi))
				continue;
			r = evaluate(s, &t, s->fine_end, false);
			if (!r && s->rss < best) {
				best = s->rss;
				*shape = t;
				stays = -1;
				way--;
			}
		}
	return r;
}

static int run_search(struct search *s, const struct attr_shape *start, bool window,
	struct attr_shape *ret, struct coarse *ret_coarse)
{
	double segment = attr_view_typical_ns(s->v, attr_view_find(s->v, s->r->t[s->first]));
	struct attr_shape t;
	int r = 0;

	*ret = *start;
	ret_coarse->rss = INFINITY;
	for (size_t i = 0; candidate(start, s->r, segment, window, s->stales, i, &t); i++) {
		struct coarse c;

		r = grid(s, &t, &c);
		if (r < 0)
			return r;
		if (c.rss < ret_coarse->rss * (1 - 1e-3) || !i) {
			*ret_coarse = c;
			*ret = t;
		}
	}
	if (window)
		return refine_window(s, ret);
	r = refine(s, ret);
	if (r < 0 || ret->phase < 0)
		return r;
	r = refine_phase(s, ret);
	return r < 0 ? r : refine(s, ret);
}

/* The fit with the lag that was given; what else is open is searched. */
static int fixed(struct search *s, const struct attr_shape *start, bool window,
	struct attr_fit *ret)
{
	struct coarse c;
	int r;

	s->lo = s->hi = start->lag_ns;
	s->step = 1;
	s->stales = 2;
	choose_rows(s, start);
	(void)window;
	r = run_search(s, start, false, &ret->shape, &c);
	if (r < 0)
		return r;
	ret->shape.lag_ns = start->lag_ns;
	return evaluate(s, &ret->shape, s->fine_end, false);
}

static int searched(struct search *s, const struct erg_rail *rail, const struct attr_shape *start,
	bool window, struct attr_fit *ret)
{
	double u0 = (double)rail->model.lag_u_ns, u;
	struct coarse c;
	int r;

	choose_range(s, start, u0);
	choose_rows(s, start);
	r = run_search(s, start, window, &ret->shape, &c);
	if (r < 0)
		return r;
	u = s->slope_var > 0 ? sqrt(s->slope_var) : INFINITY;
	ret->window_fitted = window;
	/* found: a minimum that the noise cannot make, the only one, sharper than what was known */
	if (isfinite(u) && u < (s->hi - s->lo) / 8 && c.apart <= fmax(2.1 * s->step, 8 * u) &&
		c.spread * (double)(s->coarse_end - s->first) > 20 && (u0 <= 0 || u < u0)) {
		ret->lag_u_ns = u;
		ret->estimated = true;
		return 0;
	}
	ret->shape.lag_ns = start->lag_ns;
	ret->lag_u_ns = u0 > 0 ? u0 : (s->hi - s->lo) / 4;
	return evaluate(s, &ret->shape, s->fine_end, false);
}

int attr_lag_search(const struct attr_view *v, const struct attr_readings *r,
	const struct erg_rail *rail, const struct erg_attr_options *opt,
	const struct attr_shape *start, struct attr_fit *ret, struct erg_err *err)
{
	struct search s = {.v = v, .r = r, .err = err};
	bool open = start->kind == ERG_SENSOR_EMA ? start->period_ns <= 0 : start->window_ns <= 0;
	bool window = opt->fit_window ||
		(open && start->kind != ERG_SENSOR_COUNTER &&
			rail->model.provenance == ERG_PROVENANCE_ASSUMED);
	int rc;

	memset(ret, 0, sizeof(*ret));
	ret->shape = *start;
	s.power = calloc(v->n_cols + 1, sizeof(double));
	if (!s.power)
		return erg_fail(err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	rc = attr_nnls_init(&s.nnls, v->n_cols + 1, 1, err);
	if (!rc) {
		find_first(&s);
		if (opt->lag == ERG_LAG_AUTO) {
			rc = searched(&s, rail, start, window, ret);
		} else {
			ret->lag_u_ns = opt->lag == ERG_LAG_OVERRIDE ? opt->lag_u_ns
								     : (double)rail->model.lag_u_ns;
			rc = fixed(&s, start, window, ret);
		}
	}
	attr_nnls_release(&s.nnls);
	ret->rss = s.rss;
	ret->power = s.power;
	if (rc < 0) {
		free(s.power);
		ret->power = NULL;
	}
	return rc;
}
