/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Energy of a stretch of time, whatever ran in it. A counter gives it by its difference; readings of
 * a log that are means since the one before give it by the sum of power times time. Other power gives
 * it by the trapezoid over the readings; where the readings' windows leave time between them this is
 * a sample, whose variance follows from the differences of neighbours. What
 * lies in gaps counts at the mean power of the rest, each gap off by as much as readings are.
 */
#include <math.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/combine.h"
#include "analyze/attribution/ends.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/reading_time.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"

/* A sum over stretches of time that is formed by going once through the readings. */
struct sum {
	const struct erg_attr_stretch *at; /* n of them, in order of time */
	size_t n_at, next;                 /* those before NEXT have ended */
	uint64_t t0;
	double energy, time; /* W ns, ns; weighted */
	double diff2, n, peak, last;
	double weight, weight2; /* of the readings, of their squares */
	double sum, sum2;       /* W, W^2: of the readings */
	double seen_to,
		holes2; /* ns: where the pieces so far end; ns^2: time left out between them */
	double dt, dt2, pairs; /* ns: readings without a gap between them */
	double edges;          /* ns: before the first and after the last reading */
	double held, held_ns;  /* W ns, ns: beyond what these stand for, at their power */
};

static double stretch_begin(const struct sum *s, size_t i)
{
	return (double)(int64_t)(s->at[i].begin - s->t0);
}

static double stretch_end(const struct sum *s, size_t i)
{
	return (double)(int64_t)(s->at[i].end - s->t0);
}

/* Weight of a reading at T: that of the stretch it lies in; 0: in none. */
static double weight_at(const struct sum *s, double t)
{
	for (size_t i = s->next; i < s->n_at && stretch_begin(s, i) <= t; i++)
		if (t < stretch_end(s, i))
			return s->at[i].weight;
	return 0;
}

static void add_reading(struct sum *s, double w, double weight)
{
	s->peak = s->n && s->peak > w ? s->peak : w;
	s->sum += w;
	s->sum2 += w * w;
	s->weight += weight;
	s->weight2 += weight * weight;
	s->n++;
}

static void add_hole(struct sum *s, size_t i, double to)
{
	double hole = s->at[i].weight * (to - s->seen_to);

	if (hole > 0)
		s->holes2 += hole * hole;
}

/* Stretches that end before T are over. */
static void close_stretches(struct sum *s, double t)
{
	for (; s->next < s->n_at && stretch_end(s, s->next) <= t; s->next++) {
		add_hole(s, s->next, stretch_end(s, s->next));
		if (s->next + 1 < s->n_at)
			s->seen_to = stretch_begin(s, s->next + 1);
	}
}

/* Adds what lies in the stretches of a piece from T0 (y0) to T1 (y1), linear between. Pieces come in
 * order of time. */
static void add_piece(struct sum *s, double t0, double y0, double t1, double y1)
{
	double slope = t1 > t0 ? (y1 - y0) / (t1 - t0) : 0;

	close_stretches(s, t0);
	while (s->next < s->n_at && stretch_begin(s, s->next) < t1) {
		double from = fmax(t0, stretch_begin(s, s->next));
		double to = fmin(t1, stretch_end(s, s->next)), w = s->at[s->next].weight;

		if (to > from) {
			s->energy += w * (to - from) * (y0 + slope * ((from + to) / 2 - t0));
			s->time += w * (to - from);
			add_hole(s, s->next, from);
			s->seen_to = to;
		}
		if (stretch_end(s, s->next) > t1)
			break;
		close_stretches(s, stretch_end(s, s->next));
	}
}

/* What two readings stand for, power being linear between them where there is no gap. */
static void add_between(struct sum *s, const struct erg_attr_state *st, double t0, double y0,
	double t1, double y1)
{
	double period = attr_period(st), half = erg_observed_half(period, attr_seen_ns(st));

	if (!erg_observed_gap(t1 - t0, period, attr_seen_ns(st))) {
		add_piece(s, t0, y0, t1, y1);
		return;
	}
	add_piece(s, t0, y0, t0 + half, y0);
	add_piece(s, t1 - half, y1, t1, y1);
}

