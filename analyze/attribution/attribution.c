/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The attribution from end to end; each step is a file of its own (internal.h has the list).
 * Promises: the result depends on the inputs and the seed alone; a figure that the data cannot
 * carry is unresolved, with the reason; nothing is printed.
 */
#include "analyze/attribution/attribution.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "formats/util.h"

#define MIN_BLOCKS 20
#define DIRECT_WINDOWS 10   /* a layer this many windows long is integrated directly */
#define DIRECT_READINGS 30  /* inside of it, in all */
#define LONG_GAP_NS 100e6   /* a gap this long lies outside of the work */
#define BLOCK_BYTES 134217728.0 /* memory for the blocks */

struct run {
	struct erg_attr *a;
	struct erg_attr_state *st;
	struct erg_attr_options opt;
	struct attr_fit fit;
	struct attr_solution sol;
	struct attr_nnls nnls;
	struct attr_boot boot;
	struct erg_err *err;
};

const char *erg_attr_gate_name(enum erg_attr_gate gate)
{
	static const char *const names[ERG_GATE_N] = {"resolved", "no-data", "windows",
		"condition", "interval", "phase-locked", "blocks", "unfair"};

	return gate < ERG_GATE_N ? names[gate] : "?";
}

void erg_attr_options_init(struct erg_attr_options *opt)
{
	memset(opt, 0, sizeof(*opt));
	opt->rounds = 1000;
	opt->ci_limit = 0.05;
	opt->cond_limit = 100;
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

void attr_warn(struct erg_attr *a, const char *code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(a->warnings, json_pack("{s:s,s:s}", "code", code, "text", text));
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
		free(st->nnls);
		free(st->nnls_se);
		free(st->dir);
		free(st->dir_se);
		free(st->is_direct);
		free(st->lag_j);
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

static int check(const struct erg_rail *rail, const struct erg_segments *seg,
	const struct erg_attr_options *opt, struct erg_err *err)
{
	if (!seg->n || !seg->n_classes || seg->begin[seg->n] <= seg->begin[0])
		return erg_fail(err, -EINVAL, "rail %s: no time to attribute to; expected at least "
			"one segment", rail->name);
	for (size_t i = 0; i < seg->n; i++)
		if (seg->begin[i + 1] < seg->begin[i])
			return erg_fail(err, -EINVAL, "segment %zu ends before it begins", i);
	for (size_t i = 1; i < rail->n; i++)
		if (rail->t[i] <= rail->t[i - 1])
			return erg_fail(err, -EINVAL, "rail %s: reading %zu does not follow the one "
				"before in time", rail->name, i);
	for (size_t i = 0; i < opt->n_idle; i++)
		if (opt->idle[i].end <= opt->idle[i].begin ||
			(i && opt->idle[i].begin < opt->idle[i - 1].end))
			return erg_fail(err, -EINVAL, "idle phase %zu is empty or overlaps the one "
				"before", i);
	return 0;
}

static int alloc_state(struct run *r, size_t n, size_t cols)
{
	struct erg_attr_state *st = r->st;

	st->n_classes = n;
	r->a->n_classes = n;
	r->a->classes = calloc(n + 1, sizeof(*r->a->classes));
	st->power = calloc(cols + 2, sizeof(double));
	st->value = calloc(n + 1, sizeof(double));
	st->nnls = calloc(n + 1, sizeof(double));
	st->nnls_se = calloc(n + 1, sizeof(double));
	st->dir = calloc(n + 1, sizeof(double));
	st->dir_se = calloc(n + 1, sizeof(double));
	st->is_direct = calloc(n + 1, sizeof(bool));
	st->lag_j = calloc(n + 1, sizeof(double));
	st->quantum_w = calloc(n + 1, sizeof(double));
	st->class_covered = calloc(n + 1, sizeof(double));
	st->rounds = r->opt.rounds;
	st->rep = calloc(st->rounds * n + 1, sizeof(double));
	if (!r->a->classes || !st->power || !st->value || !st->nnls || !st->nnls_se || !st->dir ||
		!st->dir_se || !st->is_direct || !st->lag_j || !st->quantum_w ||
		!st->class_covered || !st->rep)
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
	ret->stale_ns = rd->stale ? fmin(rd->spacing_ns, rd->period_ns) : rd->period_ns;
}

static int prepare(struct run *r, const struct erg_rail *rail, const struct erg_segments *seg,
	struct attr_shape *shape)
{
	struct erg_attr_state *st = r->st;
	int rc = attr_readings_build(rail, seg->begin[0], seg->begin[seg->n], &st->readings,
		r->err);

	if (rc < 0)
		return rc;
	rc = attr_view_build(seg, &r->opt, LONG_GAP_NS, &st->view, r->err);
	if (rc < 0)
		return rc;
	st->rail = *rail;
	first_shape(rail, &st->readings, shape, &r->opt);
	return alloc_state(r, st->view.n_classes, st->view.n_cols);
}

/* Blocks of at least five memories of the sensor, at most max_blocks or what memory allows. */
static int open_gram(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double per = (double)(v->n_cols + 2) * (double)(v->n_cols + 6) * 4;
	double most = fmin(r->opt.max_blocks, fmax(BLOCK_BYTES / per, 2 * MIN_BLOCKS));
	uint64_t t0 = v->begin[0], t1 = v->begin[v->n];

	/* only the time of the work, which the rows come from */
	for (size_t i = 0; i < v->n && v->col_apart[v->col[v->first[i]]]; i++)
		t0 = v->begin[i + 1];
	for (size_t i = v->n; i-- > 0 && v->col_apart[v->col[v->first[i]]];)
		t1 = v->begin[i];
	if (t1 <= t0) {
		t0 = v->begin[0];
		t1 = v->begin[v->n];
	}
	return attr_gram_init(&st->gram, v->n_cols, t0, t1, fmax(5 * st->memory_ns,
		(double)(t1 - t0) / most), (size_t)most, r->err);
}

static int accumulate(struct run *r, const struct attr_shape *shape, const double *power)
{
	struct erg_attr_state *st = r->st;
	struct attr_kernel k;
	struct attr_row *row;
	int rc;

	attr_gram_release(&st->gram);
	rc = open_gram(r);
	if (rc < 0)
		return rc;
	rc = attr_kernel_open(&k, &st->view, &st->readings, shape, 0, st->readings.n, r->err);
	if (rc < 0)
		return rc;
	k.power = power;
	while ((row = attr_kernel_next(&k)))
		if (row->apart < 0.999)
			attr_gram_add(&st->gram, row);
	attr_kernel_close(&k);
	attr_gram_compact(&st->gram);
	return 0;
}

/* Rows of the whole run, and the power; the lag takes one more step where it asks for it. */
static int fit_all(struct run *r)
{
	struct erg_attr_state *st = r->st;
	int rc = attr_nnls_init(&r->nnls, st->view.n_cols + 1, 1, r->err);

	r->sol.power = st->power;
	for (int pass = 0; pass < 3 && !rc; pass++) {
		rc = accumulate(r, &st->shape, r->fit.estimated ? r->fit.power : NULL);
		if (!rc)
			rc = attr_solve(&st->gram, &r->nnls, r->fit.estimated, &r->sol, r->err);
		if (rc < 0 || !r->fit.estimated || fabs(r->sol.delta_ns) < 0.3 * r->fit.lag_u_ns)
			break;
		if (pass < 2)
			st->shape.lag_ns += fmax(fmin(r->sol.delta_ns, 4 * r->fit.lag_u_ns),
				-4 * r->fit.lag_u_ns);
	}
	return rc;
}

/* Series of the blocks' mean residuals, whose memory decides how many stay together. */
static size_t resample_length(struct run *r)
{
	struct attr_gram *g = &r->st->gram;
	double *e = calloc(g->n + 1, sizeof(double)), length = 1;

	for (size_t b = 0; e && b < g->n; b++) {
		double *sum = g->sum + b * g->stride;
		const double *s = attr_sum_s(sum, g->dim), *n = attr_sum_n(sum, g->dim);

		e[b] = n[1] / n[0];
		for (size_t c = 0; c < g->dim; c++)
			e[b] -= s[c] / n[0] * r->nnls.x[c];
	}
	if (e)
		length = attr_block_length(e, g->n);
	free(e);
	return (size_t)ceil(fmin(length, fmax((double)g->n / MIN_BLOCKS, 1)) - 1e-9);
}

static int resample(struct run *r)
{
	struct erg_attr_state *st = r->st;
	double mean = 0, square = 0, n = (double)st->rounds;
	size_t length = resample_length(r);
	int rc;

	st->short_run = st->gram.n < MIN_BLOCKS;
	r->a->diag.block_length = length;
	rc = attr_bootstrap(&st->gram, &r->nnls, r->fit.estimated, length, r->opt.rounds,
		r->opt.seed, &r->boot, r->err);
	if (rc < 0 || !r->fit.estimated)
		return rc;
	for (size_t i = 0; i < st->rounds; i++) {
		double d = r->boot.rep[i * st->gram.dim + st->gram.dim - 1];

		mean += d / n;
		square += d * d / n;
	}
	r->fit.lag_u_ns = fmax(r->fit.lag_u_ns, sqrt(fmax(square - mean * mean, 0)));
	return 0;
}

/* Only where a fair share of the instances was seen does the run's being finite matter. */
static int finite_run(struct run *r)
{
	struct erg_attr_state *st = r->st;
	double seen = st->memory_ns / fmax(st->readings.spacing_ns, 1);

	if (seen < 0.05 || st->short_run)
		return 0;
	return attr_finite(st, &r->boot, r->fit.estimated ? r->fit.power : NULL, r->sol.delta_ns,
		r->err);
}

/* Power of a column where nothing saw it: the mean of the rest. */
static void mean_power(struct run *r)
{
	const struct erg_attr_state *st = r->st;
	double e = 0, t = 0;

	for (size_t c = 0; c < st->view.n_cols; c++) {
		if (st->view.col_apart[c] || st->gram.windows[c] <= 0)
			continue;
		e += st->power[c] * st->view.col_time[c];
		t += st->view.col_time[c];
	}
	if (t <= 0)
		for (size_t c = 0; c < st->view.n_cols; c++) {
			e += st->direct.energy[c];
			t += st->direct.time[c];
		}
	r->st->mean_w = t > 0 ? e / t : 0;
}

static double col_power(const struct erg_attr_state *st, size_t c, const double *power)
{
	return st->gram.windows[c] > 0 ? power[c] : st->mean_w;
}

static bool col_direct(const struct erg_attr_state *st, size_t c)
{
	return st->view.col_apart[c] && st->direct.readings[c] > 0;
}

/* A class is integrated directly when all of its columns are long and seen. */
static void choose_direct(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;

	for (size_t k = 0; k < st->n_classes; k++)
		st->is_direct[k] = v->class_time[k] > 0 && (k >= v->gap_class || (v->class_calls[k] &&
			v->class_time[k] / (double)v->class_calls[k] * 1e9 >=
			DIRECT_WINDOWS * st->memory_ns));
	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];
		bool few = st->direct.readings[c] < DIRECT_READINGS;

		if (v->col_time[c] < 0.02 * v->class_time[k])
			continue;
		if (few || (k == v->gap_class && !v->col_apart[c]))
			st->is_direct[k] = false;
	}
}

