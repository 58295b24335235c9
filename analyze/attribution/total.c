/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The energy of the run, by the readings alone (interval.c) or by the fit. A sensor that samples does
 * better with the layers' help: their times are exact, so only what the model leaves unexplained is
 * sampled (the regression estimator of Cochran 1977, chapter 7). A sampler nearly in step with the work
 * sees some layers too often for seconds on end, and its neighbouring readings are alike: their
 * differences then tell nothing of that error, but the fit does, and what it finds widens every
 * interval of the run.
 */
#include <math.h>

#include "analyze/attribution/total.h"
#include "analyze/attribution/beat.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/combine.h"
#include "analyze/attribution/reconcile.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "analyze/attribution/warn.h"

/* From this coverage on the readings' own integral is that of the whole run. */
#define ALL 0.99

/* So many readings a column, and the fit may be believed where the readings' own sum says something
 * else: with hardly more readings than layers a fit can be anywhere. */
#define FOUNDED 20
/* And so many, where both say the same. */
#define FOUNDED_AGREED 5

/* Of the interval: what a beat changes less is within it. */
#define BEAT_LEAST 0.1

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
		return coverage >= ATTR_ENOUGH && !st->unfair;
	if (apart(fit, plain) != 0)
		return st->gram.rows >= FOUNDED * st->view.n_cols;
	return st->gram.rows >= FOUNDED_AGREED * st->view.n_cols &&
		(coverage < ALL || fit->hi - fit->lo <= plain->hi - plain->lo);
}

/* Whether the readings saw some of the work in shares that are not those of the run: a sampler in
 * a slow beat with it. */
static bool seen_unfairly(const struct erg_attr *a)
{
	double time = 0;

	for (size_t k = 0; k < a->n_classes; k++)
		time += a->classes[k].time_s;
	return a->state->unfair_s > 0.01 * time;
}

static void warn_gaps(struct erg_attr *a, bool fitted)
{
	if (a->coverage < ALL)
		attr_warn(a, "gaps", "rail %s: %.3g %% of the run lies in gaps of the readings, %s",
			a->state->rail.name, 100 * (1 - a->coverage),
			fitted ? "counted at the mean power of what ran"
				: erg_est_resolved(&a->ets_j)
				? "counted at the mean power of the rest"
				: "too much to tell its energy");
}

/* The readings' own sum of a run whose layers have no fit, less what a slow beat makes of it; all parts of the run
 * follow. How near to a phase's power an uneven turn comes nobody knows: half of the correction is in doubt. */
static struct erg_est without_beat(struct erg_attr *a, const struct erg_est *plain)
{
	struct erg_attr_state *st = a->state;
	struct attr_beat beat = attr_beat(st);

	if (fabs(beat.j) < BEAT_LEAST * (plain->hi - plain->lo))
		return *plain;
	attr_warn(a, "slow-beat",
		"rail %s: the readings see some moments of the work's turns more often than others: by their phases the "
		"run's energy is %.3g %% %s than their sum; it was brought to that, and half of the difference is in the interval",
		st->rail.name, 100 * fabs(beat.j) / plain->value, beat.j > 0 ? "less" : "more");
	st->ratio = 1 - beat.j / plain->value;
	st->alias_j = hypot(beat.u_j, beat.j / 2 / 1.96);
	return erg_attr_interval(a, st->view.t0, attr_begin(&st->view, st->view.n), NULL, NULL);
}

/*
 * ETS by the better of the two ways, EDP and ED2P: the time is exact, so the products of the
 * replicates are the replicates of the products. Where the readings' own sum is the better one the
 * classes are brought to it, so that they make it up; where it is the fit, the parts of the run
 * (phases) that the readings give are brought to that.
 */
int attr_total(struct erg_attr *a, struct erg_err *err)
{
	struct erg_attr_state *st = a->state;
	const struct attr_view *v = &st->view;
	bool counter = st->shape.kind == ERG_SENSOR_COUNTER, fitted, both;
	struct erg_est fit, plain;
	double coverage;
	int r = 0;

	st->unfair = seen_unfairly(a);
	plain = erg_attr_interval(a, v->t0, attr_begin(v, v->n), &coverage, NULL);
	fit = attr_combine_all(a);
	if (!erg_est_resolved(&fit) && erg_est_resolved(&plain))
		plain = without_beat(a, &plain);
	both = erg_est_resolved(&fit) && erg_est_resolved(&plain);
	fitted = erg_est_resolved(&fit) && !counter && fit_is_better(st, &fit, &plain, coverage);
	if (fitted && both && coverage >= ALL)
		st->alias_j = apart(&fit, &plain);
	if (!fitted && both)
		r = attr_reconcile(a, &plain, &fit, err);
	a->ets_j = fitted ? fit : plain;
	if (fitted && both && plain.value > 0)
		st->ratio = fit.value / plain.value;
	a->mean_w = a->ets_j.value / a->time_s;
	a->edp_js = erg_est_scaled(&a->ets_j, a->time_s);
	a->ed2p_js2 = erg_est_scaled(&a->edp_js, a->time_s);
	warn_gaps(a, fitted);
	return r;
}
