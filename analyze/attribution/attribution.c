/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attribution from end to end; each step is a file of its own (internal.h has the list).
 * Promises: the result depends on the inputs and the seed alone; a figure that the data cannot
 * carry is unresolved, with the reason; nothing is printed.
 */
#include "analyze/attribution/attribution.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define LONG_GAP_NS 100e6 /* a gap this long lies outside of the work */

void erg_attr_options_init(struct erg_attr_options *opt)
{
	memset(opt, 0, sizeof(*opt));
	opt->rounds = ERG_ATTR_ROUNDS;
	opt->ci_limit = ERG_ATTR_CI_LIMIT_PCT / 100.;
	opt->cond_limit = ERG_ATTR_COND_LIMIT;
	opt->min_windows = 50;
	opt->max_blocks = 200;
}

static void fill_options(struct erg_attr_options *opt)
{
	struct erg_attr_options def;

	erg_attr_options_init(&def);
	opt->rounds = opt->rounds ? opt->rounds : def.rounds;
	opt->ci_limit = opt->ci_limit > 0 ? opt->ci_limit : def.ci_limit;
	opt->cond_limit = opt->cond_limit > 0 ? opt->cond_limit : def.cond_limit;
	opt->min_windows = opt->min_windows > 0 ? opt->min_windows : def.min_windows;
	opt->max_blocks = opt->max_blocks ? opt->max_blocks : def.max_blocks;
}

void erg_attr_free(struct erg_attr *a)
{
	if (!a)
		return;
	if (a->state) {
		struct erg_attr_state *st = a->state;

		attr_view_release(&st->view);
		attr_readings_release(&st->readings);
		attr_direct_release(&st->direct);
		attr_gram_release(&st->gram);
		free(st->power);
		free(st->value);
		free(st->rep);
		free(st->rep_sum);
		free(st->class_few);
		free(st->few_j);
		free(st->class_fitted);
		free(st->nnls);
		free(st->nnls_se);
		free(st->dir);
		free(st->dir_se);
		free(st->is_direct);
		free(st->any_lag);
		free(st->sharp);
		free(st->lag_j);
		free(st->rival_j);
		free(st->slack_j);
		free(st->quantum_w);
		free(st->gaps);
		free(st->class_covered);
		free(st);
	}
	free(a->classes);
	json_decref(a->warnings);
	free(a);
}

void erg_attr_freep(struct erg_attr **a)
{
	erg_attr_free(*a);
}

static int check(const struct erg_rail *rail, const struct erg_attr_options *opt,
	struct erg_err *err)
{
	int r = 0;

	for (size_t i = 1; i < rail->n && !r; i++)
		if (rail->t[i] <= rail->t[i - 1])
			r = erg_fail(err, -EINVAL,
				"rail %s: reading %zu does not follow the one "
				"before in time",
				rail->name, i);
	for (size_t i = 0; i < opt->n_idle && !r; i++)
		if (opt->idle[i].end <= opt->idle[i].begin ||
			(i && opt->idle[i].begin < opt->idle[i - 1].end))
			r = erg_fail(err, -EINVAL,
				"idle phase %zu is empty or overlaps the one "
				"before",
				i);
	return r;
}

static int alloc_state(struct attr_run *r, size_t n, size_t cols)
{
	struct erg_attr_state *st = r->st;

	st->n_classes = n;
	r->a->n_classes = n;
	r->a->classes = erg_noted(calloc(n + 1, sizeof(*r->a->classes)));
	st->power = erg_noted(calloc(cols + 2, sizeof(double)));
	st->value = erg_noted(calloc(n + 1, sizeof(double)));
	st->nnls = erg_noted(calloc(n + 1, sizeof(double)));
	st->nnls_se = erg_noted(calloc(n + 1, sizeof(double)));
	st->dir = erg_noted(calloc(n + 1, sizeof(double)));
	st->dir_se = erg_noted(calloc(n + 1, sizeof(double)));
	st->is_direct = erg_noted(calloc(n + 1, sizeof(bool)));
	st->any_lag = erg_noted(calloc(n + 1, sizeof(bool)));
	st->sharp = erg_noted(calloc(n + 1, sizeof(bool)));
	st->lag_j = erg_noted(calloc(ATTR_LAG_SIDES * (n + 1), sizeof(double)));
	st->rival_j = erg_noted(calloc(n + 1, sizeof(double)));
	st->slack_j = erg_noted(calloc(n + 1, sizeof(double)));
	st->quantum_w = calloc(n + 1, sizeof(double));
	st->class_covered = calloc(n + 1, sizeof(double));
	st->rounds = r->opt.rounds;
	st->rep = calloc(st->rounds * n + 1, sizeof(double));
	if (!r->a->classes || !st->power || !st->value || !st->nnls || !st->nnls_se || !st->dir ||
		!st->dir_se || !st->is_direct || !st->any_lag || !st->sharp || !st->lag_j ||
		!st->rival_j || !st->slack_j || !st->quantum_w || !st->class_covered || !st->rep)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", n);
	return 0;
}

