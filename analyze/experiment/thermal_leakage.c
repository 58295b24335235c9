/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leakage from temperature. Power heats the chip and heat raises the power, so a plain regression
 * of one on the other mixes cause and effect. Two estimators that fail differently stand side by
 * side: the regression within runs (fixed effects; biased when the thermometer lags), and the heat
 * sink as an instrument, which changes the temperature and nothing else (Wald 1940; Angrist,
 * Imbens, Rubin 1996). Blocks in which the machine throttled take part in neither.
 */
#include "analyze/experiment/thermal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "formats/util.h"

#define BETA_MAX 0.08
#define BETA_STEPS 400
#define SPAN_MIN_K 25

static bool usable(const struct erg_thermal_block *b)
{
	return b->busy && !b->throttled && isfinite(b->power_w) && isfinite(b->temp_degc);
}

struct moments {
	size_t n;
	double p, t;
};

static struct moments means_from(const struct erg_thermal_run *r, size_t first)
{
	struct moments m = {0};

	for (size_t i = first; i < r->n; i++) {
		if (!usable(&r->blocks[i]))
			continue;
		m.n++;
		m.p += r->blocks[i].power_w;
		m.t += r->blocks[i].temp_degc;
	}
	if (m.n) {
		m.p /= (double)m.n;
		m.t /= (double)m.n;
	}
	return m;
}

static struct moments means_of(const struct erg_thermal_run *r)
{
	return means_from(r, 0);
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
			return means_from(r, i).n < 3 ? 0 : i;
	}
	return 0;
}

static struct erg_est symmetric(double v, double half, double syst, const char *method)
{
	return (struct erg_est){v, v - half - syst, v + half + syst, half, syst, method};
}

struct erg_est erg_thermal_regression(const struct erg_thermal_run *runs, size_t n)
{
	double sxx = 0, sxy = 0, meat = 0, slope, gain = 0;
	size_t blocks = 0, clusters = 0;

	for (int pass = 0; pass < 2; pass++) {
		slope = sxx > 0 ? sxy / sxx : NAN;
		for (size_t r = 0; r < n; r++) {
			struct moments m = means_of(&runs[r]);
			double score = 0;

			for (size_t i = 0; i < runs[r].n; i++) {
				const struct erg_thermal_block *b = &runs[r].blocks[i];
				double x = b->temp_degc - m.t, y = b->power_w - m.p;

				if (!usable(b))
					continue;
				if (pass) {
					score += x * (y - slope * x);
				} else {
					sxx += x * x;
					sxy += x * y;
				}
			}
			if (pass) {
				meat += score * score;
				blocks += m.n;
				clusters += m.n > 1;
			}
			gain = fmax(gain, runs[r].gain_max);
		}
	}
	if (blocks < 10 || !(sxx > 0))
		return ERG_EST_UNRESOLVED;
	if (clusters < 3) /* too few runs for an interval by clusters */
		return (struct erg_est){slope, NAN, NAN, NAN, fabs(slope) * gain,
			"regression, too few runs for an interval"};
	meat *= (double)clusters / (double)(clusters - 1);
	return symmetric(slope,
		gsl_cdf_tdist_Pinv(0.975, (double)clusters - 1) * sqrt(meat) / sxx,
		fabs(slope) * gain, "regression");
}

/* Standard uncertainty of the run's mean of P - slope T, with the first autocorrelation of its
 * blocks. Heating moves both along the slope; what is left is noise. */
static double mean_uncertainty(const struct erg_thermal_run *r, size_t first,
	const struct moments *m, double slope)
{
	double ss = 0, lag = 0, last = NAN, rho;
	size_t n = 0;

	for (size_t i = first; i < r->n; i++) {
		const struct erg_thermal_block *b = &r->blocks[i];
		double d = b->power_w - m->p - slope * (b->temp_degc - m->t);

		if (!usable(b))
			continue;
		ss += d * d;
		if (!isnan(last))
			lag += d * last;
		last = d;
		n++;
	}
	if (n < 3 || ss == 0)
		return n < 3 ? NAN : 0;
	rho = fmin(fmax(lag / ss, 0), 0.99);
	return sqrt(ss / (double)(n - 1) / (double)n * (1 + rho) / (1 - rho));
}

