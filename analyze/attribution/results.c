/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the caller sees beside the figures themselves: observation and coverage of each class, both
 * methods side by side, how the sensor was understood, and warnings.
 */
#include <math.h>
#include <string.h>

#include "analyze/attribution/results.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/combine.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/misfit.h"
#include "analyze/attribution/rounded_layers.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "analyze/attribution/warn.h"

double attr_fresh(const struct erg_attr_state *st)
{
	double window = st->shape.kind == ERG_SENSOR_COUNTER ? st->readings.spacing_ns
							     : st->shape.window_ns;

	return window > 0 ? fmin(1, st->readings.spacing_ns / window) : 1;
}

static void fill_classes(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double fresh = attr_fresh(st), all = 0;

	for (size_t k = 0; k < st->n_classes; k++) {
		struct erg_attr_class *c = &r->a->classes[k];

		c->time_s = v->class_time[k];
		c->calls = v->class_calls[k];
		c->coverage = c->time_s > 0 ? fmax(st->class_covered[k], 0) / c->time_s : 0;
		c->energy_direct_j = c->energy_nnls_j = ERG_EST_UNRESOLVED;
		all += st->class_covered[k];
	}
	for (size_t c = 0; c < v->n_cols; c++)
		if (!v->col_apart[c])
			r->a->classes[v->col_class[c]].windows += st->gram.windows[c] * fresh *
				(v->col_on ? v->col_share[c] / v->col_on[c] : 1);
	r->a->coverage = r->a->time_s > 0 ? fmax(all, 0) / r->a->time_s : 0;
}

/* Both methods side by side where both are valid. */
static void fill_both(struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;

	for (size_t k = 0; k < st->view.gap_class; k++) {
		struct erg_attr_class *c = &r->a->classes[k];
		struct attr_parts p = {0};

		if (!st->is_direct[k] || st->clipped.sure)
			continue;
		p.value = st->dir[k];
		p.lo = p.value - 1.96 * st->dir_se[k];
		p.hi = p.value + 1.96 * st->dir_se[k];
		p.syst = st->quantum_w[k] * c->time_s + p.value * st->rail.gain_max +
			c->time_s * (st->rail.offset_max + st->fold.w) +
			attr_outlying_j(st, c->time_s);
		c->energy_direct_j = attr_parts_est(&p, 1, "direct");
		if (st->locked || st->short_run || c->windows < r->opt.min_windows)
			continue;
		p.value = st->nnls[k];
		p.lo = p.value - 1.96 * st->nnls_se[k];
		p.hi = p.value + 1.96 * st->nnls_se[k];
		c->energy_nnls_j = attr_parts_est(&p, 1, "nnls");
	}
}

static void fill_diag(struct attr_run *r)
{
	struct erg_attr_diag *d = &r->a->diag;
	const struct erg_attr_state *st = r->st;
	bool assumed = st->rail.model.provenance == ERG_PROVENANCE_ASSUMED;

	d->lag_ns = st->shape.lag_ns;
	d->lag_u_ns = r->fit.lag_u_ns;
	d->lag_source = r->opt.lag == ERG_LAG_OVERRIDE ? "override"
		: r->fit.estimated                     ? "estimated"
		: assumed                              ? "assumed"
						       : "model";
	d->window_ns = st->shape.kind == ERG_SENSOR_EMA && st->shape.period_ns <= 0
		? st->shape.tau_ns
		: st->shape.window_ns;
	d->period_ns = st->readings.period_ns;
	d->window_fitted = r->fit.window_fitted;
	d->stale_readings = st->readings.stale;
	d->locked = st->locked;
	d->readings = st->rail.n + st->outlying.n;
	d->rows = st->gram.rows;
	d->blocks = st->gram.n;
	d->block_s = st->gram.block_ns * 1e-9;
	d->residual_w = sqrt(r->sol.sigma2 + r->sol.tau2);
	d->drift_w = sqrt(r->sol.tau2);
	d->levels = r->n_changes ? 1 : st->view.n_levels;
	if (!r->n_changes)
		memcpy(d->level_hz, st->view.level_hz, sizeof(d->level_hz));
}

/* A lag that the user gave, by more than how well he said that he knows it. */
static bool lag_contradicted(const struct attr_run *r)
{
	const struct attr_tests *t = &r->misfit.given;

	return (attr_test_fails(&t->lag) || attr_test_fails(&t->kernel)) &&
		!(fabs(t->lag.step) < 3 * r->opt.lag_u_ns);
}

/* Of the mean power: what comes again in step with the sampler is told; less is in the intervals alone. */
#define FOLD_TOLD 0.005