static void class_values(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double *var = calloc(st->n_classes + 1, sizeof(double));

	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];
		double t = v->col_time[c], p = col_power(st, c, st->power);
		double d = st->direct.time[c] > 0 ? st->direct.energy[c] / st->direct.time[c] : p;

		st->dir[k] += d * t;
		if (var)
			var[k] += st->direct.var[c] * t * t;
		st->nnls[k] += (col_direct(st, c) ? d : p) * t;
	}
	for (size_t k = 0; k < st->n_classes; k++) {
		st->dir_se[k] = var ? sqrt(var[k]) : NAN;
		st->value[k] = st->is_direct[k] ? st->dir[k] : st->nnls[k];
	}
	free(var);
}

static void class_replicates(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	struct attr_rng rng;

	attr_rng_seed(&rng, r->opt.seed ^ 0x6469726563740000u);
	for (size_t i = 0; i < st->rounds; i++) {
		const double *power = r->boot.rep + i * st->gram.dim;
		double *rep = st->rep + i * st->n_classes;

		for (size_t c = 0; c < v->n_cols; c++) {
			uint32_t k = v->col_class[c];
			double t = v->col_time[c], e = col_power(st, c, power) * t;

			if (col_direct(st, c))
				e = (st->direct.energy[c] / st->direct.time[c] +
					sqrt(st->direct.var[c]) * attr_rng_normal(&rng)) * t;
			rep[k] += e;
		}
		for (size_t k = 0; k < st->n_classes; k++) {
			double d = rep[k] - st->nnls[k];

			st->nnls_se[k] += d * d / (double)st->rounds;
			if (st->is_direct[k])
				rep[k] = st->dir[k] + st->dir_se[k] * attr_rng_normal(&rng);
		}
	}
	for (size_t k = 0; k < st->n_classes; k++)
		st->nnls_se[k] = sqrt(st->nnls_se[k]);
}

