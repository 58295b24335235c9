/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attribution from end to end; each step is a file of its own (run.h has the list).
 * Promises: the result depends on the inputs and the seed alone; a figure that the data cannot
 * carry is unresolved, with the reason; nothing is printed.
 */
#include "analyze/attribution/attribution.h"
#include "analyze/attribution/any_lag.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/clipped.h"
#include "analyze/attribution/coverage.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/effects.h"
#include "analyze/attribution/finite.h"
#include "analyze/attribution/fit.h"
#include "analyze/attribution/fold.h"
#include "analyze/attribution/gates.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/idle.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/known.h"
#include "analyze/attribution/model.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/outlying.h"
#include "analyze/attribution/outside.h"
#include "analyze/attribution/pauses.h"
#include "analyze/attribution/quantum.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/rebuild.h"
#include "analyze/attribution/reconcile.h"
#include "analyze/attribution/results.h"
#include "analyze/attribution/rounded_layers.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/scores.h"
#include "analyze/attribution/settle.h"
#include "analyze/attribution/solve.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/times.h"
#include "analyze/attribution/total.h"
#include "analyze/attribution/view.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

/* What one layer late in its stamps makes of the mean is known by the slope of the model alone, and of that layer alone. */
#define LATE_DOUBT 3

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
		attr_outlying_release(&st->outlying);
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
		free(st->spread);
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

static int check(const struct erg_rail *rail, const struct erg_timeline *tl,
	const struct erg_attr_options *opt, struct erg_err *err)
{
	int r = 0;

	if (tl->end <= tl->begin)
		return erg_fail(err, -EINVAL, "%s: the run has no time to attribute to",
			tl->archive);
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
	st->spread = erg_noted(calloc(n + 1, sizeof(double)));
	st->lag_j = erg_noted(calloc(ATTR_LAG_SIDES * (n + 1), sizeof(double)));
	st->rival_j = erg_noted(calloc(n + 1, sizeof(double)));
	st->slack_j = erg_noted(calloc(n + 1, sizeof(double)));
	st->quantum_w = calloc(n + 1, sizeof(double));
	st->class_covered = calloc(n + 1, sizeof(double));
	r->uneven = calloc(n + 1, sizeof(bool));
	st->rounds = r->opt.rounds;
	st->rep = calloc(st->rounds * n + 1, sizeof(double));
	if (!r->a->classes || !st->power || !st->value || !st->nnls || !st->nnls_se || !st->dir ||
		!st->dir_se || !st->is_direct || !st->any_lag || !st->sharp || !st->spread ||
		!st->lag_j || !st->rival_j || !st->slack_j || !st->quantum_w ||
		!st->class_covered || !st->rep || !r->uneven)
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
	ret->stale_ns = rd->at_updates             ? 0
		: rd->stale                        ? fmin(rd->spacing_ns, rd->period_ns)
		: rail->at_stamp || rail->own_time ? 0
						   : rd->period_ns;
}

static int prepare_by(struct attr_run *r, const struct erg_rail *rail)
{
	struct erg_attr_state *st = r->st;
	const struct erg_timeline *tl = r->src->tl;
	int rc = attr_readings_build(rail, tl->begin, tl->end, &st->readings, r->err);

	if (rc < 0)
		return rc;
	st->rail = *rail;
	first_shape(rail, &st->readings, &r->first, &r->opt);
	return attr_build_view(r);
}

