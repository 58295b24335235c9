/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From replicates to intervals. Any sum of classes is evaluated round by round, so that the
 * covariance of neighbours (usually negative: what one gets the other lacks) is in the interval;
 * percentiles of the rounds give the statistical part, widened by Student's factor for the number
 * of blocks. Systematic parts: gain and offset are the same for all readings and add up; the
 * quantum biases readings that always see one layer alone; a lag that was given, not found, moves
 * all edges together. Statistical and systematic half widths are added linearly.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/combine.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/gates.h"
#include "analyze/attribution/loops.h"
#include "analyze/attribution/state.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

/* How many readings the least squares has of a sum's classes, or INFINITY: one is integrated. */
static double spread_of(const struct erg_attr_state *st, const double *weight)
{
	double n = 0;

	for (size_t c = 0; c < st->n_classes; c++)
		if (weight[c] != 0)
			n += st->is_direct[c] ? INFINITY : st->spread[c];
	return n;
}

/* Of times whose scatter was found: how well each is known was found from the same residuals, and few readings, those that
 * are known well, carry most of the weight. */
#define SCATTER_WIDER 1.2

/* Few blocks, or readings of what is asked for, make the bootstrap's spread too small: sqrt(n / (n - 1)) and
 * Student's t. */
static double widen(const struct erg_attr_state *st, const double *weight)
{
	double n = fmax(fmin((double)st->gram.n, spread_of(st, weight)), 3);

	return (st->wider > 0 ? st->wider : 1) * (st->readings.scatter ? SCATTER_WIDER : 1) *
		sqrt(n / (n - 1)) * gsl_cdf_tdist_Pinv(0.975, n - 1) / 1.959964;
}

static double idle_energy(const struct erg_attr_state *st, const double *weight)
{
	double e = 0;

	for (size_t c = 0; c < st->n_classes; c++)
		if (weight[c] != 0)
			e += weight[c] *
				(st->idle_a * st->view.class_time[c] +
					st->idle_b * st->view.class_moment[c]);
	return e;
}

/* The weighted sum in each round, or its share of the sum of all classes; NULL for lack of memory. */
static double *replicates(const struct erg_attr_state *st, const double *weight, bool share)
{
	double *x = erg_noted(calloc(st->rounds + 1, sizeof(double)));

	for (size_t c = 0; x && c < st->n_classes; c++)
		if (weight[c] != 0)
			attr_add_scaled(x, attr_rep(st, c), weight[c], st->rounds);
	for (size_t i = 0; x && share && i < st->rounds; i++)
		x[i] /= st->rep_sum[i];
	return x;
}

/* The quantile Q of X as of the sorted ones (gsl_stats_quantile_from_sorted_data), without sorting: for two of
 * them that takes a tenth of the time. X is put into another order. */
static double quantile(double *x, size_t n, double q)
{
	double at = q * (double)(n - 1), share, low, high;
	size_t k = (size_t)at;

	low = gsl_stats_select(x, 1, n, k);
	if (k + 1 == n)
		return low;
	share = at - (double)k;
	high = x[k + 1]; /* behind the one selected are those that are greater */
	for (size_t i = k + 2; i < n; i++)
		high = x[i] < high ? x[i] : high;
	return (1 - share) * low + share * high;
}

static void statistical(const struct erg_attr_state *st, const double *weight, bool share,
	struct attr_parts *ret)
{
	_cleanup_(erg_freep) double *x = replicates(st, weight, share);
	double f = widen(st, weight), lo, hi;

	ret->lo = ret->hi = NAN;
	if (!x || st->rounds < 40)
		return;
	lo = quantile(x, st->rounds, 0.025);
	hi = quantile(x, st->rounds, 0.975);
	ret->lo = ret->value - f * fmax(ret->value - lo, 0);
	ret->hi = ret->value + f * fmax(hi - ret->value, 0);
}