/* A lag that was given to +-u, not found in the data: refits at both ends. */
static int lag_effect(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	struct attr_shape shape = st->shape;
	struct attr_gram kept = st->gram;
	struct attr_solution sol = {0};
	int rc = 0;

	if (r->fit.estimated || r->fit.lag_u_ns <= 0)
		return 0;
	sol.power = calloc(v->n_cols + 1, sizeof(double));
	if (!sol.power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	for (int sign = -1; sign <= 1 && !rc; sign += 2) {
		memset(&st->gram, 0, sizeof(st->gram));
		shape.lag_ns = st->shape.lag_ns + sign * 1.959964 * r->fit.lag_u_ns;
		rc = accumulate(r, &shape, NULL);
		if (!rc)
			rc = attr_solve(&st->gram, &r->nnls, false, &sol, r->err);
		for (size_t c = 0; c < v->n_cols && !rc; c++)
			if (!st->is_direct[v->col_class[c]] && !v->col_apart[c])
				st->lag_j[v->col_class[c]] += sign * sol.power[c] *
					v->col_time[c] / 2;
		attr_gram_release(&st->gram);
	}
	st->gram = kept;
	free(sol.power);
	return rc;
}

/*
 * Bias by the quantum q. Rounding with noise of SD s has a bias of at most (q/2) exp(-2 (pi s/q)^2)
 * (the first term of Widrow's Fourier series, bounded by q/2 without noise), and it only stays
 * where readings see one layer alone: elsewhere the changing shares are the dither.
 */
static void quantum_effect(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double q = st->rail.lsb_w;

	if (st->shape.kind == ERG_SENSOR_COUNTER || q <= 0)
		return;
	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];
		double s = M_PI * st->direct.spread[c] / q, pure = 1;

		if (!st->is_direct[k])
			pure = st->gram.square[c] > 0 ? st->gram.pure[c] / st->gram.square[c] : 0;
		if (v->class_time[k] > 0)
			st->quantum_w[k] += q / 2 * exp(-2 * s * s) * pure * v->col_time[c] /
				v->class_time[k];
	}
}

