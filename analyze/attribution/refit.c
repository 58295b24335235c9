/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The fit of the whole run. What is not known of the sensor (its lag, window, low-pass and clock) is
 * among the unknowns: Gauss-Newton with the derivatives of sensor_columns.c, each step a pass over the data,
 * halved until the residual falls. What was declared is where it begins, and enters as knowledge so
 * vague that only a run that says nothing of a parameter is held by it. The last pass stays as the
 * sums from which the intervals are drawn, so what the run does not know of the sensor widens them.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/refit.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/misfit.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/solve.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define BLOCK_BYTES 134217728.0 /* memory for the blocks */
#define BLOCKS_WANTED (2 * ATTR_MIN_BLOCKS)
#define STEPS_MAX 12
#define HALVINGS 4
#define NEAR 0.1 /* of a reading's variance: the residual a further step would gain */
#define ROUGH_WINDOW 0.005
#define ROUGH_TAU 0.02 /* of the window */
#define ROUGH_CLOCK 1e-6
#define TAU_ROOM 1.5
#define CONTRADICTED 9    /* variances that a parameter is from what was declared */
#define ENOUGH_ROWS 50000 /* and so many a column: more say hardly more of where to begin */
#define ENOUGH_EACH 100

/* Blocks of five memories of the sensor hardly know of each other; where these are few, as many as intervals
 * should have, of no less than two memories: attr_block_length() puts together what goes together. */
static double block_ns(double memory_ns, double run_ns, double most)
{
	double far = fmax(5 * memory_ns, run_ns / most);

	return fmin(far, fmax(2 * memory_ns, run_ns / BLOCKS_WANTED));
}

/* At most max_blocks or what memory allows. */
static int open_gram(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double dim = (double)(v->n_cols + r->n_extra);
	double per = dim > ATTR_THIN_COLUMNS ? 16 * (dim + 2) : (dim + 1) * (dim + 5) * 4;
	double most = fmin(r->opt.max_blocks, fmax(BLOCK_BYTES / per, BLOCKS_WANTED));
	uint64_t t0 = v->t0, t1 = attr_begin(v, v->n);

	/* only the time of the work, which the rows come from */
	for (size_t i = 0; i < v->n && v->col_apart[v->col[attr_first(v, i)]]; i++)
		t0 = attr_begin(v, i + 1);
	for (size_t i = v->n; i-- > 0 && v->col_apart[v->col[attr_first(v, i)]];)
		t1 = attr_begin(v, i);
	if (t1 <= t0) {
		t0 = v->t0;
		t1 = attr_begin(v, v->n);
	}
	return attr_gram_init(&st->gram, v->n_cols, r->n_extra, t0, t1,
		block_ns(st->memory_ns, (double)(t1 - t0), most), (size_t)most, r->err);
}

static double parameter(const struct attr_shape *s, size_t i)
{
	return i == ATTR_DELAY     ? attr_delay_of(s)
		: i == ATTR_WINDOW ? attr_window_of(s)
		: i == ATTR_SQUARE ? attr_square_of(s)
				   : s->skew;
}

/* What was known of the sensor, for a fit at SHAPE. */
static void set_known(struct attr_run *r, const struct attr_shape *shape)
{
	struct attr_gram *g = &r->st->gram;
	double sigma2 = r->sol.sigma2 > 0 ? r->sol.sigma2 : r->fit.rss;

	g->sigma2 = sigma2;
	for (size_t i = 0; i < ATTR_PSI; i++) {
		if (!r->psi[i] || !(r->known_u[i] > 0))
			continue;
		g->prior[i] = sigma2 / (r->known_u[i] * r->known_u[i]);
		g->pull[i] = g->prior[i] * (parameter(&r->declared, i) - parameter(shape, i));
	}
}

/* What the sums will be of. */
static int note_sums(struct attr_run *r, const struct attr_shape *shape, const double *power)
{
	size_t n = r->st->view.n_cols;
	double *copy = power ? malloc((n + 1) * sizeof(double)) : NULL;

	if (power && !copy)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", n);
	if (power)
		memcpy(copy, power, n * sizeof(double));
	free(r->of.power);
	r->of.power = copy;
	r->of.shape = *shape;
	r->of.weights = r->weights;
	return 0;
}