/* By the quantum and by a lag that was given, J; *ret_time: s. */
static double edges_of(const struct erg_attr_state *st, const double *weight, double *ret_time)
{
	double time = 0, quantum = 0, lag = 0, side[ATTR_LAG_SIDES] = {0};
	double rival = 0, square = 0, run = 0, part = 0;

	for (size_t c = 0; c < st->n_classes; c++) {
		run += st->view.class_time[c];
		if (weight[c] == 0)
			continue;
		time += weight[c] * st->view.class_time[c];
		part += fabs(weight[c]) * st->view.class_time[c];
		quantum += fabs(weight[c]) * st->view.class_time[c] * st->quantum_w[c];
		rival += weight[c] * st->rival_j[c];
		square += weight[c] * weight[c] *
			(st->rival_j[c] * st->rival_j[c] + st->slack_j[c] * st->slack_j[c]);
		for (size_t i = 0; i < ATTR_LAG_SIDES; i++)
			side[i] += weight[c] * st->lag_j[ATTR_LAG_SIDES * c + i];
	}
	for (size_t i = 0; i < ATTR_LAG_SIDES; i++)
		lag = fmax(lag, fabs(side[i]));
	*ret_time = time;
	/* the rival is one of many that fit as well: that its differences cancel in a sum is chance, but for
	 * the run's, which all of them agree on; that of readings that were held up goes by the time */
	part = run > 0 ? fmin(part / run, 1) : 0;
	return quantum + lag +
		hypot(rival, hypot(sqrt(square) * (1 - part), st->late_stamps_j * part));
}

static void systematic(const struct erg_attr_state *st, const double *weight, bool above_idle,
	double total, struct attr_parts *ret)
{
	double time, edges = edges_of(st, weight, &time);

	ret->syst = fabs(above_idle ? ret->value : total) * st->rail.gain_max + edges +
		fabs(time) * st->fold.w + attr_outlying_j(st, fabs(time));
	if (!above_idle)
		ret->syst += fabs(time) * st->rail.offset_max;
	ret->doubt = (ret->hi - ret->lo) / 2 + edges;
}

void attr_parts_of(const struct erg_attr_state *st, const double *weight, bool above_idle,
	struct attr_parts *ret)
{
	double total = 0, time = 0;

	for (size_t c = 0; c < st->n_classes; c++) {
		total += weight[c] == 0 ? 0 : weight[c] * st->value[c];
		time += weight[c] == 0 ? 0 : weight[c] * st->view.class_time[c];
	}
	ret->value = total;
	statistical(st, weight, false, ret);
	if (above_idle) {
		double idle = idle_energy(st, weight), u = 1.959964 * st->idle_u * time;

		ret->value -= idle;
		ret->lo = ret->value - hypot(total - ret->lo, u);
		ret->hi = ret->value + hypot(ret->hi - total, u);
	}
	systematic(st, weight, above_idle, total, ret);
}

struct erg_est attr_parts_est(const struct attr_parts *p, double divisor, const char *method)
{
	return (struct erg_est){
		.value = p->value / divisor,
		.lo = (p->lo - p->syst) / divisor,
		.hi = (p->hi + p->syst) / divisor,
		.stat = (p->hi - p->lo) / 2 / divisor,
		.syst = p->syst / divisor,
		.method = method,
	};
}

/* Below this share of a sum's time its classes without a figure of their own do not forbid it, and below
 * this those that were hardly seen: what they may be is in its interval. */
#define SHORT 0.01
#define SHORT_FEW 0.1

/* What a sum is made of. */
struct makeup {
	double time, covered, windows; /* s, s, windows of the least squares */
	double fitted, calls;          /* s by least squares; calls of its classes */
	double bad[ERG_GATE_N];        /* s that a gate forbids */
	double few;                    /* s of columns that hardly any reading saw */
	double loose_j;                /* what those and the forbidden may be wrong by, J */
	double longest;                /* of an instance, s */
	bool direct, nnls, difference;
};

static bool forbidden(enum erg_attr_gate g)
{
	return g != ERG_GATE_NONE && g != ERG_GATE_CI && g != ERG_GATE_COND &&
		g != ERG_GATE_WINDOWS;
}

/*
 * Of a class without a figure of its own, which enters a sum where it is short: its power is anything
 * from none to the greatest reading. What the fit gives it beyond that it took from its neighbours, so
 * the sum is wrong by it only as far as the class was seen more or less often than its time asks for.
 */
static void add_loose(const struct erg_attr *a, size_t c, double weight, struct makeup *m)
{
	const struct erg_attr_state *st = a->state;
	const struct erg_attr_class *k = &a->classes[c];
	double most = st->peak_w * k->time_s;

	m->few += weight * st->class_few[c];
	m->loose_j += weight *
		(forbidden(k->gate) ? most +
					fmax(fmax(st->value[c] - most, -st->value[c]), 0) /
						sqrt(k->windows + 1)
				    : st->few_j[c]);
}