/* Energy the off-run spent more: by leakage at its higher temperature, the rest by throttling and
 * the longer time it took. */
static void split_energy(const struct erg_thermal_run *runs, struct erg_thermal_pair *p,
	double t_on)
{
	const struct erg_thermal_run *off = &runs[p->off];

	p->leakage_j = 0;
	for (size_t i = 0; i < off->n; i++)
		if (off->blocks[i].busy && isfinite(off->blocks[i].temp_degc))
			p->leakage_j +=
				p->slope * (off->blocks[i].temp_degc - t_on) * off->block_s;
	p->throttling_j = off->energy_j - runs[p->on].energy_j - p->leakage_j;
	if (!(off->throttled_share > 0))
		p->throttling_j = 0;
}

static bool make_pair(const struct erg_thermal_run *runs, struct erg_thermal_pair *p)
{
	const struct erg_thermal_run *on = &runs[p->on], *off = &runs[p->off];
	size_t from_on = settled_from(on), from_off = settled_from(off);
	struct moments a = means_from(on, from_on), b = means_from(off, from_off);

	if (a.n < 3 || b.n < 3)
		return false;
	p->dt_k = b.t - a.t;
	p->dp_w = b.p - a.p;
	p->slope = p->dp_w / p->dt_k;
	p->u_slope = hypot(mean_uncertainty(on, from_on, &a, p->slope),
			     mean_uncertainty(off, from_off, &b, p->slope)) /
		     fabs(p->dt_k);
	split_energy(runs, p, a.t);
	p->throttled = on->throttled_share > 0.1 || off->throttled_share > 0.1;
	return true;
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
	*ret = pairs;
	return 0;
}

struct erg_est erg_thermal_instrument(const struct erg_thermal_run *runs,
	const struct erg_thermal_pair *pairs, size_t n)
{
	double num = 0, den = 0, scatter = 0, own = 0, slope, gain = 0, half;
	size_t clean = 0, used = 0;

	for (size_t i = 0; i < n; i++)
		clean += !pairs[i].throttled;
	for (size_t i = 0; i < n; i++) {
		if (clean && pairs[i].throttled)
			continue;
		num += pairs[i].dp_w * pairs[i].dt_k;
		den += pairs[i].dt_k * pairs[i].dt_k;
		gain = fmax(gain, runs[pairs[i].on].gain_max);
		used++;
	}
	if (!used || !(den > 0))
		return ERG_EST_UNRESOLVED;
	slope = num / den;
	for (size_t i = 0; i < n; i++) {
		double w = pairs[i].dt_k * pairs[i].dt_k / den, d = pairs[i].slope - slope;

		if (clean && pairs[i].throttled)
			continue;
		scatter += w * w * d * d;
		own += w * w * pairs[i].u_slope * pairs[i].u_slope;
	}
	if (used == 1)
		return symmetric(slope, 1.96 * sqrt(own), fabs(slope) * gain,
			"instrument, one pair");
	half = gsl_cdf_tdist_Pinv(0.975, (double)used - 1) *
	       sqrt(fmax(scatter * (double)used / (double)(used - 1), own));
	return symmetric(slope, half, fabs(slope) * gain, "instrument");
}

/* ---- exponential form ---- */

struct profile {
	double rss, l0;
	double rho; /* first autocorrelation of the residuals */
	size_t n;
};

/* Index of the first run with the same match: the effect they share. */
static size_t effect_of(const struct erg_thermal_run *runs, size_t r)
{
	size_t k = 0;

	while (strcmp(runs[k].match, runs[r].match))
		k++;
	return k;
}

struct effect {
	double n, p, x;
};

static void effect_means(const struct erg_thermal_run *runs, size_t n, double beta, double t0,
	struct effect *e)
{
	memset(e, 0, n * sizeof(*e));
	for (size_t r = 0; r < n; r++) {
		struct effect *m = &e[effect_of(runs, r)];

		for (size_t i = 0; i < runs[r].n; i++) {
			const struct erg_thermal_block *b = &runs[r].blocks[i];

			if (!usable(b))
				continue;
			m->n++;
			m->p += b->power_w;
			m->x += exp(beta * (b->temp_degc - t0));
		}
	}
	for (size_t r = 0; r < n; r++) {
		e[r].p /= e[r].n;
		e[r].x /= e[r].n;
	}
}

