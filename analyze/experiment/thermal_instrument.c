/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leakage by the heat sink. Power heats the chip and heat raises the power, so a plain regression
 * of one on the other mixes cause and effect. The heat sink is an instrument: it changes the
 * temperature and nothing else (Wald 1940; Angrist, Imbens, Rubin 1996). Blocks in which the
 * machine throttled take no part.
 *
 * The slope is a ratio, and where the temperatures hardly differ its denominator may be 0. So its
 * interval is Fieller's (1954): every slope s that the data do not refute, those for which the sum
 * of dT (dP - s dT) lies within Student's quantile times its own uncertainty at s. With
 * temperatures far apart this is the usual interval; where the set has no end, nothing is known.
 */
#include "analyze/experiment/thermal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "formats/base/util.h"

#define NORMAL_95 1.959963985
#define DOUBLINGS 20 /* a million times as wide as it were if dT were exact: without end */
#define BISECTIONS 60

struct erg_thermal_means erg_thermal_means_from(const struct erg_thermal_run *r, size_t first)
{
	struct erg_thermal_means m = {0};

	for (size_t i = first; i < r->n; i++) {
		if (!erg_thermal_usable(&r->blocks[i]))
			continue;
		m.n++;
		m.power_w += r->blocks[i].power_w;
		m.temp_degc += r->blocks[i].temp_degc;
	}
	if (m.n) {
		m.power_w /= (double)m.n;
		m.temp_degc /= (double)m.n;
	}
	return m;
}

/* First block of the second half of the work, in which the temperature has settled more; the whole
 * work when throttling left too little of it. The leakage is not a straight line, and a mean over
 * the warming would see its curvature. */
static size_t settled_from(const struct erg_thermal_run *r)
{
	size_t busy = 0, seen = 0;

	for (size_t i = 0; i < r->n; i++)
		busy += r->blocks[i].busy;
	for (size_t i = 0; i < r->n; i++) {
		seen += r->blocks[i].busy;
		if (2 * seen > busy)
			return erg_thermal_means_from(r, i).n < 3 ? 0 : i;
	}
	return 0;
}

/* The smallest change that the thermometer showed, K; 0 when it showed none. */
static double thermometer_step(const struct erg_thermal_run *r)
{
	double step = INFINITY;

	for (size_t i = 1; i < r->n_temps; i++) {
		double d = fabs(r->temp_degc[i] - r->temp_degc[i - 1]);

		if (d > 0)
			step = fmin(step, d);
	}
	return isfinite(step) ? step : 0;
}

static struct erg_thermal_spread spread_of(const struct erg_thermal_run *r, size_t first,
	const struct erg_thermal_means *m)
{
	struct erg_thermal_spread s = {.step_k = thermometer_step(r)};
	double last_p = 0, last_t = 0;

	for (size_t i = first; i < r->n; i++) {
		const struct erg_thermal_block *b = &r->blocks[i];
		double p = b->power_w - m->power_w, t = b->temp_degc - m->temp_degc;

		if (!erg_thermal_usable(b))
			continue;
		s.pp += p * p;
		s.pt += p * t;
		s.tt += t * t;
		s.next_pp += p * last_p;
		s.next_pt += p * last_t + t * last_p;
		s.next_tt += t * last_t;
		last_p = p;
		last_t = t;
		s.n++;
	}
	return s;
}

/* Variance of the mean of A * P - B * T over the blocks, with their first autocorrelation, and what
 * the thermometer's step may do. At the true slope B / A heating moves neither: noise is left. */
static double mean_variance(const struct erg_thermal_spread *s, double a, double b)
{
	double ss = fmax(a * a * s->pp - 2 * a * b * s->pt + b * b * s->tt, 0), rho = 0;
	double next = a * a * s->next_pp - a * b * s->next_pt + b * b * s->next_tt;
	double n = (double)s->n;

	if (ss > 0)
		rho = fmin(fmax(next / ss, 0), 0.99);
	return ss / (n - 1) / n * (1 + rho) / (1 - rho) + b * b * s->step_k * s->step_k / 12;
}

