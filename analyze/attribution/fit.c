/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the fit is reached: the sensor as it was declared, with power that goes with the duration where a test
 * says so; then instances that were held up, otherwise; then another sensor (search.c); and all of it again for
 * a change of level that the fit shows (change.c). Each step is a file of its own; what is here is which of them
 * comes next, and what may stand.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/fit.h"
#include "analyze/attribution/change.h"
#include "analyze/attribution/curve.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/instances.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/lag.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/lockstep.h"
#include "analyze/attribution/mend_times.h"
#include "analyze/attribution/misfit.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/outside.h"
#include "analyze/attribution/own_pace.h"
#include "analyze/attribution/pauses.h"
#include "analyze/attribution/profiles.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/rebuild.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/search.h"
#include "analyze/attribution/slow.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/times.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

/* What a fit has found, for another. */
static void forget_fit(struct attr_run *r)
{
	attr_nnls_release(&r->nnls);
	free(r->rival);
	r->rival = NULL;
	memset(&r->weights, 0, sizeof(r->weights));
	memset(&r->misfit, 0, sizeof(r->misfit));
	r->searched = false;
	memset(r->psi, 0, sizeof(r->psi));
	memset(r->known_u, 0, sizeof(r->known_u));
	memset(&r->sol, 0, sizeof(r->sol));
}

/* What was declared is asked anew with the columns as they are now, as power that goes with the duration looks like
 * another sensor, or like times that scatter; but where another one was looked for already. */
static int redeclare(struct attr_run *r)
{
	if (r->searched)
		return attr_refit_again(r);
	attr_unsteady(r);
	forget_fit(r);
	r->st->shape = r->fit.shape;
	return attr_refit(r);
}

/* The columns that least squares fit become hats over the duration; the fit goes on from where it is. */
static int bend(struct attr_run *r, size_t pieces)
{
	struct erg_attr_state *st = r->st;
	struct attr_view *v = &st->view;
	_cleanup_(erg_freep) bool *keep = calloc(v->n_cols + 1, sizeof(*keep));
	double *power = NULL, *p;
	int rc;

	if (!keep)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];

		keep[c] = v->col_apart[c] || k >= v->gap_class ||
			v->class_time[k] * 1e9 >=
				ATTR_DIRECT_WINDOWS * st->memory_ns * (double)v->class_calls[k];
	}
	rc = attr_bend(v, keep, pieces, st->power, &power, r->err);
	free(r->fit.power);
	r->fit.power = power;
	if (rc < 0)
		return rc;
	p = realloc(st->power, (v->n_cols + 2) * sizeof(double));
	if (!p)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	st->power = p;
	return redeclare(r);
}

/* The columns as they were before they were bent: what made power seem to go with the duration was the
 * sensor, and the search for another one is long with many columns, and finds less. */
static int unbend(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	int rc;

	if (!st->view.bent)
		return 0;
	attr_view_release(&st->view);
	rc = attr_build_view(r);
	if (!rc)
		rc = attr_durations(&st->view, r->err);
	attr_nnls_release(&r->nnls);
	if (!rc)
		rc = attr_nnls_init(&r->nnls, st->view.n_cols + r->n_extra, r->n_extra, r->err);
	return rc ? rc : attr_fit_at(r, &st->shape, NULL);
}

/* Power goes with the duration, and that is what is wrong: a wrong kernel shows in that test as well. */
static bool varying(const struct attr_run *r)
{
	const struct attr_tests *t = &r->misfit.fitted;

	return r->st->view.z && !r->st->view.bent && t->duration.p < ATTR_MISFIT_P &&
		(!(t->kernel.p < ATTR_MISFIT_P) ||
			t->duration.f * ATTR_GROUPS > t->kernel.f * ATTR_SHIFTS);
}

static int bend_into(struct attr_run *r, size_t pieces)
{
	int rc = unbend(r);

	if (!rc)
		rc = bend(r, pieces);
	return rc < 0 ? rc : attr_weigh_and_judge(r);
}

#define BENT_PIECES 3 /* of a curve that one is not enough for */

/* A curve of one piece for each column; or of several where the test says that this is not enough, or may not be, but
 * for a fit that then no longer stands. */