/* Without readings that cannot be of this load: those that a look at the fit found, or else those far from all others. */
static int prepare(struct attr_run *r, const struct erg_rail *rail, bool looked)
{
	struct erg_attr_state *st = r->st;
	int rc = prepare_by(r, rail);

	if (!rc && !looked)
		rc = attr_outlying_first(r, rail);
	if (!rc)
		rc = attr_outlying_leave_out(r, rail);
	if (!rc && st->outlying.n) {
		attr_view_release(&st->view);
		attr_readings_release(&st->readings);
		rc = prepare_by(r, &st->outlying.kept);
	}
	return rc < 0 ? rc : alloc_state(r, st->view.n_classes, st->view.n_cols);
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

/* Everything that follows from the columns and the readings. */
static int attribute(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	int rc;

	if ((rc = attr_fit(r)) < 0 || (rc = attr_settle(r)) < 0 || (rc = attr_declared_fit(r)) < 0)
		return rc;
	st->memory_ns = attr_kernel_ops_of(st->shape.kind)->memory(&st->shape, &st->readings);
	if ((rc = resample(r)) < 0 || (rc = attr_quantum(r)) < 0 || (rc = finite_run(r)) < 0 ||
		(rc = attr_direct_run(v, &st->readings, &st->shape, &st->direct, r->err)) < 0 ||
		(rc = attr_outside_edges(r)) < 0 || (rc = attr_coverage(st, r->err)) < 0 ||
		(rc = attr_idle(st, r->err)) < 0)
		return rc;
	st->sigma2 = r->sol.sigma2;
	st->tau2 = r->sol.tau2;
	if ((rc = attr_jitter_effect(r)) < 0 || (rc = attr_late_stamps_effect(r)) < 0 ||
		(rc = attr_pauses_effect(r)) < 0)
		return rc;
	if ((rc = attr_fold(r)) < 0)
		return rc;
	if (r->misfit.reason && attr_test_fails(&r->misfit.fitted.late))
		st->late_w = LATE_DOUBT * r->misfit.fitted.late_w;
	attr_classes(r);
	if ((rc = attr_clipped(r)) < 0 || (rc = attr_lag_effect(r)) < 0 ||
		(rc = attr_any_lag(r)) < 0 || (rc = attr_rounded_effect(r)) < 0 ||
		(rc = attr_known(r)) < 0)
		return rc;
	attr_results(r);
	attr_model(r);
	rc = attr_gates(r->a, &r->opt, r->err);
	if (!rc)
		rc = attr_sums_prepare(r->a, r->err);
	return rc ? rc : attr_total(r->a, r->err);
}

/* OUTLYING: readings of the rail to be left out; more of them that the fit shows, in *RET_MORE, where it is LOOKED at for
 * the first time. */
static int run_once(const struct erg_rail *rail, const struct attr_source *src,
	const struct erg_attr_options *opt, bool *outlying, size_t looked, size_t *ret_more,
	struct erg_attr **ret, struct erg_err *err)
{
	_cleanup_(erg_attr_freep) struct erg_attr *a = erg_noted(calloc(1, sizeof(*a)));
	struct attr_run r = {.a = a, .outlying = outlying, .err = err};
	struct attr_source likely = *src;
	int rc;

	if (opt)
		r.opt = *opt;
	fill_options(&r.opt);
	r.frequency = r.opt.frequency;
	rc = check(rail, src->tl, &r.opt, err);
	if (rc < 0)
		return rc;
	if (!a || !(a->warnings = json_array()) || !(a->state = calloc(1, sizeof(*a->state))))
		return erg_fail(err, -ENOMEM, "out of memory");
	r.st = a->state;
	r.st->opt = &r.opt;
	r.src = src;
	rc = attr_rounded_find(src, &r.rounded, err);
	if (!rc && r.rounded.step_ns > 0) {
		likely.tl = &r.rounded.tl;
		r.src = &likely;
	}
	if (!rc)
		rc = prepare(&r, rail, looked > 0);
	if (!rc)
		rc = attribute(&r);
	if (!rc)
		rc = attr_outlying_left(&r, rail, ret_more);
	free(r.fit.power);
	free(r.rival);
	free(r.alike);
	free(r.boot.rep);
	free(r.of.power);
	free(r.uneven);
	free(r.profile);
	attr_nnls_release(&r.nnls);
	attr_rounded_release(&r.rounded);
	r.st->opt = NULL;
	if (rc < 0)
		return erg_wrap(err, rc, "attribution");
	*ret = erg_steal_ptr(&a);
	return 0;
}

#define LOOKS 3 /* at what a fit leaves, for readings that cannot be of the load */

int erg_attr_run_timeline(const struct erg_rail *rail, const struct erg_timeline *tl, bool device,
	const uint32_t *map, const struct erg_attr_options *opt, struct erg_attr **ret,
	struct erg_err *err)
{
	const struct attr_source src = {.tl = tl, .device = device, .map = map};
	_cleanup_(erg_freep) bool *outlying = erg_noted(calloc(rail->n + 1, sizeof(*outlying)));
	size_t more = 1;
	int rc = 0;

	if (!outlying)
		return erg_fail(err, -ENOMEM, "out of memory for %zu readings", rail->n);
	for (size_t i = 0; !rc && more && i < LOOKS; i++) {
		if (i)
			erg_attr_free(*ret);
		*ret = NULL;
		rc = run_once(rail, &src, opt, outlying, i, &more, ret, err);
	}
	return rc;
}