/* PLAIN: without the further columns. */
static int accumulate_readings(struct attr_run *r, const struct attr_shape *shape,
	const double *power, bool plain)
{
	struct erg_attr_state *st = r->st;
	struct attr_rows rows;
	struct attr_row *row;
	int rc;

	attr_gram_release(&st->gram);
	rc = open_gram(r);
	if (!rc)
		rc = note_sums(r, shape, power);
	if (rc < 0)
		return rc;
	rc = (plain ? attr_rows_open_plain : attr_rows_open)(&rows, r, shape, power);
	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		attr_gram_add(&st->gram, row);
		rc = 0;
	}
	attr_rows_close(&rows);
	if (rc < 0)
		return rc;
	attr_gram_compact(&st->gram);
	set_known(r, shape);
	return 0;
}

int attr_fit_at(struct attr_run *r, const struct attr_shape *shape, const double *power)
{
	int rc = accumulate_readings(r, shape, power, false);

	return rc < 0 ? rc : attr_solve(&r->st->gram, &r->nnls, &r->sol, r->err);
}

/* R stays what it is of the sums that it has. */
int attr_powers_by(struct attr_run *r, const struct attr_shape *shape, double *power)
{
	struct erg_attr_state *st = r->st;
	struct attr_gram kept = st->gram;
	struct attr_sums_of of = r->of;
	struct attr_solution sol = {.power = power};
	struct attr_nnls own;
	int rc = attr_nnls_init(&own, r->nnls.dim, r->nnls.n_free, r->err);

	if (rc < 0)
		return rc;
	memset(&st->gram, 0, sizeof(st->gram));
	r->of.power = NULL;
	rc = accumulate_readings(r, shape, NULL, false);
	if (!rc)
		rc = attr_solve(&st->gram, &own, &sol, r->err);
	attr_nnls_release(&own);
	attr_gram_release(&st->gram);
	st->gram = kept;
	r->of = of;
	return rc;
}

/* What the next step would gain, in variances of a reading. */
static double gain(const struct attr_run *r)
{
	double dof = (double)r->st->gram.rows - (double)r->st->gram.dim;

	if (dof < 1 || !(r->sol.rss > 0))
		return 0;
	return (r->sol.rss_plain / r->sol.rss - 1) * dof;
}

/* The step, no longer than what the derivatives are good for. */
void attr_next_shape(const struct attr_run *r, const struct attr_shape *from, double factor,
	struct attr_shape *ret)
{
	double step[ATTR_PSI], w = attr_window_of(from), tau = sqrt(attr_square_of(from)), reach,
			       shrink = 1;

	if (from->kind == ERG_SENSOR_COUNTER)
		w = r->st->readings.spacing_ns;
	reach = fmax(w, fmax(tau, 1e5)) / 2;
	memcpy(step, r->sol.delta, sizeof(step));
	if (fabs(step[ATTR_DELAY]) > reach)
		shrink = reach / fabs(step[ATTR_DELAY]);
	if (fabs(step[ATTR_WINDOW]) * shrink > w / 2)
		shrink = w / 2 / fabs(step[ATTR_WINDOW]);
	if (step[ATTR_SQUARE] * shrink > fmax(tau * tau, reach * reach))
		shrink = fmax(tau * tau, reach * reach) / step[ATTR_SQUARE];
	for (size_t i = 0; i < ATTR_PSI; i++)
		step[i] *= factor * shrink;
	*ret = *from;
	attr_shape_move(ret, step);
	reach = fmin(attr_least_lag(&r->st->readings),
		r->declared.lag_ns - 4 * r->known_u[ATTR_DELAY] * (r->known_u[ATTR_DELAY] < 1e7));
	/* clocks that agreed when the run began do not in its middle */
	reach -= fabs(ret->skew) * ret->mid_ns;
	ret->lag_ns = fmax(ret->lag_ns, reach);
}

static bool moved_at_all(const struct attr_shape *a, const struct attr_shape *b)
{
	return a->lag_ns != b->lag_ns || a->window_ns != b->window_ns || a->rc_ns != b->rc_ns ||
		a->blur_ns != b->blur_ns || a->skew != b->skew;
}