/* How far before its first (SIDE < 0) or after its last reading, at T, the run is observed: as at half
 * a gap. */
static double stands_for(const struct erg_attr_state *st, const struct sum *s, double t,
	double side)
{
	double period = attr_period(st),
	       to = side < 0 ? stretch_begin(s, 0) : stretch_end(s, s->n_at - 1);
	double away = side * (to - t);

	return erg_observed_gap(2 * away, period, attr_seen_ns(st))
		? erg_observed_half(period, attr_seen_ns(st))
		: fmax(away, 0);
}

/* The time of which reading M, its window's middle at T, is the mean: to the end of the window, from the one
 * before (its middle at BEFORE) or, at the beginning and after a gap, for as long as the window is. */
static void add_mean(struct sum *s, const struct erg_attr_state *st, size_t m, double before,
	double t)
{
	double half = st->shape.window_ns / 2, y = st->readings.v[m];
	double from = m ? before + half : t - fmax(half, stands_for(st, s, t, -1));

	if (m && erg_observed_gap(t - before, attr_period(st), attr_seen_ns(st)))
		from = t - half;
	add_piece(s, from, y, t + half, y);
}

#define END_READINGS 5

/* Power at the beginning (SIDE < 0) or the end of the readings, W. */
static double end_w(const struct erg_attr_state *st, double side)
{
	const struct attr_readings *r = &st->readings;
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER;
	size_t first = counter, n = r->n < END_READINGS + first ? r->n : END_READINGS + first;
	size_t from = side < 0 ? first : r->n - n + first, to = from + n - first;
	double w = 0, time = 0;

	for (size_t m = from; m < to; m++) {
		double dt = counter ? attr_counter_ns(st, m) : 1;

		w += dt * (counter ? fmax(attr_counter_w(st, m), 0) : r->v[m]);
		time += dt;
	}
	return time > 0 ? w / time : 0;
}

/*
 * A lag, or a clock that runs off, leaves time between the run's end (SIDE < 0: begin) and what the readings nearest
 * to it stand for, up to AT: power goes on there as it is at theirs, not as in the middle of the work. Nobody observed it.
 */
static void hold(const struct erg_attr_state *st, struct sum *s, double at, double side)
{
	const struct attr_readings *r = &st->readings;
	double to = side < 0 ? stretch_begin(s, 0) : stretch_end(s, s->n_at - 1);
	double t = (double)(int64_t)(r->t[side < 0 ? 0 : r->n - 1] - s->t0);
	double shift = fabs(st->shape.lag_ns + st->shape.skew * (t - st->shape.mid_ns));
	struct sum beyond = *s;

	if (side * (to - at) <= 0 || side * (to - at) > shift + st->shape.rc_ns)
		return;
	beyond.energy = beyond.time = 0;
	add_piece(&beyond, fmin(at, to), end_w(st, side), fmax(at, to), end_w(st, side));
	s->held += beyond.energy;
	s->held_ns += beyond.time;
}

/* Mean power: readings at the middle of their windows. */
static void sum_power(const struct erg_attr_state *st, struct sum *s)
{
	const struct attr_readings *r = &st->readings;
	const bool since_last = attr_since_last(st);
	double before = 0, y = 0, reach;
	size_t m = attr_reading_after(st, stretch_begin(s, 0) - st->shape.window_ns);

	m -= m > 1
		? 2
		: m; /* what is before stands for no time that is asked for, nor what is behind */
	if (m) {
		before = attr_seen_at(st, m - 1);
		y = r->v[m - 1];
	}
	for (; m < r->n && s->next < s->n_at; m++) {
		double t = attr_seen_at(st, m), weight = weight_at(s, t);

		if (!m)
			hold(st, s, t - stands_for(st, s, t, -1), -1);
		if (since_last)
			add_mean(s, st, m, before, t);
		else if (!m)
			add_piece(s, t - stands_for(st, s, t, -1), r->v[m], t, r->v[m]);
		else
			add_between(s, st, before, y, t, r->v[m]);
		if (m && weight > 0)
			s->diff2 += (r->v[m] - y) * (r->v[m] - y);
		if (m && weight > 0 &&
			!erg_observed_gap(t - before, attr_period(st), attr_seen_ns(st))) {
			s->dt += t - before;
			s->dt2 += (t - before) * (t - before);
			s->pairs++;
		}
		if (weight > 0)
			add_reading(s, r->v[m], weight);
		before = t;
		y = r->v[m];
	}
	reach = before + stands_for(st, s, before, 1);
	add_piece(s, since_last ? fmin(before + st->shape.window_ns / 2, reach) : before, y, reach,
		y);
	if (m == r->n)
		hold(st, s, reach, 1);
	close_stretches(s, INFINITY);
}