static double pair_variance(const struct erg_thermal_pair *p, double a, double b)
{
	return mean_variance(&p->spread_on, a, b) + mean_variance(&p->spread_off, a, b);
}

/* ---- slope ---- */

struct wald {
	const struct erg_thermal_pair *pairs;
	size_t n, used;
	bool clean; /* some pair did not throttle: those that did take no part */
	double quantile;
};

static bool takes_part(const struct wald *w, size_t i)
{
	return !w->clean || !w->pairs[i].throttled;
}

/* Variance of the sum of dT (dP - s dT) at the slope S: by the blocks, or, where it is more, by the
 * scatter of the pairs. *ret_sum: the sum. */
static double sum_variance(const struct wald *w, double s, double *ret_sum)
{
	double sum = 0, squares = 0, own = 0, n = (double)w->used;

	for (size_t i = 0; i < w->n; i++) {
		const struct erg_thermal_pair *p = &w->pairs[i];
		double d = p->dt_k * (p->dp_w - s * p->dt_k);

		if (!takes_part(w, i))
			continue;
		sum += d;
		squares += d * d;
		own += p->dt_k * p->dt_k * pair_variance(p, 1, s);
	}
	*ret_sum = sum;
	return w->used < 2 ? own : fmax((squares - sum * sum / n) * n / (n - 1), own);
}

/* Above 0 where the data refute the slope S. */
static double refuted(const struct wald *w, double s)
{
	double sum, var = sum_variance(w, s, &sum);

	return fabs(sum) - w->quantile * sqrt(var);
}

/* Where the slopes that are not refuted end, from SLOPE on in the direction of STEP; infinite where
 * they do not. */
static double end_of(const struct wald *w, double slope, double step)
{
	double inner = slope, outer = slope + step;
	int k = 0;

	if (step == 0)
		return slope;
	for (; refuted(w, outer) <= 0 && k < DOUBLINGS; k++) {
		step *= 2;
		inner = outer;
		outer = slope + step;
	}
	if (k == DOUBLINGS)
		return copysign(INFINITY, step);
	for (k = 0; k < BISECTIONS; k++) {
		double mid = (inner + outer) / 2;

		if (refuted(w, mid) > 0)
			outer = mid;
		else
			inner = mid;
	}
	return outer;
}

/* The mean difference of temperature is told from none. */
static bool temperatures_differ(const struct wald *w)
{
	double dt = 0, var = 0;

	for (size_t i = 0; i < w->n; i++)
		if (takes_part(w, i)) {
			dt += w->pairs[i].dt_k;
			var += pair_variance(&w->pairs[i], 0, 1);
		}
	return fabs(dt) > NORMAL_95 * sqrt(var);
}

struct erg_est erg_thermal_instrument(const struct erg_thermal_run *runs,
	const struct erg_thermal_pair *pairs, size_t n)
{
	struct wald w = {.pairs = pairs, .n = n};
	double num = 0, den = 0, gain = 0, slope, sum, step, lo, hi, syst;

	for (size_t i = 0; i < n; i++)
		w.clean |= !pairs[i].throttled;
	for (size_t i = 0; i < n; i++) {
		if (!takes_part(&w, i))
			continue;
		num += pairs[i].dp_w * pairs[i].dt_k;
		den += pairs[i].dt_k * pairs[i].dt_k;
		gain = fmax(gain, runs[pairs[i].on].gain_max);
		w.used++;
	}
	if (!(den > 0) || !temperatures_differ(&w))
		return ERG_EST_UNRESOLVED;
	w.quantile = w.used == 1 ? NORMAL_95 : gsl_cdf_tdist_Pinv(0.975, (double)w.used - 1);
	slope = num / den;
	step = w.quantile * sqrt(sum_variance(&w, slope, &sum)) / den;
	lo = end_of(&w, slope, -step);
	hi = end_of(&w, slope, step);
	if (!isfinite(hi - lo))
		return ERG_EST_UNRESOLVED;
	syst = fabs(slope) * gain;
	return (struct erg_est){slope, lo - syst, hi + syst, (hi - lo) / 2, syst,
		w.used == 1 ? "instrument, one pair" : "instrument"};
}