int attr_fit_step(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	_cleanup_(erg_freep) double *power = malloc((st->view.n_cols + 1) * sizeof(double));
	struct attr_shape from = st->shape;
	double before;
	int rc;

	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", st->view.n_cols);
	memcpy(power, st->power, st->view.n_cols * sizeof(*power));
	rc = attr_fit_at(r, &from, power);
	if (rc < 0 || gain(r) <= NEAR)
		return rc;
	before = r->sol.rss_plain;
	attr_next_shape(r, &from, 1, &st->shape);
	memcpy(power, st->power, st->view.n_cols * sizeof(*power));
	rc = attr_fit_at(r, &st->shape, power);
	if (rc < 0 || r->sol.rss_plain <= before)
		return rc;
	st->shape = from;
	return attr_fit_at(r, &from, power);
}

/* As far as the next step goes, with room. */
static void set_reach(struct attr_run *r, const struct attr_solution *s)
{
	if (r->psi[ATTR_SQUARE])
		r->tau_reach = TAU_ROOM * sqrt(fabs(s->delta[ATTR_SQUARE]));
}

/* What is left over around a fit, by its own derivatives. */
struct slope {
	double at[ATTR_PSI];
	double form[ATTR_PSI * ATTR_PSI];
};

/* Of the last solution, without what was known of the sensor beforehand: the next residual is of the
 * readings alone. */
static void slope_of(const struct attr_run *r, struct slope *ret)
{
	const struct attr_gram *g = &r->st->gram;

	attr_nnls_corner(&r->nnls, ret->form);
	for (size_t i = 0; i < ATTR_PSI; i++) {
		ret->at[i] = -g->pull[i];
		for (size_t k = 0; k < ATTR_PSI; k++)
			ret->at[i] += ret->form[i * ATTR_PSI + k] * r->sol.delta[k];
	}
	for (size_t i = 0; i < ATTR_PSI; i++)
		ret->form[i * ATTR_PSI + i] -= g->prior[i];
}

/* Whether the residual would rise from FROM to NEXT since a part of the step may not be taken: there is no
 * square below 0, and that can have been all that there was to gain. */
static bool would_rise(const struct slope *s, const struct attr_shape *from,
	const struct attr_shape *next)
{
	double step[ATTR_PSI], change = 0;

	if (from->rc_ns > 0 || next->rc_ns > 0)
		return false;
	for (size_t i = 0; i < ATTR_PSI; i++)
		step[i] = parameter(next, i) - parameter(from, i);
	for (size_t i = 0; i < ATTR_PSI; i++) {
		change -= 2 * s->at[i] * step[i];
		for (size_t k = 0; k < ATTR_PSI; k++)
			change += s->form[i * ATTR_PSI + k] * step[i] * step[k];
	}
	return change >= 0;
}

/* Whether a step to SHAPE is to be taken, which leaves less than BEST. The further columns, most of what a pass
 * costs, are for the step after it: where one was DOUBTED, as the one before led to nothing, a pass without them
 * says first whether there will be one. What is then in R is not the fit. */
static int try_step(struct attr_run *r, const struct attr_shape *shape, const double *power,
	double best, bool doubted, bool *ret_taken)
{
	double rss = 0;
	int rc = 0;

	*ret_taken = true;
	if (doubted && attr_plain_tells(&r->st->gram)) {
		rc = accumulate_readings(r, shape, power, true);
		if (!rc)
			rc = attr_solve_plain(&r->st->gram, &r->nnls, &rss, r->err);
		*ret_taken = rss < best * (1 - 1e-9);
	}
	if (rc < 0 || !*ret_taken)
		return rc;
	rc = attr_fit_at(r, shape, power);
	*ret_taken = r->sol.rss_plain < best * (1 - 1e-9);
	return rc;
}