static void fill_classes(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double window = st->shape.kind == ERG_SENSOR_COUNTER ? st->readings.spacing_ns
							      : st->shape.window_ns, fresh, all = 0;

	fresh = window > 0 ? fmin(1, st->readings.spacing_ns / window) : 1;
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
			r->a->classes[v->col_class[c]].windows += st->gram.windows[c] * fresh;
	r->a->coverage = r->a->time_s > 0 ? fmax(all, 0) / r->a->time_s : 0;
}

/* Both methods side by side where both are valid. */
static void fill_both(struct run *r)
{
	const struct erg_attr_state *st = r->st;

	for (size_t k = 0; k < st->view.gap_class; k++) {
		struct erg_attr_class *c = &r->a->classes[k];
		struct attr_parts p = {0};

		if (!st->is_direct[k])
			continue;
		p.value = st->dir[k];
		p.lo = p.value - 1.96 * st->dir_se[k];
		p.hi = p.value + 1.96 * st->dir_se[k];
		p.syst = st->quantum_w[k] * c->time_s + p.value * st->rail.gain_max +
			c->time_s * st->rail.offset_max;
		c->energy_direct_j = attr_parts_est(&p, 1, "direct");
		if (st->locked || st->short_run || c->windows < r->opt.min_windows)
			continue;
		p.value = st->nnls[k];
		p.lo = p.value - 1.96 * st->nnls_se[k];
		p.hi = p.value + 1.96 * st->nnls_se[k];
		c->energy_nnls_j = attr_parts_est(&p, 1, "nnls");
	}
}

static void fill_diag(struct run *r)
{
	struct erg_attr_diag *d = &r->a->diag;
	const struct erg_attr_state *st = r->st;
	bool assumed = st->rail.model.provenance == ERG_PROVENANCE_ASSUMED;

	d->lag_ns = st->shape.lag_ns;
	d->lag_u_ns = r->fit.lag_u_ns;
	d->lag_source = r->opt.lag == ERG_LAG_OVERRIDE ? "override" : r->fit.estimated ?
		"estimated" : assumed ? "assumed" : "model";
	d->window_ns = st->shape.kind == ERG_SENSOR_EMA && st->shape.period_ns <= 0
		? st->shape.tau_ns : st->shape.window_ns;
	d->period_ns = st->readings.period_ns;
	d->window_fitted = r->fit.window_fitted;
	d->stale_readings = st->readings.stale;
	d->locked = st->locked;
	d->readings = st->rail.n;
	d->rows = st->gram.rows;
	d->blocks = st->gram.n;
	d->block_s = st->gram.block_ns * 1e-9;
	d->residual_w = sqrt(r->sol.sigma2 + r->sol.tau2);
	d->drift_w = sqrt(r->sol.tau2);
	d->levels = st->view.n_levels;
	memcpy(d->level_hz, st->view.level_hz, sizeof(d->level_hz));
}