static int bend_and_judge(struct attr_run *r)
{
	bool good;
	int rc = bend_into(r, 1);

	if (rc < 0 || !(r->misfit.fitted.duration.p < ATTR_DOUBTFUL_P))
		return rc;
	good = !r->misfit.reason;
	rc = bend_into(r, BENT_PIECES);
	return !rc && good && r->misfit.reason ? bend_into(r, 1) : rc;
}

/* The lag was looked for near where it was declared and not found; and not because it cannot matter, as
 * where the tests find nothing wrong with the declared one, which look far. */
static bool lost(const struct attr_run *r)
{
	return !r->fit.estimated && !r->misfit.declared_right && r->opt.lag == ERG_LAG_AUTO &&
		!r->st->locked && r->st->view.gap_class && !r->st->rail.model.lag_u_ns;
}

/* The tests lean on the power that was fitted: a sensor that is wrong (a clock that runs off, say) makes
 * all layers alike and leaves the tests nothing to see. So where the lag is not held, and the fit leaves
 * much of what the readings vary by, another sensor is looked for, whatever the tests say. */
#define UNEXPLAINED 0.1
#define TIMES_LEFT 0.5 /* of the residual */
#define MOVED 0.25     /* of what the sensor averages over, or of a segment */

/* Whether another sensor may be looked for at all. */
static bool may_differ(const struct attr_run *r)
{
	return r->opt.lag == ERG_LAG_AUTO && !r->st->locked && r->st->view.gap_class;
}

static bool blind(const struct attr_run *r)
{
	const struct attr_readings *rd = &r->st->readings;
	double mean = 0, var = 0;

	if (r->fit.estimated || !may_differ(r))
		return false;
	for (size_t i = 0; i < rd->n; i++)
		mean += rd->v[i] / (double)rd->n;
	for (size_t i = 0; i < rd->n; i++)
		var += (rd->v[i] - mean) * (rd->v[i] - mean) / (double)rd->n;
	return r->sol.rss_plain > UNEXPLAINED * var;
}

/* Of a sensor that nobody declared the run is asked first: power that goes with the duration makes up
 * for a wrong window. */
static bool guessed(const struct attr_run *r)
{
	return r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED && !r->misfit.declared_right;
}

/* A fit that is not near what was declared is one minimum of many: with few readings no test tells it from
 * the right one, only that another sensor leaves less. */
static bool moved(const struct attr_run *r)
{
	const struct erg_sensor_model *m = &r->st->rail.model;
	double segment = attr_view_typical_ns(&r->st->view, r->st->view.n / 2);
	double far = fmax(4 * (double)m->lag_u_ns, MOVED * fmin(r->st->memory_ns, segment));

	return may_differ(r) &&
		(!r->misfit.declared_right || fabs(r->declared.lag_ns - (double)m->lag_ns) > far);
}

/* The stamps alone are wrong, amid one layer: no other sensor mends that, though one may seem to. */
static bool late(const struct attr_run *r)
{
	const struct attr_tests *t = &r->misfit.fitted;

	return attr_test_fails(&t->late) && !attr_test_fails(&t->kernel) &&
		!attr_test_fails(&t->clock);
}

/* What is wrong with the times of the readings: they are so with any sensor, unless that explains what they
 * seemed to do. NULL: nothing. */
static const char *of_times(const struct attr_run *r)
{
	return attr_scatters(r) ? "misfit: clock" : late(r) ? "misfit: late" : NULL;
}

/* Whether no other sensor has more to it than the one fitted, where that is far from what was declared or leaves much
 * unexplained; what nobody declared is no more likely than any other that does as well. A counter has no window. */
static int audit(struct attr_run *r, bool *ret)
{
	bool window = r->st->shape.kind != ERG_SENSOR_COUNTER, little = false;
	bool assumed = r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED;
	int rc = 0;

	if (moved(r) || blind(r))
		return attr_audit(r, ATTR_AUDIT_ALIKE, ret);
	if (!may_differ(r) || !window)
		return 0;
	rc = attr_explains_little(r, assumed ? UNEXPLAINED / 2 : UNEXPLAINED, &little);
	if (rc < 0)
		return rc;
	if (assumed)
		return attr_audit(r, little ? ATTR_AUDIT_ALIKE_OF_ALL : ATTR_AUDIT_SHIFTED, ret);
	return little ? attr_audit(r, ATTR_AUDIT_BY_FAR, ret) : 0;
}

/* Whether the sensor as it was fitted may stand: no test fails, and where it is not near what was declared,
 * or leaves much unexplained, no other sensor does as well. */