/* From R->st->shape with POWER to the next minimum. The last pass is that of the shape kept. */
int attr_descend(struct attr_run *r, double *power)
{
	struct erg_attr_state *st = r->st;
	struct attr_shape from = st->shape, next = from;
	size_t cols = st->view.n_cols;
	double best, factor = 1;
	struct slope slope;
	bool failed = false, rose = false; /* the step before; and as it would */
	int rc, halvings = 0;

	r->tau_reach = INFINITY;
	rc = attr_fit_at(r, &from, power);
	best = r->sol.rss_plain;
	slope_of(r, &slope);
	for (int i = 0; !rc && i < STEPS_MAX && gain(r) > NEAR; i++) {
		struct attr_solution kept = r->sol;
		bool rises, taken;

		memcpy(power, st->power, cols * sizeof(*power));
		attr_next_shape(r, &from, factor, &next);
		if (!moved_at_all(&from, &next))
			break;
		set_reach(r, &kept);
		rises = would_rise(&slope, &from, &next);
		if (rises && rose) { /* so will a part of the same step: a pass to no purpose */
			factor /= 4;
			if (++halvings > HALVINGS)
				break;
			continue;
		}
		rc = try_step(r, &next, power, best, rises || failed, &taken);
		if (!rc && taken) {
			best = r->sol.rss_plain;
			from = next;
			slope_of(r, &slope);
			factor = fmin(2 * factor, 1);
			rose = failed = false;
			continue;
		}
		failed = true;
		rose = rises;
		kept.power = r->sol.power;
		r->sol = kept;
		factor /= 4;
		if (rc || ++halvings > HALVINGS)
			break;
		memcpy(st->power, power, cols * sizeof(*power));
	}
	if (!rc && halvings && moved_at_all(&from, &next))
		rc = attr_fit_at(r, &from, power);
	st->shape = from;
	return rc;
}

static bool passes(const struct attr_test *t)
{
	return !(t->p < ATTR_MISFIT_P);
}

/* Which parameters of the sensor the run itself is asked for, beside the lag. */
static void free_all(struct attr_run *r)
{
	const struct attr_shape *s = &r->declared;
	bool averages = s->kind == ERG_SENSOR_BOXCAR || s->kind == ERG_SENSOR_POINT;

	r->psi[ATTR_WINDOW] = averages;
	r->psi[ATTR_SQUARE] = r->psi[ATTR_CLOCK] = s->kind != ERG_SENSOR_EMA;
}

/* Of a parameter that was declared: the standard uncertainty of the rough kind that data sheets have,
 * and what this run says beyond its own noise (empirical Bayes: E step^2 = u^2 + SE^2). */
static double declared_u(double rough, const struct attr_test *t)
{
	double beyond = t->f > 1 ? t->step * t->step * (1 - 1 / t->f) : 0;

	return sqrt(rough * rough + beyond);
}

/*
 * What was declared is as good as data sheets are, unless this run contradicts it: then it says
 * hardly more than the order of magnitude. The lag is known as well as the search has it.
 */
static void trust_declared(struct attr_run *r)
{
	double w = attr_window_of(&r->declared), square = fmax(ROUGH_TAU * w, 5e3);
	const struct attr_tests *t = &r->misfit.declared;

	r->known_u[ATTR_DELAY] = !r->fit.estimated && r->fit.lag_u_ns > 0 ? r->fit.lag_u_ns : 5e7;
	r->known_u[ATTR_WINDOW] = declared_u(ROUGH_WINDOW * w, &t->window);
	r->known_u[ATTR_SQUARE] = declared_u(square * square, &t->rc);
	r->known_u[ATTR_CLOCK] = declared_u(ROUGH_CLOCK, &t->skew);
}

void attr_trust_nothing(struct attr_run *r)
{
	free_all(r);
	r->known_u[ATTR_DELAY] = 5e7;
	/* a window that was said to be none may be anything up to the next reading's */
	r->known_u[ATTR_WINDOW] =
		fmax(2 * attr_window_of(&r->declared), r->st->readings.spacing_ns / 2);
	r->known_u[ATTR_SQUARE] = 4e14;
	r->known_u[ATTR_CLOCK] = 5e-4;
}

/* The lag alone first, and whether the rest is as declared. */
static int fit_declared(struct attr_run *r, double *power)
{
	struct attr_tests *t = &r->misfit.declared;
	int rc;

	r->psi[ATTR_DELAY] = true;
	trust_declared(r);
	rc = attr_descend(r, power);
	if (!rc)
		rc = attr_misfit(r, t);
	if (rc < 0)
		return rc;
	r->misfit.declared_right =
		passes(&t->window) && passes(&t->rc) && passes(&t->skew) && passes(&t->kernel);
	return 0;
}

/* Nothing is asked of the sensor where nothing can be said of it. */
static bool asks(const struct attr_run *r)
{
	return r->opt.lag == ERG_LAG_AUTO && !r->st->locked && r->st->view.gap_class > 0;
}

