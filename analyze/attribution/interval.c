/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Energy of a stretch of time, whatever ran in it. A counter gives it by its difference. Mean
 * power gives it by the trapezoid over the readings; where the readings' windows leave time
 * between them this is a sample, whose variance follows from the differences of neighbours. What
 * lies in gaps counts at the mean power of the rest, each gap off by as much as readings are. For
 * the whole run such a sampling sensor does better with the layers' help: their times are exact,
 * so only what the model leaves unexplained is sampled (the regression estimator of Cochran 1977,
 * chapter 7). A sampler nearly in step with the work sees some layers too often for seconds on end,
 * and its neighbouring readings are alike: their differences then tell nothing of that error, but
 * the fit does, and what it finds widens every interval of the run.
 */
#include <math.h>

#include "analyze/attribution/internal.h"

/* From this share of time inside of windows the readings are an integral, not a sample. */
#define WHOLE 0.9

struct sum {
	double energy, time; /* W ns, ns */
	double diff2, n, peak, last;
	double sum, sum2;       /* W, W^2: of the readings */
	double seen_to, holes2; /* ns: where the pieces so far end; ns^2: time left out between them */
	double dt, dt2, pairs; /* ns: readings without a gap between them */
	double edges; /* ns: before the first and after the last reading */
};

static double seen_share(const struct erg_attr_state *st)
{
	double spacing = st->readings.stale ? fmax(st->readings.period_ns, st->readings.spacing_ns)
					    : st->readings.spacing_ns;

	if (st->shape.kind == ERG_SENSOR_COUNTER || spacing <= 0)
		return 1;
	/* an ema averages like a boxcar of two time constants, which is half of its memory */
	return fmin((st->shape.kind == ERG_SENSOR_EMA ? (st->memory_ns - st->shape.period_ns) / 2
						     : st->shape.window_ns) / spacing, 1);
}

static void add_reading(struct sum *s, double w)
{
	s->peak = s->n && s->peak > w ? s->peak : w;
	s->sum += w;
	s->sum2 += w * w;
	s->n++;
}

static void add_hole(struct sum *s, double to)
{
	if (to > s->seen_to)
		s->holes2 += (to - s->seen_to) * (to - s->seen_to);
}

/* Adds the part of a piece from T0 (y0) to T1 (y1), linear between, that lies in B .. E. Pieces come
 * in order of time. */
static void add_piece(struct sum *s, double t0, double y0, double t1, double y1, double b, double e)
{
	double from = fmax(t0, b), to = fmin(t1, e), slope = t1 > t0 ? (y1 - y0) / (t1 - t0) : 0;

	if (to <= from)
		return;
	s->energy += (to - from) * (y0 + slope * ((from + to) / 2 - t0));
	s->time += to - from;
	add_hole(s, from);
	s->seen_to = to;
}

static void add_gap(struct sum *s, const struct erg_attr_state *st, double t0, double y0, double t1,
	double y1, double b, double e)
{
	double hold = st->reach_ns + st->memory_ns / 2;

	if (t1 - t0 <= 2 * hold) {
		add_piece(s, t0, y0, t1, y1, b, e);
		return;
	}
	add_piece(s, t0, y0, t0 + hold, y0, b, e);
	add_piece(s, t1 - hold, y1, t1, y1, b, e);
}

/* Mean power: readings at the middle of their windows. */
static void sum_power(const struct erg_attr_state *st, double b, double e, struct sum *s)
{
	const struct attr_readings *r = &st->readings;
	double middle = st->shape.kind == ERG_SENSOR_EMA ? 0.25 : 0.5, before = 0, y = 0;
	double hold = st->reach_ns + st->memory_ns / 2;
	double shift = middle * st->memory_ns - (RC_SEEN / 2. - 1) * st->shape.rc_ns;

	for (size_t m = 0; m < r->n; m++) {
		double t = attr_lagged(&st->view, &st->shape, r->t[m]) - shift;

		if (!m)
			add_piece(s, t - hold, r->v[m], t, r->v[m], b, e);
		else
			add_gap(s, st, before, y, t, r->v[m], b, e);
		if (m && t >= b && t < e)
			s->diff2 += (r->v[m] - y) * (r->v[m] - y);
		if (m && t >= b && t < e && t - before <= 2 * hold) {
			s->dt += t - before;
			s->dt2 += (t - before) * (t - before);
			s->pairs++;
		}
		if (t >= b && t < e)
			add_reading(s, r->v[m]);
		before = t;
		y = r->v[m];
	}
	add_piece(s, before, y, before + hold, y, b, e);
}

/* Power between readings M - 1 and M of a counter, W; below 0 when it was set back. */
static double counter_w(const struct attr_readings *r, size_t m)
{
	return (r->v[m] - r->v[m - 1]) / (double)(r->t[m] - r->t[m - 1]) * 1e9;
}