/* The sensor as the model tells it. */
static void first_shape(const struct erg_rail *rail, const struct attr_readings *rd,
	struct attr_shape *ret, const struct erg_attr_options *opt)
{
	const struct erg_sensor_model *m = &rail->model;

	memset(ret, 0, sizeof(*ret));
	ret->kind = rail->counter ? ERG_SENSOR_COUNTER : m->kind;
	if (!rail->counter && m->kind == ERG_SENSOR_COUNTER)
		ret->kind = ERG_SENSOR_BOXCAR;
	ret->lag_ns = opt->lag == ERG_LAG_OVERRIDE ? opt->lag_ns : (double)m->lag_ns;
	ret->window_ns = (double)m->window_ns;
	ret->phase = -1;
	ret->alpha = m->alpha > 0 && m->alpha <= 1 ? m->alpha : 1;
	if (ret->kind == ERG_SENSOR_EMA) {
		ret->period_ns = m->alpha > 0 ? (double)m->period_ns : 0;
		ret->tau_ns = (double)m->window_ns;
		return;
	}
	ret->period_ns = rd->period_ns;
	ret->stale_ns = rd->stale ? fmin(rd->spacing_ns, rd->period_ns)
		: rail->at_stamp  ? 0
				  : rd->period_ns;
}

/* The columns, with the changes of level that were found so far: rows that may have seen both sides of one
 * are left out. */
static int build_view(struct attr_run *r)
{
	struct attr_view *v = &r->st->view;
	int rc = attr_view_build(r->src, &r->opt, LONG_GAP_NS, v, r->err);

	for (size_t i = 0; !rc && i < r->n_changes && v->n_changes == r->n_changes; i++)
		v->changes[i] = r->change[i];
	return rc;
}

static int prepare(struct attr_run *r, const struct erg_rail *rail)
{
	struct erg_attr_state *st = r->st;
	struct attr_view *v = &st->view;
	int rc = build_view(r);

	if (rc < 0)
		return rc;
	rc = attr_readings_build(rail, v->t0, attr_begin(v, v->n), &st->readings, r->err);
	if (rc < 0)
		return rc;
	st->rail = *rail;
	first_shape(rail, &st->readings, &r->first, &r->opt);
	return alloc_state(r, v->n_classes, v->n_cols);
}

/* Series of the blocks' mean residuals, whose memory decides how many stay together. */
static size_t resample_length(struct attr_run *r)
{
	struct attr_gram *g = &r->st->gram;
	double *e = erg_noted(calloc(g->n + 1, sizeof(double))), length = 1;

	for (size_t b = 0; e && b < g->n; b++) {
		const double *s = attr_block_s(g, b), *n = attr_block_n(g, b);

		e[b] = n[1] / n[0];
		for (size_t c = 0; c < g->dim; c++)
			e[b] -= s[c] / n[0] * r->nnls.x[c];
	}
	if (e)
		length = attr_block_length(e, g->n);
	free(e);
	return (size_t)ceil(fmin(length, fmax((double)g->n / ATTR_MIN_BLOCKS, 1)) - 1e-9);
}