static void make_up(const struct erg_attr *a, const double *weight, struct makeup *ret)
{
	const struct erg_attr_state *st = a->state;

	memset(ret, 0, sizeof(*ret));
	for (size_t c = 0; c < a->n_classes; c++) {
		const struct erg_attr_class *k = &a->classes[c];
		double t = fabs(weight[c]) * k->time_s;

		if (weight[c] == 0 || t <= 0)
			continue;
		ret->time += t;
		ret->covered += t * k->coverage;
		ret->bad[k->gate] += t;
		add_loose(a, c, fabs(weight[c]), ret);
		ret->difference = ret->difference || weight[c] < 0;
		ret->direct |= st->is_direct[c];
		ret->nnls |= !st->is_direct[c];
		if (k->calls)
			ret->longest = fmax(ret->longest, k->time_s / (double)k->calls);
		if (!st->is_direct[c]) {
			ret->fitted += fabs(weight[c]) * st->class_fitted[c];
			ret->windows +=
				st->sharp[c] ? fmax(k->windows, st->min_windows) : k->windows;
		}
	}
}

/* The gate that forbids the sum for what it is made of, or ERG_GATE_NONE. */
static enum erg_attr_gate gate_of_parts(const struct erg_attr *a, const struct makeup *m)
{
	const struct erg_attr_state *st = a->state;
	enum erg_attr_gate worst = ERG_GATE_NONE;
	double bad = 0;

	if (m->time <= 0)
		return ERG_GATE_NO_DATA;
	if (m->covered < ATTR_ENOUGH * m->time || a->coverage < ATTR_ENOUGH)
		return ERG_GATE_UNSEEN;
	for (enum erg_attr_gate g = ERG_GATE_NONE + 1; g < ERG_GATE_N; g++) {
		if (!forbidden(g) || !(m->bad[g] > 0))
			continue;
		bad += m->bad[g];
		if (worst == ERG_GATE_NONE || m->bad[g] > m->bad[worst])
			worst = g;
	}
	if (bad > SHORT * m->time)
		return worst;
	if (st->contradicts && m->fitted > SHORT * m->time)
		return ERG_GATE_IMPOSSIBLE;
	if (m->few > SHORT_FEW * m->time ||
		(m->fitted > SHORT * m->time && m->windows < st->min_windows))
		return ERG_GATE_WINDOWS;
	return ERG_GATE_NONE;
}

/* And for what came out. */
static enum erg_attr_gate gate_of_sum(const struct erg_attr_state *st, const struct makeup *m,
	const struct attr_parts *total, bool limited)
{
	double whole = (total->hi - total->lo) / 2 + total->syst;
	double half = limited && !st->ci_whole ? total->doubt : whole;

	if (m->difference)
		return ERG_GATE_NONE;
	if (!(total->value > 0) ||
		(m->nnls &&
			total->value - total->doubt > m->time * attr_power_limit(st, m->longest)))
		return ERG_GATE_IMPOSSIBLE;
	return half <= (limited || st->ci_whole ? st->ci_limit : 1) * total->value ? ERG_GATE_NONE
										   : ERG_GATE_CI;
}

static double longer_of(const struct erg_attr_state *st, enum erg_attr_gate gate,
	const struct makeup *m, const struct attr_parts *p)
{
	double stat = (p->hi - p->lo) / 2, room;

	room = st->ci_limit * p->value - (st->ci_whole ? p->syst : p->doubt - stat);
	if (gate == ERG_GATE_WINDOWS)
		return m->windows > 0 ? st->min_windows / m->windows : 0;
	if (gate == ERG_GATE_BLOCKS)
		return st->gram.n ? (double)ATTR_MIN_BLOCKS / (double)st->gram.n : 0;
	return gate == ERG_GATE_CI && room > 0 && !(st->rounded_w > 0) ? stat / room * (stat / room)
								       : 0;
}

static struct erg_est refused(const struct erg_attr *a, enum erg_attr_gate gate, double longer)
{
	return erg_est_because(attr_reason(a, gate), longer);
}

/* One word for how the classes of a sum were found. */
static const char *method_of(const struct erg_attr_state *st, const struct makeup *m)
{
	if (m->nnls)
		return m->direct ? "nnls+direct" : "nnls";
	return st->shape.kind == ERG_SENSOR_COUNTER ? "counter" : "direct";
}