/* Standard error of parameter WHICH by the last fit, as of white noise. */
static double standard_error(const struct attr_run *r, enum attr_psi which)
{
	const struct attr_gram *g = &r->st->gram;
	_cleanup_(erg_freep) double *total = erg_noted(malloc(g->stride * sizeof(double)));
	double inverse;

	if (!total || !r->psi[which])
		return INFINITY;
	attr_gram_total(g, NULL, 1, total);
	inverse = attr_nnls_spread_one(&r->nnls, total, r->st->view.n_cols + which);
	return inverse > 0 ? sqrt(inverse * r->sol.sigma2) : INFINITY;
}

double attr_lag_u(const struct attr_run *r)
{
	return standard_error(r, ATTR_DELAY);
}

double attr_tau_u(const struct attr_run *r)
{
	return standard_error(r, ATTR_SQUARE) / (2 * attr_tau_of(&r->st->shape));
}

/* How far a parameter is from what was declared, as declared_u() asks for it. */
static double still_declared_u(const struct attr_run *r, enum attr_psi which, double rough)
{
	double step = parameter(&r->declared, which) - parameter(&r->st->shape, which);
	double se = standard_error(r, which);
	struct attr_test t = {.step = step, .f = step * step / (se * se)};

	return t.f < CONTRADICTED ? declared_u(rough, &t) : r->known_u[which];
}

void attr_trust_again(struct attr_run *r)
{
	double w = attr_window_of(&r->declared);

	if (r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED)
		return;
	r->known_u[ATTR_WINDOW] = still_declared_u(r, ATTR_WINDOW, ROUGH_WINDOW * w);
	r->known_u[ATTR_CLOCK] = still_declared_u(r, ATTR_CLOCK, ROUGH_CLOCK);
}

int attr_refit_again(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	_cleanup_(erg_freep) double *power = calloc(st->view.n_cols + 1, sizeof(double));
	int rc;

	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", st->view.n_cols);
	attr_nnls_release(&r->nnls);
	rc = attr_nnls_init(&r->nnls, st->view.n_cols + r->n_extra, r->n_extra, r->err);
	r->sol.power = st->power;
	memcpy(power, r->fit.power, st->view.n_cols * sizeof(*power));
	return rc < 0 ? rc : attr_descend(r, power);
}

/* From where the fit is, as the rows have changed. */
int attr_goes_on(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	_cleanup_(erg_freep) double *power = calloc(st->view.n_cols + 1, sizeof(double));

	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", st->view.n_cols);
	memcpy(power, st->power, st->view.n_cols * sizeof(*power));
	return attr_descend(r, power);
}

static void choose_middle(struct attr_run *r)
{
	size_t n = r->st->readings.n, rows = ENOUGH_EACH * r->st->view.n_cols;

	rows = rows > ENOUGH_ROWS ? rows : ENOUGH_ROWS;
	if (n < 2 * rows)
		return;
	r->from = n / 2 - rows / 2;
	r->to = r->from + rows;
}

int attr_refit(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	_cleanup_(erg_freep) double *power = calloc(st->view.n_cols + 1, sizeof(double));
	int rc;

	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", st->view.n_cols);
	r->n_extra = ATTR_PSI;
	st->shape.mid_ns = (double)(attr_begin(&st->view, st->view.n) - st->view.t0) / 2;
	r->declared = r->fit.shape;
	r->declared.mid_ns = st->shape.mid_ns;
	rc = attr_nnls_init(&r->nnls, st->view.n_cols + r->n_extra, r->n_extra, r->err);
	r->sol.power = st->power;
	if (rc < 0)
		return rc;
	if (!asks(r))
		return attr_fit_at(r, &st->shape, NULL);
	memcpy(power, r->fit.power, st->view.n_cols * sizeof(*power));
	/* of a long run the middle is asked first, and the whole from where that came to */
	choose_middle(r);
	rc = fit_declared(r, power);
	if (rc < 0)
		return rc;
	free_all(r);
	if (r->misfit.declared_right)
		trust_declared(r);
	else
		attr_trust_nothing(r);
	memcpy(power, st->power, st->view.n_cols * sizeof(*power));
	if (r->to) {
		rc = attr_descend(r, power);
		r->from = r->to = 0;
		memcpy(power, st->power, st->view.n_cols * sizeof(*power));
	}
	return rc < 0 ? rc : attr_descend(r, power);
}