static int stands(struct attr_run *r, bool *ret)
{
	bool wrong = false;
	int rc = 0;

	*ret = !r->misfit.reason && !lost(r);
	if (*ret)
		rc = attr_outside(r, &wrong);
	if (!rc && *ret && !wrong && may_differ(r))
		rc = attr_slower(r, &wrong);
	*ret = *ret && !wrong;
	return !rc && *ret ? audit(r, ret) : rc;
}

/* Another sensor, and power that goes with the duration where it does so with that. */
static int look_elsewhere(struct attr_run *r, bool fine)
{
	int rc;

	r->searched = true;
	attr_trust_nothing(r);
	attr_unsteady(r);
	memset(&r->weights, 0, sizeof(r->weights));
	rc = unbend(r);
	if (!rc)
		rc = attr_search(r, fine);
	if (!rc)
		rc = attr_weigh_and_judge(r);
	return !rc && varying(r) ? bend_and_judge(r) : rc;
}

#define EDGE_ROUNDS 3

/* Which updates the readings of a counter saw goes with the fit. */
static int refit(struct attr_run *r)
{
	bool changed, seen;
	int rc = attr_which_update(r, r->fit.power, &changed);

	if (!rc)
		rc = attr_refit(r);
	seen = changed;
	for (int i = 0; !rc && changed && i < EDGE_ROUNDS; i++) {
		rc = attr_which_update(r, r->st->power, &changed);
		if (!rc)
			rc = attr_goes_on(r);
	}
	/* the search for the lag was without that */
	if (!rc && seen && !r->fit.estimated)
		r->fit.estimated = attr_lag_found(r);
	return rc;
}

/* The sensor as it was declared, and power that goes with how far an instance is. */
static int fit_profile(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	int rc;

	attr_unsteady(r);
	forget_fit(r);
	rc = attr_view_again(r);
	if (rc < 0)
		return rc;
	st->shape = r->fit.shape;
	rc = refit(r);
	if (!rc)
		rc = attr_weigh_and_judge(r);
	return !rc && varying(r) ? bend_and_judge(r) : rc;
}

#define PROFILED_LESS 0.8 /* of what is left without */

/* The most likely profile; whether it stands. */
static int try_profile(struct attr_run *r, const bool *uneven, size_t likely, bool *ret_stands)
{
	int rc = attr_profiles_choose(r, uneven, likely);

	if (!rc)
		rc = fit_profile(r);
	return rc ? rc : stands(r, ret_stands);
}

/* No sensor fits powers that are the same all through each layer: whether the one that was declared does others. */
static int fit_profiles(struct attr_run *r, const bool *uneven)
{
	const char *reason = r->misfit.reason;
	double left = r->sol.rss_plain, least;
	bool stopped = r->misfit.stopped;
	size_t likely;
	int rc;

	r->fit.shape.lag_ns = r->first.lag_ns;
	rc = attr_profiles_rank(r, uneven, &likely, &least);
	if (!rc && least < PROFILED_LESS * left)
		rc = try_profile(r, uneven, likely, &r->stood);
	if (rc < 0)
		return rc;
	if (r->stood) {
		r->fit.estimated = r->fit.estimated || attr_lag_found(r);
		return 0;
	}
	attr_profiles_forget(r);
	rc = fit_profile(r);
	r->misfit.reason = reason;
	r->misfit.stopped = stopped;
	return rc;
}

/* The sensor as declared, as far as the run does not contradict it, with power that goes with the
 * duration where it does; else another sensor. */
static int fit_even(struct attr_run *r)
{
	const char *times;
	bool wrong = false;
	double most;
	int rc = 0;

	r->stood = false;
	if (varying(r) && !lost(r) && !guessed(r))
		rc = bend_and_judge(r);
	if (!rc)
		rc = stands(r, &r->stood);
	if (rc < 0 || r->stood || r->glance || attr_rounded(r) || (late(r) && !lost(r)))
		return rc;
	times = of_times(r);
	most = times ? TIMES_LEFT * r->sol.rss_plain : INFINITY;
	rc = look_elsewhere(r, false);
	/* the minimum of short layers is narrow, and steps of the first look may miss it */
	if (!rc && r->misfit.reason && !r->misfit.stopped) {
		times = of_times(r) ? of_times(r) : times;
		most = of_times(r) ? fmin(most, TIMES_LEFT * r->sol.rss_plain) : most;
		rc = look_elsewhere(r, true);
	}
	if (!rc && !r->misfit.reason && r->sol.rss_plain > most)
		r->misfit.reason = times;
	if (!rc && !r->misfit.reason)
		rc = attr_outside(r, &wrong);
	if (!rc && !r->misfit.reason && !wrong)
		rc = attr_slower(r, &wrong);
	if (!rc && !r->misfit.reason && (wrong || attr_far_and_doubtful(r)))
		r->misfit.reason = "misfit: unknown";
	if (!rc && !r->misfit.reason)
		r->fit.estimated = attr_lag_found(r);
	return rc;
}