static void warn_of_fit(struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;
	const char *rail = st->rail.name;

	for (size_t i = 0; i < r->n_changes; i++)
		attr_warn(r->a, "hidden-change",
			"rail %s: what the layers draw changed at %.4g s, for a reason that was not "
			"recorded; before and after are told apart",
			rail, (double)(r->change[i].begin - st->view.t0) * 1e-9);
	if (r->gap_ends.least_ns > 0)
		attr_warn(r->a, "pause-ends",
			"rail %s: by the readings pauses of %.3g ms and more begin with %.3g ms and end with "
			"%.3g ms of what flows in shorter gaps; they count so",
			rail, r->gap_ends.least_ns * 1e-6, r->gap_ends.head_ns * 1e-6,
			r->gap_ends.tail_ns * 1e-6);
	if (st->locked)
		attr_warn(r->a, "phase-locked",
			"rail %s: the sampler runs in step with the layers "
			"and sees only a few moments of each iteration; record with --dither",
			rail);
	if (st->fold.w > FOLD_TOLD * st->mean_w)
		attr_warn(r->a, "in-step",
			"rail %s: power that no layer explains comes again every %zu readings (%.4g ms), in step "
			"with the sampler: how much of it lies between them is not known, and in every "
			"interval; record with --dither",
			rail, st->fold.every,
			(double)st->fold.every * st->readings.spacing_ns * 1e-6);
	if (r->misfit.reason)
		attr_warn(r->a, "misfit",
			"rail %s: %s: the readings do not follow from the layers and "
			"this sensor; what would be wrong is not printed",
			rail, r->misfit.reason);
	if (lag_contradicted(r))
		attr_warn(r->a, "lag-contradicted",
			"rail %s: the readings contradict the lag of %.4g ms that was given: "
			"without --lag it is looked for",
			rail, st->shape.lag_ns * 1e-6);
	if (st->short_run)
		attr_warn(r->a, "short-run",
			"rail %s: %zu blocks of %.3g s, at least %d are needed "
			"for intervals; record a longer run",
			rail, st->gram.n, st->gram.block_ns * 1e-9, ATTR_MIN_BLOCKS);
}

static void warn_of_readings(struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;
	const char *rail = st->rail.name;

	if (st->readings.steadied > 0)
		attr_warn(r->a, "scattered-stamps",
			"rail %s: its readings keep their pace better than their stamps: %.0f %% of what a "
			"stamp is off the pace of its neighbours by is taken for an error of the stamp",
			rail, 100 * st->readings.steadied);
	if (st->readings.n_late)
		attr_warn(r->a, "late-stamps",
			"rail %s: %zu of %zu readings were stamped more than %.3g ms off the pace of their "
			"neighbours and fit better at it: they count there",
			rail, st->readings.n_late, st->readings.n,
			st->readings.late_from_ns * 1e-6);
	attr_clipped_warn(r);
	attr_outlying_warn(r);
	if (st->readings.repeated && !st->clipped.sure)
		attr_warn(r->a, "repeated-readings",
			"rail %s: %zu of %zu readings are the one before once more, with a stamp of their "
			"own, as chance does not make them: they are left out",
			rail, st->readings.repeated, st->rail.n);
	if (st->readings.wide)
		attr_warn(r->a, "wide",
			"rail %s: %zu of %zu readings took over five times as long as the others, as on "
			"a busy machine: when they are of is not known, and they are left out",
			rail, st->readings.wide, st->rail.n);
	if (st->rail.unordered)
		attr_warn(r->a, "unordered",
			"rail %s: %zu readings lie before the one that they "
			"follow and were left out: the sensor's clock was set back",
			rail, st->rail.unordered);
	if (st->readings.stale)
		attr_warn(r->a, "stale-readings",
			"rail %s: the sensor updates every %.4g ms, "
			"repeated readings were dropped",
			rail, st->readings.period_ns * 1e-6);
	if (st->readings.at_updates && !st->readings.stale)
		attr_warn(r->a, "own-pace",
			"rail %s: the sensor converts every %.5g ms by a clock of its own, and each reading "
			"is the latest of those: it counts at the time of its conversion, which the "
			"readings tell",
			rail, st->readings.period_ns * 1e-6);
	if (st->rail.model.provenance == ERG_PROVENANCE_ASSUMED)
		attr_warn(r->a, "assumed-sensor",
			"rail %s: the sensor model is assumed (%s, window "
			"%.4g ms, lag %.4g ms)",
			rail, erg_sensor_kind_name(st->shape.kind), r->a->diag.window_ns * 1e-6,
			st->shape.lag_ns * 1e-6);
}

static void fill_idle(struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;
	struct attr_parts p = {0};

	r->a->idle_w = ERG_EST_UNRESOLVED;
	if (!st->has_idle)
		return;
	p.value = st->idle_a + st->idle_b * r->a->time_s / 2;
	p.lo = p.value - 1.959964 * st->idle_u;
	p.hi = p.value + 1.959964 * st->idle_u;
	p.syst = p.value * st->rail.gain_max + st->rail.offset_max;
	r->a->idle_w = attr_parts_est(&p, 1, "median");
}

void attr_results(struct attr_run *r)
{
	const struct attr_view *v = &r->st->view;

	r->st->ci_limit = r->opt.ci_limit;
	r->st->min_windows = r->opt.min_windows;
	r->a->time_s = (double)(attr_begin(v, v->n) - v->t0) * 1e-9;
	fill_classes(r);
	fill_both(r);
	fill_diag(r);
	warn_of_fit(r);
	warn_of_readings(r);
	attr_rounded_warn(r);
	fill_idle(r);
}