/* ---- pairs ---- */

/* Energy the off-run spent more: by leakage at its higher temperature, the rest by throttling and
 * the longer time it took. Unknown (NaN) where the SLOPE is. */
static void split_energy(const struct erg_thermal_run *runs, struct erg_thermal_pair *p,
	double slope)
{
	const struct erg_thermal_run *on = &runs[p->on], *off = &runs[p->off];
	double t_on = erg_thermal_means_from(on, settled_from(on)).temp_degc;

	p->leakage_j = 0;
	for (size_t i = 0; i < off->n; i++)
		if (off->blocks[i].busy && isfinite(off->blocks[i].temp_degc))
			p->leakage_j += slope * (off->blocks[i].temp_degc - t_on) * off->block_s;
	p->throttling_j = off->energy_j - on->energy_j - p->leakage_j;
	if (!(off->throttled_share > 0))
		p->throttling_j = 0;
}

static bool make_pair(const struct erg_thermal_run *runs, struct erg_thermal_pair *p)
{
	const struct erg_thermal_run *on = &runs[p->on], *off = &runs[p->off];
	size_t from_on = settled_from(on), from_off = settled_from(off);
	struct erg_thermal_means a = erg_thermal_means_from(on, from_on);
	struct erg_thermal_means b = erg_thermal_means_from(off, from_off);

	if (a.n < 3 || b.n < 3)
		return false;
	p->dt_k = b.temp_degc - a.temp_degc;
	p->dp_w = b.power_w - a.power_w;
	p->spread_on = spread_of(on, from_on, &a);
	p->spread_off = spread_of(off, from_off, &b);
	p->half_dt_k = NORMAL_95 * sqrt(pair_variance(p, 0, 1));
	p->throttled = on->throttled_share > 0.1 || off->throttled_share > 0.1;
	p->slope = erg_thermal_instrument(runs, p, 1);
	return true;
}

/* By the pair's own slope, else by that of all pairs: one that throttled has often none. */
static void split_energies(const struct erg_thermal_run *runs, struct erg_thermal_pair *pairs,
	size_t n)
{
	struct erg_est all = erg_thermal_instrument(runs, pairs, n);

	for (size_t i = 0; i < n; i++) {
		pairs[i].split_by_all =
			!erg_est_resolved(&pairs[i].slope) && erg_est_resolved(&all);
		split_energy(runs, &pairs[i],
			pairs[i].split_by_all ? all.value : pairs[i].slope.value);
	}
}

int erg_thermal_pairs(const struct erg_thermal_run *runs, size_t n, struct erg_thermal_pair **ret,
	size_t *ret_n, struct erg_err *err)
{
	struct erg_thermal_pair *pairs = calloc(n + 1, sizeof(*pairs));
	_cleanup_(erg_freep) bool *used = calloc(n + 1, sizeof(*used));

	*ret_n = 0;
	if (!pairs || !used) {
		free(pairs);
		return erg_fail(err, -ENOMEM, "out of memory for pairs of runs");
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n && runs[i].heatsink == 1; k++) {
			struct erg_thermal_pair *p = &pairs[*ret_n];

			if (used[k] || runs[k].heatsink != 0 ||
				strcmp(runs[i].match, runs[k].match))
				continue;
			used[k] = true;
			p->on = i;
			p->off = k;
			*ret_n += make_pair(runs, p);
			break;
		}
	}
	split_energies(runs, pairs, *ret_n);
	*ret = pairs;
	return 0;
}