/* The same, and where none fits, power that is not the same all through a layer. */
static int fit_sensor(struct attr_run *r)
{
	_cleanup_(erg_freep) bool *uneven = calloc(r->st->n_classes + 1, sizeof(bool));
	bool suspect;
	int rc = uneven
		? attr_weigh_and_judge(r)
		: erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", r->st->n_classes);

	if (rc < 0)
		return rc;
	memcpy(uneven, r->uneven, r->st->n_classes * sizeof(bool));
	suspect = attr_test_fails(&r->misfit.fitted.profile) && !guessed(r);
	rc = fit_even(r);
	return !rc && r->misfit.reason && suspect && !r->glance ? fit_profiles(r, uneven) : rc;
}

/* The lag, near where it was declared; or HOW. */
static int find_lag(struct attr_run *r, enum erg_attr_lag how)
{
	struct erg_attr_options opt = r->opt;

	opt.lag = how;
	free(r->fit.power);
	return attr_lag_search(&r->st->view, &r->st->readings, &r->st->rail, &opt, &r->first,
		&r->fit, r->err);
}

/* The same by the lag that was declared: one that is looked for makes up for the edges where layers are much alike. */
static int look_at_declared(struct attr_run *r, bool *ret_odd)
{
	struct attr_fit found = r->fit;
	int rc;

	r->fit.power = NULL;
	rc = find_lag(r, ERG_LAG_MODEL);
	if (!rc)
		rc = attr_outside_odd(r, ret_odd);
	free(r->fit.power);
	r->fit = found;
	return rc;
}

#define LAG_SAME 0.02 /* of what the sensor sees at once */

/* Whether readings that saw an edge of the work are to be left out; the lag is then found without them. */
static int look_at_edges(struct attr_run *r)
{
	double moved = fabs(attr_delay_of(&r->fit.shape) - attr_delay_of(&r->first));
	bool odd;
	int rc = attr_outside_odd(r, &odd);

	if (!rc && !odd && moved > LAG_SAME * attr_declared_ns(r))
		rc = look_at_declared(r, &odd);
	return !rc && odd && attr_leave_edges_out(r) ? find_lag(r, r->opt.lag) : rc;
}

/* From the columns to the fit. */
static int fit_run(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	int rc = find_lag(r, r->opt.lag);

	if (!rc && !r->edges_out && attr_has_outside(v))
		rc = look_at_edges(r);
	if (rc < 0)
		return rc;
	st->shape = r->fit.shape;
	st->memory_ns = attr_kernel_ops_of(st->shape.kind)->memory(&st->shape, &st->readings);
	st->reach_ns = 1.5 *
		(st->readings.stale ? fmax(st->readings.period_ns, st->readings.spacing_ns)
				    : st->readings.spacing_ns);
	if (v->gap_class && (rc = attr_durations(&st->view, r->err)) < 0)
		return rc;
	st->locked = attr_lockstep(v, &st->readings) > ATTR_LOCKSTEP_LIMIT;
	rc = refit(r);
	return rc ? rc : fit_sensor(r);
}

#define CHANGE_NEAR 0.05 /* of the run */
#define CHANGED_LESS 0.8 /* of what is left without the change: there is one */

/* All anew. */
static int fit_anew(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	double *power;
	int rc;

	attr_profiles_forget(r);
	attr_view_release(&st->view);
	forget_fit(r);
	if (st->readings.scatter)
		attr_unsteady(r);
	rc = attr_build_view(r);
	if (rc < 0)
		return rc;
	power = realloc(st->power, (st->view.n_cols + 2) * sizeof(double));
	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", st->view.n_cols);
	st->power = power;
	return fit_run(r);
}

