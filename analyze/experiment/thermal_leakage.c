/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leakage from temperature within runs: a straight line by regression with an effect for each run
 * (biased when the thermometer lags), and the exponential form. The estimator that fails
 * differently, the heat sink as an instrument, is in thermal_instrument.c. Blocks in which the
 * machine throttled take part in none.
 */
#include "analyze/experiment/thermal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

#define BETA_MAX 0.08
#define BETA_STEPS 400
#define SPAN_MIN_K 25

static struct erg_est interval(double v, double lo, double hi, double syst, const char *method)
{
	return (struct erg_est){v, lo - syst, hi + syst, (hi - lo) / 2, syst, method};
}

struct erg_est erg_thermal_regression(const struct erg_thermal_run *runs, size_t n)
{
	double sxx = 0, sxy = 0, meat = 0, slope, half, gain = 0;
	size_t blocks = 0, clusters = 0;

	for (int pass = 0; pass < 2; pass++) {
		slope = sxx > 0 ? sxy / sxx : NAN;
		for (size_t r = 0; r < n; r++) {
			struct erg_thermal_means m = erg_thermal_means_from(&runs[r], 0);
			double score = 0;

			for (size_t i = 0; i < runs[r].n; i++) {
				const struct erg_thermal_block *b = &runs[r].blocks[i];
				double x = b->temp_degc - m.temp_degc, y = b->power_w - m.power_w;

				if (!erg_thermal_usable(b))
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
	half = gsl_cdf_tdist_Pinv(0.975, (double)clusters - 1) * sqrt(meat) / sxx;
	return interval(slope, slope - half, slope + half, fabs(slope) * gain, "regression");
}

/* ---- exponential form ---- */

struct profile {
	double rss, l0;
	double sxx; /* of exp(beta (T - T0)): how fast the sum of squares grows away from l0 */
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

			if (!erg_thermal_usable(b))
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
	double sxy = 0, lag = 0;

	effect_means(runs, n, beta, t0, e);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t r = 0; r < n; r++) {
			const struct effect *m = &e[effect_of(runs, r)];
			double last = 0;

			for (size_t i = 0; i < runs[r].n; i++) {
				const struct erg_thermal_block *b = &runs[r].blocks[i];
				double x, y;

				if (!erg_thermal_usable(b))
					continue;
				x = exp(beta * (b->temp_degc - t0)) - m->x;
				y = b->power_w - m->p;
				if (!pass) {
					pr.sxx += x * x;
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
			pr.l0 = pr.sxx > 0 ? fmax(sxy / pr.sxx, 0) : 0;
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
			if (erg_thermal_usable(&runs[r].blocks[i])) {
				lo = fmin(lo, runs[r].blocks[i].temp_degc);
				hi = fmax(hi, runs[r].blocks[i].temp_degc);
			}
	if (lo > hi) /* no block can be used */
		return false;
	*ret_mid = (lo + hi) / 2;
	*ret_span = hi - lo;
	return hi > lo;
}

/* 95 % intervals by profile likelihood: all beta, and all L0, with which some sum of squares stays
 * under the limit. At one beta it grows from its least as sxx (L0 - l0)^2. GAIN: of the rail, which
 * moves L0 and not beta. */
static void profile_intervals(const struct profile *grid, size_t best, double gain,
	struct erg_est *ret_beta, struct erg_est *ret_l0)
{
	const struct profile *b = &grid[best];
	double m_eff = (double)b->n * (1 - b->rho) / (1 + b->rho), lo = b->l0, hi = b->l0;
	double limit = b->rss * (1 + gsl_cdf_chisq_Pinv(0.95, 1) / fmax(m_eff, 1));
	size_t first = best, last = best;

	while (first > 0 && grid[first - 1].rss <= limit)
		first--;
	while (last < BETA_STEPS && grid[last + 1].rss <= limit)
		last++;
	for (size_t i = first; i <= last; i++) {
		double half = sqrt((limit - grid[i].rss) / grid[i].sxx);

		lo = fmin(lo, grid[i].l0 - half);
		hi = fmax(hi, grid[i].l0 + half);
	}
	lo = fmax(lo, 0);
	*ret_beta = interval((double)best * BETA_MAX / BETA_STEPS,
		(double)first * BETA_MAX / BETA_STEPS, (double)last * BETA_MAX / BETA_STEPS, 0,
		"profile likelihood");
	*ret_l0 = interval(b->l0, lo, hi, b->l0 * gain, "profile likelihood");
}

struct erg_thermal_exponential erg_thermal_exponential_fit(const struct erg_thermal_run *runs,
	size_t n)
{
	struct erg_thermal_exponential ret = {ERG_EST_UNRESOLVED, ERG_EST_UNRESOLVED, NAN, NAN};
	_cleanup_(erg_freep) struct profile *grid =
		erg_noted(calloc(BETA_STEPS + 1, sizeof(*grid)));
	_cleanup_(erg_freep) struct effect *e = erg_noted(calloc(n + 1, sizeof(*e)));
	struct erg_est beta, l0;
	double gain = 0;
	size_t best = 1;

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
	for (size_t r = 0; r < n; r++)
		gain = fmax(gain, runs[r].gain_max);
	profile_intervals(grid, best, gain, &beta, &l0);
	if (beta.lo <= 0 || beta.hi >= BETA_MAX)
		return ret;
	ret.beta_per_k = beta;
	ret.l0_w = l0;
	return ret;
}