static struct profile profile_at(const struct erg_thermal_run *runs, size_t n, double beta,
	double t0, struct effect *e)
{
	struct profile pr = {0};
	double sxx = 0, sxy = 0, lag = 0;

	effect_means(runs, n, beta, t0, e);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t r = 0; r < n; r++) {
			const struct effect *m = &e[effect_of(runs, r)];
			double last = 0;

			for (size_t i = 0; i < runs[r].n; i++) {
				const struct erg_thermal_block *b = &runs[r].blocks[i];
				double x, y;

				if (!usable(b))
					continue;
				x = exp(beta * (b->temp_degc - t0)) - m->x;
				y = b->power_w - m->p;
				if (!pass) {
					sxx += x * x;
					sxy += x * y;
					continue;
				}
				y -= pr.l0 * x;
				pr.rss += y * y;
				lag += y * last;
				last = y;
				pr.n++;
			}
		}
		if (!pass)
			pr.l0 = sxx > 0 ? fmax(sxy / sxx, 0) : 0;
	}
	pr.rho = pr.rss > 0 ? fmin(fmax(lag / pr.rss, 0), 0.99) : 0;
	return pr;
}

static bool temperature_span(const struct erg_thermal_run *runs, size_t n, double *ret_mid,
	double *ret_span)
{
	double lo = INFINITY, hi = -INFINITY;

	for (size_t r = 0; r < n; r++)
		for (size_t i = 0; i < runs[r].n; i++)
			if (usable(&runs[r].blocks[i])) {
				lo = fmin(lo, runs[r].blocks[i].temp_degc);
				hi = fmax(hi, runs[r].blocks[i].temp_degc);
			}
	*ret_mid = (lo + hi) / 2;
	*ret_span = hi - lo;
	return hi > lo;
}

static void profile_interval(const struct profile *grid, size_t best, double *ret_lo,
	double *ret_hi)
{
	const struct profile *b = &grid[best];
	double m_eff = (double)b->n * (1 - b->rho) / (1 + b->rho);
	double limit = b->rss * (1 + gsl_cdf_chisq_Pinv(0.95, 1) / fmax(m_eff, 1));
	size_t lo = best, hi = best;

	while (lo > 0 && grid[lo - 1].rss <= limit)
		lo--;
	while (hi < BETA_STEPS && grid[hi + 1].rss <= limit)
		hi++;
	*ret_lo = (double)lo * BETA_MAX / BETA_STEPS;
	*ret_hi = (double)hi * BETA_MAX / BETA_STEPS;
}

struct erg_thermal_exponential erg_thermal_exponential_fit(const struct erg_thermal_run *runs,
	size_t n)
{
	struct erg_thermal_exponential ret = {ERG_EST_UNRESOLVED, ERG_EST_UNRESOLVED, NAN, NAN};
	_cleanup_(erg_freep) struct profile *grid = calloc(BETA_STEPS + 1, sizeof(*grid));
	_cleanup_(erg_freep) struct effect *e = calloc(n + 1, sizeof(*e));
	size_t best = 1;
	double lo, hi;

	if (!grid || !e || !temperature_span(runs, n, &ret.t0_degc, &ret.span_k))
		return ret;
	for (size_t i = 1; i <= BETA_STEPS; i++) {
		grid[i] = profile_at(runs, n, (double)i * BETA_MAX / BETA_STEPS, ret.t0_degc, e);
		if (grid[i].rss < grid[best].rss)
			best = i;
	}
	grid[0] = grid[1]; /* beta = 0 is the straight line, which beta -> 0 approaches */
	if (ret.span_k < SPAN_MIN_K || grid[best].l0 <= 0)
		return ret;
	profile_interval(grid, best, &lo, &hi);
	if (lo <= 0 || hi >= BETA_MAX)
		return ret;
	ret.beta_per_k = (struct erg_est){(double)best * BETA_MAX / BETA_STEPS, lo, hi,
		(hi - lo) / 2, 0, "profile likelihood"};
	ret.l0_w = (struct erg_est){grid[best].l0, NAN, NAN, NAN, NAN, "variable projection"};
	return ret;
}