/* The gates of a sum: ERG_GATE_NONE and its parts, or why not, in *RET. LIMITED: to an interval that
 * ci_limit allows, or else to one that tells it from nothing; a limit that was asked for is one of all figures. */
static enum erg_attr_gate pass_gates(const struct erg_attr *a, const double *weight, bool limited,
	struct makeup *m, struct attr_parts *p, struct erg_est *ret)
{
	enum erg_attr_gate gate;

	if (!a->state) {
		gate = a->n_classes ? a->classes[0].gate : ERG_GATE_NO_DATA; /* all have one */
		*ret = refused(a, gate, 0);
		return gate;
	}
	make_up(a, weight, m);
	attr_parts_of(a->state, weight, false, p);
	p->syst += m->loose_j;
	p->doubt += m->loose_j;
	gate = gate_of_parts(a, m);
	if (gate == ERG_GATE_NONE)
		gate = gate_of_sum(a->state, m, p, limited);
	if (gate != ERG_GATE_NONE)
		*ret = refused(a, gate, longer_of(a->state, gate, m, p));
	return gate;
}

struct erg_est erg_attr_combine(const struct erg_attr *a, const double *weight, bool above_idle)
{
	struct makeup m;
	struct attr_parts p;
	struct erg_est e;

	if (pass_gates(a, weight, true, &m, &p, &e) != ERG_GATE_NONE)
		return e;
	if (above_idle && !a->state->has_idle)
		return erg_est_because("no-idle", 0);
	if (above_idle) {
		attr_parts_of(a->state, weight, true, &p);
		p.syst += m.loose_j;
	}
	return attr_parts_est(&p, 1, method_of(a->state, &m));
}

struct erg_est erg_attr_class_energy(const struct erg_attr *a, size_t k)
{
	_cleanup_(erg_freep) double *weight = erg_noted(calloc(a->n_classes + 1, sizeof(*weight)));

	if (!weight || !erg_est_resolved(&a->classes[k].energy_j))
		return weight ? a->classes[k].energy_j : ERG_EST_UNRESOLVED;
	weight[k] = 1;
	return erg_attr_combine(a, weight, false);
}

/* The mean of all that ran was in the window at some time, whatever the instances. */
struct erg_est attr_combine_all(const struct erg_attr *a)
{
	_cleanup_(erg_freep) double *ones = erg_noted(calloc(a->n_classes + 1, sizeof(*ones)));
	struct makeup m;
	struct attr_parts p;
	struct erg_est e;

	for (size_t c = 0; ones && c < a->n_classes; c++)
		ones[c] = 1;
	if (!ones || pass_gates(a, ones, false, &m, &p, &e) != ERG_GATE_NONE)
		return ones ? e : ERG_EST_UNRESOLVED;
	if (p.value - p.doubt > m.time * attr_power_limit(a->state, m.time))
		return refused(a, ERG_GATE_IMPOSSIBLE, 0);
	return attr_parts_est(&p, 1, "nnls");
}

/* A gain is the same above and below the line; an offset adds to both by their times. */
struct erg_est erg_attr_combine_share(const struct erg_attr *a, const double *weight)
{
	const struct erg_attr_state *st = a->state;
	_cleanup_(erg_freep) double *ones = erg_noted(calloc(a->n_classes + 1, sizeof(*ones)));
	double part = 0, all = 0, part_s, all_s, edges;
	struct attr_parts p;
	struct makeup m;
	struct erg_est e;

	if (!ones || pass_gates(a, weight, true, &m, &p, &e) != ERG_GATE_NONE)
		return ones ? e : ERG_EST_UNRESOLVED;
	for (size_t c = 0; c < st->n_classes; c++) {
		ones[c] = 1;
		part += weight[c] == 0 ? 0 : weight[c] * st->value[c];
		all += st->value[c];
	}
	if (!(all > 0))
		return ERG_EST_UNRESOLVED;
	p.value = part / all;
	statistical(st, weight, true, &p);
	edges = edges_of(st, weight, &part_s);
	edges += p.value * edges_of(st, ones, &all_s) + m.loose_j +
		attr_outlying_j(st, fabs(part_s - p.value * all_s));
	p.syst =
		(edges + fabs(part_s - p.value * all_s) * (st->rail.offset_max + st->fold.w)) / all;
	return attr_parts_est(&p, 1, method_of(st, &m));
}