/* Before the first and after the last reading power goes on for as long as they are apart. */
static void add_edge(const struct erg_attr_state *st, size_t m, double side, double b, double e,
	struct sum *s)
{
	const struct attr_readings *r = &st->readings;
	double reach = fmin((double)(r->t[m] - r->t[m - 1]), st->reach_ns), before = s->time;
	double t = attr_lagged(&st->view, &st->shape, r->t[side < 0 ? m - 1 : m]);
	double w = fmax(counter_w(r, m), 0);

	add_piece(s, fmin(t, t + side * reach), w, fmax(t, t + side * reach), w, b, e);
	s->edges += s->time - before;
}

/* A counter: linear between readings, so the pieces are of constant power. */
static void sum_counter(const struct erg_attr_state *st, double b, double e, struct sum *s)
{
	const struct attr_readings *r = &st->readings;

	if (r->n < 2)
		return;
	add_edge(st, 1, -1, b, e, s);
	for (size_t m = 1; m < r->n; m++) {
		double t1 = attr_lagged(&st->view, &st->shape, r->t[m]);
		double dt = (double)(r->t[m] - r->t[m - 1]), w = counter_w(r, m);

		if (w < 0 || t1 <= b || t1 - dt >= e)
			continue;
		add_piece(s, t1 - dt, w, t1, w, b, e);
		s->diff2 += s->n ? (w - s->last) * (w - s->last) : 0;
		s->last = w;
		add_reading(s, w);
	}
	add_edge(st, r->n - 1, 1, b, e, s);
}

/* Variance of the power itself, of which a long window shows little: between the columns, W^2. */
static double power_variance(const struct erg_attr_state *st)
{
	double t = 0, e = 0, e2 = 0;

	for (size_t c = 0; c < st->view.n_cols; c++) {
		if (st->view.col_apart[c] || st->gram.windows[c] <= 0)
			continue;
		t += st->view.col_time[c];
		e += st->view.col_time[c] * st->power[c];
		e2 += st->view.col_time[c] * st->power[c] * st->power[c];
	}
	return t > 0 ? fmax(e2 / t - e * e / (t * t), 0) : 0;
}

/* Readings come at unsteady distances: windows that should lie side by side leave time out and see
 * other time twice. Variance of the sum, J^2. */
static double unsteady(const struct erg_attr_state *st, const struct sum *s, double s2)
{
	double mean = s->pairs > 0 ? s->dt / s->pairs : 0;
	double var = s->pairs > 0 ? fmax(s->dt2 / s->pairs - mean * mean, 0) : 0;

	return s->pairs * var * 1e-18 * fmax(s2, power_variance(st));
}

/* Variance of what lies in holes, J^2: each at a power of its own, as far from the mean as readings
 * are. Readings after long means vary less than the power does. */
static double holes_u2(const struct erg_attr_state *st, const struct sum *s)
{
	double mean = s->n > 0 ? s->sum / s->n : 0;
	double s2 = s->n > 0 ? fmax(s->sum2 / s->n - mean * mean, 0) : 0;

	return s->holes2 * 1e-18 * fmax(s2, power_variance(st));
}

static double run_s(const struct erg_attr_state *st)
{
	return (double)(attr_begin(&st->view, st->view.n) - st->view.t0) * 1e-9;
}

/* Standard uncertainty of the sum, J. */
static double sum_u(const struct erg_attr_state *st, const struct sum *s)
{
	double mean = s->time > 0 ? fabs(s->energy / s->time) : 0, edge;
	double step = st->readings.stale ? st->readings.period_ns : st->readings.spacing_ns;
	double f = seen_share(st), s2 = s->n > 1 ? s->diff2 / (2 * (s->n - 1)) : 0, var;

	if (st->shape.kind == ERG_SENSOR_COUNTER) {
		edge = mean * fmax(st->shape.stale_ns, 0) * 1e-9;
		return sqrt(2 * (edge * edge + st->rail.lsb_w * st->rail.lsb_w) / 12 +
			s2 * s->edges * s->edges * 1e-18 * 2);
	}
	edge = sqrt(s2) * (step + st->memory_ns / 2) * 1e-9;
	var = unsteady(st, s, s2) + edge * edge / 6;
	s2 = (1 - f) * s2 + st->rail.lsb_w * st->rail.lsb_w / 12;
	var += st->alias_j * st->alias_j * s->time * 1e-9 / run_s(st);
	return sqrt(s->time * s->time * 1e-18 * s2 / fmax(s->n, 1) + var);
}

/* What rounding may do to the mean, W. */
static double quantum_w(const struct erg_attr_state *st, const struct sum *s)
{
	double q = st->rail.lsb_w, noise = s->n > 1 ? s->diff2 / (2 * (s->n - 1)) : 0;

	if (st->shape.kind == ERG_SENSOR_COUNTER || q <= 0)
		return 0;
	return attr_rounding_bias(sqrt(noise), q);
}