/* Before the first and after the last reading power goes on for as long as they are apart. */
static void add_edge(const struct erg_attr_state *st, size_t m, double side, struct sum *s)
{
	double reach = fmin(attr_counter_ns(st, m), st->reach_ns), before = s->time;
	double t = attr_counted_at(st, side < 0 ? m - 1 : m), w = end_w(st, side);

	if (side < 0)
		hold(st, s, t - reach, side);
	add_piece(s, fmin(t, t + side * reach), w, fmax(t, t + side * reach), w);
	s->edges += s->time - before;
	if (side > 0)
		hold(st, s, t + reach, side);
}

/* A counter: linear between readings, so the pieces are of constant power. */
static void sum_counter(const struct erg_attr_state *st, struct sum *s)
{
	const struct attr_readings *r = &st->readings;
	size_t m;

	if (r->n < 2)
		return;
	add_edge(st, 1, -1, s);
	m = attr_reading_after(st, stretch_begin(s, 0));
	for (m = m > 1 ? m - 1 : 1; m < r->n && s->next < s->n_at; m++) {
		double t1 = attr_counted_at(st, m), before = s->time;
		double dt = attr_counter_ns(st, m), w = attr_counter_w(st, m);

		if (w < 0)
			continue;
		add_piece(s, t1 - dt, w, t1, w);
		if (s->time <= before)
			continue;
		s->diff2 += s->n ? (w - s->last) * (w - s->last) : 0;
		s->last = w;
		add_reading(s, w, 1);
	}
	add_edge(st, r->n - 1, 1, s);
	close_stretches(s, INFINITY);
}