/* With the changes of R. */
static int fit_again(struct attr_run *r)
{
	for (size_t i = 0; i <= r->n_changes; i++) {
		r->step_t[i] = i ? r->change[i - 1].begin : 0;
		r->step_v[i] = exp2((double)i);
	}
	r->opt.frequency =
		(struct erg_attr_steps){r->n_changes ? r->n_changes + 1 : 0, r->step_t, r->step_v};
	return fit_anew(r);
}

/* The fit, with instances that were held up as the readings say: a wrong guess looks like another sensor, so
 * all are tried with the one declared first. */
static int fit_held(struct attr_run *r)
{
	static const enum erg_attr_stall others[] = {ERG_STALL_BEFORE, ERG_STALL_AMID};
	enum erg_attr_stall first = r->opt.stall;
	int rc;

	r->glance = r->st->view.tail != NULL;
	rc = fit_run(r);
	if (rc < 0 || !r->glance)
		return rc;
	for (size_t i = 0; !rc && !r->stood && i < ERG_ARRAY_SIZE(others); i++) {
		r->opt.stall = others[i];
		rc = fit_anew(r);
	}
	r->glance = false;
	if (rc < 0 || r->stood)
		return rc;
	r->opt.stall = first;
	return fit_anew(r);
}

/* A change beside one that was found with a fit that was worse is the same, better placed. */
static bool replace_change(struct attr_run *r, const struct erg_attr_span *span)
{
	double near =
		CHANGE_NEAR * (double)(attr_begin(&r->st->view, r->st->view.n) - r->st->view.t0);

	for (size_t i = 0; i < r->n_changes; i++)
		if (fabs((double)(int64_t)(r->change[i].begin - span->begin)) < near) {
			r->change[i] = *span;
			return true;
		}
	return false;
}

static void add_change(struct attr_run *r, const struct erg_attr_span *span)
{
	size_t i = r->n_changes++;

	for (; i && r->change[i - 1].begin > span->begin; i--)
		r->change[i] = r->change[i - 1];
	r->change[i] = *span;
}

static bool may_change(const struct attr_run *r)
{
	return r->n_changes < ATTR_CHANGES_MAX && r->st->view.n_levels == r->n_changes + 1 &&
		r->st->view.gap_class && !r->st->locked;
}

/* And changes of level that the fit shows. */
static int fit_changes(struct attr_run *r, int rc)
{
	bool replaced = false;

	while (!rc && may_change(r)) {
		struct erg_attr_span kept[ATTR_CHANGES_MAX], span;
		size_t n = r->n_changes;
		bool good = !r->misfit.reason;
		double left = r->sol.rss_plain;

		memcpy(kept, r->change, sizeof(kept));
		rc = attr_find_change(r, &span);
		if (rc <= 0)
			break;
		if (!replace_change(r, &span))
			add_change(r, &span);
		else if (replaced)
			return 0;
		replaced = n == r->n_changes;
		rc = fit_again(r);
		/* a fit that leaves so much that no test sees anything is no better than one that is refused */
		if (rc < 0 || !good || !r->misfit.reason || r->sol.rss_plain < CHANGED_LESS * left)
			continue;
		memcpy(r->change, kept, sizeof(kept));
		r->n_changes = n;
		return fit_again(r);
	}
	return rc;
}

/* The same with another view, as the run was recorded. */
static int fit_otherwise(struct attr_run *r)
{
	int rc;

	r->n_changes = 0;
	r->opt.frequency = r->frequency;
	rc = fit_anew(r);
	return fit_changes(r, rc);
}

/* The fit, by the times of the sensor's own conversions where the readings are of such. */
static int fit_times(struct attr_run *r)
{
	bool found = false;
	int rc = fit_changes(r, fit_held(r));

	if (!rc)
		rc = attr_own_pace(r, &found);
	return !rc && found ? fit_otherwise(r) : rc;
}

int attr_fit(struct attr_run *r)
{
	bool better = false;
	int rc = fit_times(r);

	/* what flows in a pause, or around the work, need not be one power */
	if (rc < 0 || !r->misfit.reason || r->opt.lag != ERG_LAG_AUTO)
		return rc;
	rc = attr_pauses_look(r, &better);
	if (!rc && better)
		rc = fit_otherwise(r);
	if (rc < 0 || !r->misfit.reason)
		return rc;
	r->gap_ends = (struct attr_gap_ends){0};
	return attr_take_outside(r) || better ? fit_otherwise(r) : rc;
}