static void fill_warnings(struct run *r)
{
	const struct erg_attr_state *st = r->st;
	const char *rail = st->rail.name;

	if (st->locked)
		attr_warn(r->a, "phase-locked", "rail %s: the sampler runs in step with the layers "
			"and sees only a few moments of each iteration; record with --dither", rail);
	if (st->short_run)
		attr_warn(r->a, "short-run", "rail %s: %zu blocks of %.3g s, at least %d are needed "
			"for intervals; record a longer run", rail, st->gram.n,
			st->gram.block_ns * 1e-9, MIN_BLOCKS);
	if (st->readings.stale)
		attr_warn(r->a, "stale-readings", "rail %s: the sensor updates every %.4g ms, "
			"repeated readings were dropped", rail, st->readings.period_ns * 1e-6);
	if (st->rail.model.provenance == ERG_PROVENANCE_ASSUMED)
		attr_warn(r->a, "assumed-sensor", "rail %s: the sensor model is assumed (%s, window "
			"%.4g ms, lag %.4g ms)", rail, erg_sensor_kind_name(st->shape.kind),
			r->a->diag.window_ns * 1e-6, st->shape.lag_ns * 1e-6);
	if (r->a->coverage < 0.99)
		attr_warn(r->a, "gaps", "rail %s: %.3g %% of the run lies in gaps of the readings",
			rail, 100 * (1 - r->a->coverage));
}

static void fill_idle(struct run *r)
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

/* Everything that follows from a lag. */
static int attribute(struct run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	int rc;

	st->shape = r->fit.shape;
	st->memory_ns = attr_kernel_ops_of(st->shape.kind)->memory(&st->shape, &st->readings);
	st->reach_ns = 1.5 * (st->readings.stale ? fmax(st->readings.period_ns,
		st->readings.spacing_ns) : st->readings.spacing_ns);
	st->locked = attr_lock(v, &st->readings) > ATTR_LOCK_LIMIT;
	if ((rc = fit_all(r)) < 0 || (rc = resample(r)) < 0 || (rc = finite_run(r)) < 0 ||
		(rc = attr_direct_run(v, &st->readings, &st->shape, &st->direct, r->err)) < 0 ||
		(rc = attr_coverage(st, r->err)) < 0 || (rc = attr_idle(st, r->err)) < 0)
		return rc;
	mean_power(r);
	choose_direct(r);
	class_values(r);
	class_replicates(r);
	quantum_effect(r);
	if ((rc = lag_effect(r)) < 0)
		return rc;
	r->a->time_s = (double)(v->begin[v->n] - v->begin[0]) * 1e-9;
	fill_classes(r);
	fill_both(r);
	fill_diag(r);
	fill_warnings(r);
	fill_idle(r);
	rc = attr_gates(r->a, &r->opt, r->err);
	attr_total(r->a);
	return rc;
}

int erg_attr_run(const struct erg_rail *rail, const struct erg_segments *seg,
	const struct erg_attr_options *opt, struct erg_attr **ret, struct erg_err *err)
{
	_cleanup_(erg_attr_freep) struct erg_attr *a = calloc(1, sizeof(*a));
	struct run r = {.a = a, .err = err};
	struct attr_shape shape;
	int rc;

	if (opt)
		r.opt = *opt;
	fill_options(&r.opt);
	rc = check(rail, seg, &r.opt, err);
	if (rc < 0)
		return rc;
	if (!a || !(a->warnings = json_array()) || !(a->state = calloc(1, sizeof(*a->state))))
		return erg_fail(err, -ENOMEM, "out of memory");
	r.st = a->state;
	r.st->opt = &r.opt;
	rc = prepare(&r, rail, seg, &shape);
	if (!rc)
		rc = attr_lag_search(&r.st->view, &r.st->readings, rail, &r.opt, &shape, &r.fit,
			err);
	if (!rc)
		rc = attribute(&r);
	free(r.fit.power);
	free(r.boot.rep);
	attr_nnls_release(&r.nnls);
	r.st->opt = NULL;
	if (rc < 0)
		return erg_wrap(err, rc, "attribution");
	*ret = erg_steal_ptr(&a);
	return 0;
}