/* Variance of the power itself, of which a long window shows little: between the columns, W^2. */
static double power_variance(const struct erg_attr_state *st)
{
	double t = 0, e = 0, e2 = 0, p;

	for (size_t c = 0; c < st->view.n_cols; c++) {
		if (st->view.col_apart[c] || st->gram.windows[c] <= 0)
			continue;
		p = fmin(st->power[c], st->peak_w); /* of what hardly was seen it is anything */
		t += st->view.col_time[c];
		e += st->view.col_time[c] * p;
		e2 += st->view.col_time[c] * p * p;
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
	double f = attr_seen_share(st), s2 = s->n > 1 ? s->diff2 / (2 * (s->n - 1)) : 0, var, n;

	if (st->shape.kind == ERG_SENSOR_COUNTER) {
		edge = mean * fmax(st->shape.stale_ns, 0) * 1e-9;
		return sqrt(
			(double)s->n_at * 2 * (edge * edge + st->rail.lsb_w * st->rail.lsb_w) / 12 +
			s2 * s->edges * s->edges * 1e-18 * 2);
	}
	n = s->weight2 > 0 ? s->weight * s->weight / s->weight2 : 1;
	edge = sqrt(s2) * (step + st->memory_ns / 2) * 1e-9;
	var = unsteady(st, s, s2) + edge * edge / 6;
	/* between the windows the power is not known; in them the sensor's noise is left, which what the
	 * fit leaves bounds */
	s2 = (1 - f) * s2 + f * fmin(s2, st->sigma2) + st->rail.lsb_w * st->rail.lsb_w / 12;
	var += st->alias_j * st->alias_j * s->time * 1e-9 / run_s(st) +
		pow(st->rounded_w * s->time * 1e-9, 2);
	return sqrt(s->time * s->time * 1e-18 * s2 / fmax(n, 1) + var);
}

/* What rounding may do to the mean, W. */
static double quantum_w(const struct erg_attr_state *st, const struct sum *s)
{
	double q = st->rail.lsb_w, noise = s->n > 1 ? s->diff2 / (2 * (s->n - 1)) : 0;

	if (st->shape.kind == ERG_SENSOR_COUNTER || q <= 0)
		return 0;
	return attr_rounding_bias(sqrt(noise), q);
}

/* P_idle over the stretches, J; *ret_time: s. */
static double idle_of(const struct erg_attr_state *st, const struct sum *s, double *ret_time)
{
	double e = 0;

	*ret_time = 0;
	for (size_t i = 0; i < s->n_at; i++) {
		double b = stretch_begin(s, i) * 1e-9, t = stretch_end(s, i) * 1e-9 - b;

		*ret_time += s->at[i].weight * t;
		e += s->at[i].weight * t * (st->idle_a + st->idle_b * (b + t / 2));
	}
	return e;
}

static bool within_run(const struct erg_attr_state *st, const struct sum *s)
{
	return s->n_at && s->at[0].begin >= st->view.t0 &&
		s->at[s->n_at - 1].end <= attr_begin(&st->view, st->view.n);
}

/* Why the sum says nothing, or NULL. */
static const char *refusal(const struct erg_attr_state *st, const struct sum *s, double time)
{
	if (s->time < ATTR_ENOUGH * time || s->n < 1)
		return erg_attr_gate_name(ERG_GATE_UNSEEN);
	if (st->clipped.sure)
		return erg_attr_gate_name(ERG_GATE_CLIPPED);
	if (attr_seen_share(st) >= ATTR_WHOLE)
		return NULL;
	return st->locked    ? erg_attr_gate_name(ERG_GATE_LOCKED)
		: st->unfair ? erg_attr_gate_name(ERG_GATE_UNFAIR)
			     : NULL;
}

/* Stamps that are late while something ran give its readings more or less time than they stand for; where the readings
 * do not follow from the layers nobody knows. Readings that count alike, whatever their stamps, say how much, W. */
static double stamps_w(const struct erg_attr_state *st, const struct sum *s)
{
	if (!st->misfit || st->shape.kind == ERG_SENSOR_COUNTER || attr_since_last(st) || s->n < 1)
		return 0;
	return fabs(s->energy / s->time - s->sum / s->n);
}

/* How long the whole run lasts by the sensor's clock is known to SKEW_U, J^2. (Of the lag see ends.c.) */
static double longer_u2(const struct erg_attr_state *st, const struct sum *s)
{
	double longer = st->skew_u * run_s(st) / 2 * (end_w(st, 1) + end_w(st, -1));

	return within_run(st, s) && s->at[0].begin == st->view.t0 &&
			s->at[s->n_at - 1].end == attr_begin(&st->view, st->view.n)
		? longer * longer
		: 0;
}

/* What readings that were left out would change, J. */
static double outlying_j(const struct erg_attr_state *st, const struct sum *s)
{
	struct attr_outlying_sum sum = {0};

	for (size_t i = 0; i < s->n_at && st->outlying.n; i++)
		attr_outlying_add(&st->outlying, s->at[i].begin, s->at[i].end, s->at[i].weight,
			&sum);
	return attr_outlying_most(&sum);
}

static void parts_of_sum(const struct erg_attr_state *st, const struct sum *s, double time,
	struct attr_parts *ret)
{
	double all = (time - s->held_ns) / s->time, blur;
	double u, u2 = attr_ends_u2(st, s->at, s->n_at, &blur) + longer_u2(st, s);
	double ratio = within_run(st, s) && st->ratio > 0 ? st->ratio : 1;

	u = hypot(all * sum_u(st, s), sqrt(holes_u2(st, s) + u2));
	ret->value = ratio * (all * s->energy + s->held) * 1e-9;
	u = 1.959964 * u * (st->wider > 0 ? st->wider : 1);
	ret->lo = ret->value - u;
	ret->hi = ret->value + u;
	ret->syst = fabs(ret->value) * st->rail.gain_max + blur + outlying_j(st, s) +
		time * 1e-9 *
			(st->rail.offset_max + st->fold.w + quantum_w(st, s) +
				fmax(st->late_w, stamps_w(st, s)));
}

/* Energy above idle: an offset is the same in both and cancels. */
static struct erg_est above_of_sum(const struct erg_attr_state *st, const struct sum *s,
	const struct attr_parts *p, const char *method)
{
	double time, idle = idle_of(st, s, &time), u = 1.959964 * st->idle_u * time;
	struct attr_parts above = {.value = p->value - idle};

	if (!st->has_idle)
		return erg_est_because("no-idle", 0);
	above.lo = above.value - hypot(p->value - p->lo, u);
	above.hi = above.value + hypot(p->hi - p->value, u);
	above.syst = p->syst - time * st->rail.offset_max -
		(fabs(p->value) - fabs(above.value)) * st->rail.gain_max;
	return attr_parts_est(&above, 1, method);
}

/* Not told from nothing, or less well known than was asked for. */
static bool too_wide(const struct erg_attr_state *st, const struct attr_parts *p, bool limited)
{
	double half = (p->hi - p->lo) / 2 + p->syst;

	return p->lo - p->syst <= 0 || (limited && st->ci_whole && half > st->ci_limit * p->value);
}

/* LIMITED: to an interval that was asked for. */
static void integrate(const struct erg_attr *a, const struct erg_attr_stretch *at, size_t n,
	bool limited, struct erg_attr_over *ret)
{
	const struct erg_attr_state *st = a->state;
	bool counter = st && st->shape.kind == ERG_SENSOR_COUNTER;
	const char *method = counter ? "counter" : "direct", *why;
	struct sum s = {.at = at, .n_at = n};
	struct attr_parts p;
	double time = 0;

	*ret = (struct erg_attr_over){erg_est_because(erg_attr_gate_name(ERG_GATE_NO_DATA), 0),
		erg_est_because(erg_attr_gate_name(ERG_GATE_NO_DATA), 0), 0, NAN};
	for (size_t i = 0; i < n; i++)
		time += at[i].weight * (double)(at[i].end - at[i].begin);
	if (!st || !(time > 0))
		return;
	s.t0 = st->view.t0;
	s.seen_to = stretch_begin(&s, 0);
	if (counter)
		sum_counter(st, &s);
	else
		sum_power(st, &s);
	ret->coverage = s.time / time;
	ret->peak_w = s.n > 0 ? s.peak : NAN;
	why = refusal(st, &s, time);
	if (!why) {
		parts_of_sum(st, &s, time, &p);
		if (!(p.value > 0))
			why = erg_attr_gate_name(ERG_GATE_IMPOSSIBLE);
		else if (too_wide(st, &p, limited))
			why = erg_attr_gate_name(ERG_GATE_CI);
	}
	if (why) {
		ret->energy_j = ret->above_idle_j = erg_est_because(why, 0);
		return;
	}
	ret->energy_j = attr_parts_est(&p, 1, method);
	ret->above_idle_j = above_of_sum(st, &s, &p, method);
}

void erg_attr_over(const struct erg_attr *a, const struct erg_attr_stretch *at, size_t n,
	struct erg_attr_over *ret)
{
	integrate(a, at, n, true, ret);
}

struct erg_est erg_attr_interval(const struct erg_attr *a, uint64_t begin, uint64_t end,
	double *ret_coverage, double *ret_peak_w)
{
	struct erg_attr_stretch whole = {begin, end, 1};
	struct erg_attr_over o;

	integrate(a, &whole, end > begin, false, &o);
	if (ret_coverage)
		*ret_coverage = o.coverage;
	if (ret_peak_w)
		*ret_peak_w = o.peak_w;
	return o.energy_j;
}

bool erg_attr_in_step(const struct erg_attr *a)
{
	return a->state && (a->state->locked || a->state->unfair);
}

void erg_attr_set_in_step(struct erg_attr *a)
{
	if (a->state)
		a->state->unfair = true;
}