struct erg_est erg_attr_interval(const struct erg_attr *a, uint64_t begin, uint64_t end,
	double *ret_coverage, double *ret_peak_w)
{
	const struct erg_attr_state *st = a->state;
	double b = (double)(int64_t)(begin - st->view.t0), u;
	double e = (double)(int64_t)(end - st->view.t0);
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;
	struct sum s = {.seen_to = b};
	struct attr_parts p;
	double all;

	if (counter)
		sum_counter(st, b, e, &s);
	else
		sum_power(st, b, e, &s);
	add_hole(&s, e);
	if (ret_coverage)
		*ret_coverage = e > b ? s.time / (e - b) : 0;
	if (ret_peak_w)
		*ret_peak_w = s.n > 0 ? s.peak : NAN;
	if (s.time < ATTR_ENOUGH * (e - b) || s.n < 1 || (st->locked && seen_share(st) < WHOLE))
		return erg_est_because(s.time < ATTR_ENOUGH * (e - b) || s.n < 1 ?
			erg_attr_gate_name(ERG_GATE_UNSEEN) : erg_attr_gate_name(ERG_GATE_LOCKED), 0);
	all = (e - b) / s.time;
	u = 1.959964 * hypot(all * sum_u(st, &s), sqrt(holes_u2(st, &s)));
	p.value = all * s.energy * 1e-9;
	p.lo = p.value - u;
	p.hi = p.value + u;
	p.syst = fabs(p.value) * st->rail.gain_max +
		(e - b) * 1e-9 * (st->rail.offset_max + quantum_w(st, &s));
	return attr_parts_est(&p, 1, counter ? "counter" : "direct");
}

/* From this coverage on the readings' own integral is that of the whole run. */
#define ALL 0.99

/* So many readings a column, and the fit's interval may be believed: with hardly more readings than
 * layers a fit can be anywhere. */
#define FOUNDED 20

/* Of the whole run, by the readings alone less by the fit: J, and 0 where both say the same. */
static double apart(const struct erg_est *fit, const struct erg_est *plain)
{
	double room = (fit->hi - fit->lo + plain->hi - plain->lo) / 2;

	return fabs(fit->value - plain->value) > room ? plain->value - fit->value : 0;
}

/*
 * Of the two ways the one with the narrower interval, where both say the same: readings that come
 * thick and fast need no layers' help. Where they do not, the readings have seen the layers in
 * shares that are not those of the run, which only the fit knows of. Across a gap only the layers'
 * times reach.
 */
static bool fit_is_better(const struct erg_attr_state *st, const struct erg_est *fit,
	const struct erg_est *plain, double coverage)
{
	if (!erg_est_resolved(plain))
		return coverage >= ATTR_ENOUGH;
	if (apart(fit, plain) != 0)
		return st->gram.rows >= FOUNDED * st->view.n_cols;
	return coverage < ALL || fit->hi - fit->lo <= plain->hi - plain->lo;
}

static struct erg_est fit_total(const struct erg_attr *a)
{
	double *ones = calloc(a->n_classes + 1, sizeof(double));
	struct erg_est e = ERG_EST_UNRESOLVED;
	struct attr_parts p;

	for (size_t c = 0; ones && c < a->n_classes; c++)
		ones[c] = 1;
	if (ones) {
		attr_parts_of(a->state, ones, false, &p);
		e = attr_parts_est(&p, 1, "nnls");
	}
	free(ones);
	return e;
}

/* ETS by the better of the two ways, EDP and ED2P: the time is exact, so the products of the
 * replicates are the replicates of the products. */
void attr_total(struct erg_attr *a)
{
	struct erg_attr_state *st = a->state;
	const struct attr_view *v = &st->view;
	double coverage;
	struct erg_est fit, plain = erg_attr_interval(a, v->t0, attr_begin(v, v->n), &coverage,
		NULL);
	bool fitted = st->shape.kind != ERG_SENSOR_COUNTER && !st->locked && !st->short_run &&
		!a->misfit && st->gram.rows > 0;

	if (fitted) {
		fit = fit_total(a);
		fitted = fit_is_better(st, &fit, &plain, coverage);
	}
	if (fitted && erg_est_resolved(&plain) && coverage >= ALL)
		st->alias_j = apart(&fit, &plain);
	a->ets_j = fitted ? fit : plain;
	a->mean_w = a->ets_j.value / a->time_s;
	a->edp_js = erg_est_scaled(&a->ets_j, a->time_s);
	a->ed2p_js2 = erg_est_scaled(&a->edp_js, a->time_s);
	if (a->coverage < ALL)
		attr_warn(a, "gaps", "rail %s: %.3g %% of the run lies in gaps of the readings, %s",
			st->rail.name, 100 * (1 - a->coverage), fitted ?
			"counted at the mean power of what ran" : erg_est_resolved(&a->ets_j) ?
			"counted at the mean power of the rest" : "too much to tell its energy");
}