/* Replicates about the solution, from sums without drift. */
static int rounds(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	size_t dim = st->gram.dim, length;
	double *total = malloc(st->gram.stride * sizeof(double));
	double *x = malloc(dim * sizeof(double));
	bool scored = dim > ATTR_SCORE_COLUMNS;
	double *score = scored ? malloc(st->gram.n * dim * sizeof(double)) : NULL;
	int rc = total && x && (score || !scored)
		? 0
		: erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", dim);

	if (!rc) {
		memcpy(x, r->nnls.x, dim * sizeof(double));
		rc = attr_center(&st->gram, x, &r->sol, r->err);
	}
	if (!rc) {
		attr_gram_total(&st->gram, NULL, 1, total);
		attr_nnls_solve(&r->nnls, total, attr_sum_h(total, dim));
		length = resample_length(r);
		r->a->diag.block_length = length;
		rc = score ? attr_scores(r, r->nnls.x, score) : 0;
		if (!rc)
			rc = attr_bootstrap(&st->gram, &r->nnls, score, length, r->opt.rounds,
				r->opt.seed, &r->boot, r->err);
	}
	for (size_t i = 0; !rc && i < st->rounds; i++)
		for (size_t c = 0; c < dim; c++)
			r->boot.rep[i * dim + c] += x[c] - r->nnls.x[c];
	free(total);
	free(x);
	free(score);
	return rc;
}

static int resample(struct attr_run *r)
{
	r->st->short_run = r->st->gram.n < ATTR_MIN_BLOCKS;
	return rounds(r);
}

/* Only where a fair share of the instances was seen does the run's being finite matter. */
static int finite_run(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	double seen = st->memory_ns / fmax(st->readings.spacing_ns, 1);

	if (seen < 0.05 || st->short_run || r->weights.cell_w > 0)
		return 0;
	return attr_finite(st, &r->boot, NULL, 0, r->err);
}

/* A lag that was given to +-u, not found in the data: refits on both sides. Not only at the ends, as
 * the energy of a short layer is no straight line of the lag. */
static int lag_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	struct attr_shape shape = st->shape;
	static const double side[ATTR_LAG_SIDES] = {-1.959964, -1, 1, 1.959964};
	struct attr_gram kept = st->gram;
	struct attr_solution sol = {0};
	int rc = 0;

	if (r->fit.estimated || r->fit.lag_u_ns <= 0)
		return 0;
	sol.power = calloc(v->n_cols + 1, sizeof(double));
	if (!sol.power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	for (size_t i = 0; i < ATTR_LAG_SIDES && !rc; i++) {
		memset(&st->gram, 0, sizeof(st->gram));
		shape.lag_ns = st->shape.lag_ns + side[i] * r->fit.lag_u_ns;
		rc = attr_accumulate(r, &shape, NULL);
		if (!rc)
			rc = attr_solve(&st->gram, &r->nnls, &sol, r->err);
		for (size_t c = 0; c < v->n_cols && !rc; c++)
			if (!st->is_direct[v->col_class[c]] && !v->col_apart[c])
				st->lag_j[ATTR_LAG_SIDES * v->col_class[c] + i] +=
					attr_col_energy(v, sol.power, c) -
					attr_col_energy(v, st->power, c);
		attr_gram_release(&st->gram);
	}
	st->gram = kept;
	free(sol.power);
	return rc;
}

/* Readings whose times are off see a kernel of a shape that is none of the family: what the fit would say
 * without the low-pass that stands in for it, and without weights, is as good a guess. */
#define JITTER_SEEN 2e4 /* ns, SD */

static int jitter_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	struct attr_shape shape = st->shape;
	struct attr_gram kept = st->gram;
	struct attr_solution sol = {0};
	int rc;

	if (r->rival || r->misfit.reason || !r->weights.used || r->opt.lag != ERG_LAG_AUTO ||
		r->weights.s[2] < JITTER_SEEN * JITTER_SEEN)
		return 0;
	sol.power = calloc(st->view.n_cols + 1, sizeof(double));
	if (!sol.power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", st->view.n_cols);
	shape.lag_ns += shape.rc_ns;
	shape.rc_ns = 0;
	memset(&st->gram, 0, sizeof(st->gram));
	rc = attr_accumulate(r, &shape, NULL);
	if (!rc)
		rc = attr_solve(&st->gram, &r->nnls, &sol, r->err);
	attr_gram_release(&st->gram);
	st->gram = kept;
	r->rival = rc ? NULL : calloc(st->n_classes + 1, sizeof(double));
	if (!rc && !r->rival)
		rc = erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", st->n_classes);
	if (!rc)
		attr_fitted_energies(&st->view, sol.power, r->rival);
	free(sol.power);
	return rc;
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
	return attr_refit_again(r);
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
	rc = build_view(r);
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

/* Readings that are not alike get weights, and the fit is made with them. */
static int weigh_and_judge(struct attr_run *r)
{
	bool changed;
	int rc = attr_reweigh(r, &changed);

	if (!rc && changed && !r->weights.cell_w)
		rc = attr_fit_step(r);
	return rc < 0 ? rc : attr_judge(r);
}

#define BENT_PIECES 3 /* of a curve that one is not enough for */

/* A curve of one piece for each column, or of several where the test says that this is not enough. */
static int bend_and_judge(struct attr_run *r)
{
	int rc = bend(r, 1);

	if (!rc)
		rc = weigh_and_judge(r);
	if (rc < 0 || !(r->misfit.fitted.duration.p < ATTR_MISFIT_P))
		return rc;
	rc = unbend(r);
	if (!rc)
		rc = bend(r, BENT_PIECES);
	return rc < 0 ? rc : weigh_and_judge(r);
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
#define SCATTER_LEFT 0.5 /* of the residual */
#define MOVED 0.25       /* of what the sensor averages over */

static bool blind(const struct attr_run *r)
{
	const struct attr_readings *rd = &r->st->readings;
	double mean = 0, var = 0;

	if (r->fit.estimated || r->opt.lag != ERG_LAG_AUTO || r->st->locked ||
		!r->st->view.gap_class)
		return false;
	for (size_t i = 0; i < rd->n; i++)
		mean += rd->v[i] / (double)rd->n;
	for (size_t i = 0; i < rd->n; i++)
		var += (rd->v[i] - mean) * (rd->v[i] - mean) / (double)rd->n;
	return r->sol.rss_plain > UNEXPLAINED * var;
}

/* A lag that the data hold well within what was searched. */
static bool found(const struct attr_run *r)
{
	return attr_lag_u(r) < r->fit.lag_u_ns || r->fit.lag_u_ns <= 0;
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
	double far = fmax(4 * (double)m->lag_u_ns, MOVED * r->st->memory_ns);

	return r->opt.lag == ERG_LAG_AUTO && !r->st->locked && r->st->view.gap_class &&
		(!r->misfit.declared_right || fabs(r->declared.lag_ns - (double)m->lag_ns) > far);
}

/* Whether the sensor as it was fitted may stand: no test fails, and where it is not near what was declared,
 * or leaves much unexplained, no other sensor does as well. */
static int stands(struct attr_run *r, bool *ret)
{
	*ret = !r->misfit.reason && !lost(r);
	return *ret && (moved(r) || blind(r)) ? attr_audit(r, ret) : 0;
}

/* Another sensor, and power that goes with the duration where it does so with that. */
static int look_elsewhere(struct attr_run *r, bool fine)
{
	int rc;

	attr_trust_nothing(r);
	memset(&r->weights, 0, sizeof(r->weights));
	rc = unbend(r);
	if (!rc)
		rc = attr_search(r, fine);
	if (!rc)
		rc = weigh_and_judge(r);
	return !rc && varying(r) ? bend_and_judge(r) : rc;
}

/* The sensor as declared, as far as the run does not contradict it, with power that goes with the
 * duration where it does; else another sensor. */
static int fit_sensor(struct attr_run *r)
{
	double scattered;
	int rc = attr_refit(r);

	r->stood = false;
	if (!rc)
		rc = weigh_and_judge(r);
	if (!rc && varying(r) && !lost(r) && !guessed(r))
		rc = bend_and_judge(r);
	if (!rc)
		rc = stands(r, &r->stood);
	if (rc < 0 || r->stood || r->glance || attr_rounded(r)) /* which no other sensor mends */
		return rc;
	/* times that scatter do so with any sensor, unless that explains what they seemed to do */
	scattered = attr_scatters(r) ? SCATTER_LEFT * r->sol.rss_plain : INFINITY;
	rc = look_elsewhere(r, false);
	/* the minimum of short layers is narrow, and steps of the first look may miss it */
	if (!rc && r->misfit.reason && !r->misfit.stopped)
		rc = look_elsewhere(r, true);
	if (!rc && !r->misfit.reason && r->sol.rss_plain > scattered)
		r->misfit.reason = "misfit: clock";
	if (!rc && !r->misfit.reason)
		r->fit.estimated = found(r);
	return rc;
}

/* From the columns to the fit. */
static int fit_run(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	int rc;

	free(r->fit.power);
	rc = attr_lag_search(v, &st->readings, &st->rail, &r->opt, &r->first, &r->fit, r->err);
	if (rc < 0)
		return rc;
	st->shape = r->fit.shape;
	st->memory_ns = attr_kernel_ops_of(st->shape.kind)->memory(&st->shape, &st->readings);
	st->reach_ns = 1.5 *
		(st->readings.stale ? fmax(st->readings.period_ns, st->readings.spacing_ns)
				    : st->readings.spacing_ns);
	if (v->gap_class && (rc = attr_durations(&st->view, r->err)) < 0)
		return rc;
	st->locked = attr_lock(v, &st->readings) > ATTR_LOCK_LIMIT;
	return fit_sensor(r);
}

#define CHANGE_NEAR 0.05 /* of the run */

/* All anew. */
static int fit_anew(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	double *power;
	int rc;

	attr_view_release(&st->view);
	attr_nnls_release(&r->nnls);
	free(r->rival);
	r->rival = NULL;
	memset(&r->weights, 0, sizeof(r->weights));
	memset(&r->misfit, 0, sizeof(r->misfit));
	memset(r->psi, 0, sizeof(r->psi));
	memset(r->known_u, 0, sizeof(r->known_u));
	memset(&r->sol, 0, sizeof(r->sol));
	rc = build_view(r);
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

/* The fit, and another one each time that it shows a change of the level, unless that is worse. */
static int fit_changing(struct attr_run *r)
{
	bool replaced = false;
	int rc = fit_held(r);

	while (!rc && may_change(r)) {
		struct erg_attr_span kept[ATTR_CHANGES_MAX], span;
		size_t n = r->n_changes;
		bool good = !r->misfit.reason;

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
		if (rc < 0 || !good || !r->misfit.reason)
			continue;
		memcpy(r->change, kept, sizeof(kept));
		r->n_changes = n;
		return fit_again(r);
	}
	return rc;
}

/* Everything that follows from the columns and the readings. */
static int attribute(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	int rc;

	if ((rc = fit_changing(r)) < 0 || (rc = attr_declared_fit(r)) < 0)
		return rc;
	st->memory_ns = attr_kernel_ops_of(st->shape.kind)->memory(&st->shape, &st->readings);
	if ((rc = resample(r)) < 0 || (rc = attr_quantum(r)) < 0 || (rc = finite_run(r)) < 0 ||
		(rc = attr_direct_run(v, &st->readings, &st->shape, &st->direct, r->err)) < 0 ||
		(rc = attr_coverage(st, r->err)) < 0 || (rc = attr_idle(st, r->err)) < 0)
		return rc;
	st->sigma2 = r->sol.sigma2;
	st->tau2 = r->sol.tau2;
	if ((rc = jitter_effect(r)) < 0)
		return rc;
	attr_classes(r);
	if ((rc = lag_effect(r)) < 0 || (rc = attr_whatever(r)) < 0)
		return rc;
	attr_results(r);
	attr_model(r);
	rc = attr_gates(r->a, &r->opt, r->err);
	if (!rc)
		rc = attr_sums_prepare(r->a, r->err);
	return rc ? rc : attr_total(r->a, r->err);
}

static int run(const struct erg_rail *rail, const struct attr_source *src,
	const struct erg_attr_options *opt, struct erg_attr **ret, struct erg_err *err)
{
	_cleanup_(erg_attr_freep) struct erg_attr *a = erg_noted(calloc(1, sizeof(*a)));
	struct attr_run r = {.a = a, .err = err};
	int rc;

	if (opt)
		r.opt = *opt;
	fill_options(&r.opt);
	rc = check(rail, &r.opt, err);
	if (rc < 0)
		return rc;
	if (!a || !(a->warnings = json_array()) || !(a->state = calloc(1, sizeof(*a->state))))
		return erg_fail(err, -ENOMEM, "out of memory");
	r.st = a->state;
	r.st->opt = &r.opt;
	r.src = src;
	rc = prepare(&r, rail);
	if (!rc)
		rc = attribute(&r);
	free(r.fit.power);
	free(r.rival);
	free(r.boot.rep);
	free(r.of.power);
	attr_nnls_release(&r.nnls);
	r.st->opt = NULL;
	if (rc < 0)
		return erg_wrap(err, rc, "attribution");
	*ret = erg_steal_ptr(&a);
	return 0;
}

int erg_attr_run_timeline(const struct erg_rail *rail, const struct erg_timeline *tl, bool device,
	const uint32_t *map, const struct erg_attr_options *opt, struct erg_attr **ret,
	struct erg_err *err)
{
	return run(rail, &(struct attr_source){.tl = tl, .device = device, .map = map}, opt, ret,
		err);
}
