/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is likely beforehand and not asserted: the sensor's delay and clock are as they were declared, and
 * between the layers flows what flows outside of the work. The fit has each of them among its unknowns, and in
 * a short run that costs more than anything else. Where the run does not say otherwise the energies go most of
 * the way back to what they would be with that known: by the covariance with each parameter (the update
 * of a Kalman filter), with an uncertainty of what is known beforehand as the run itself
 * has it, E d^2 = u^2 + SE^2 (the positive part of James and Stein 1961). What a
 * parameter adds to the intervals is then what it was moved by and what remains unknown of it, and never less
 * than a share of what it was: where what was declared is off by a little more than the run can see, they hold
 * that.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/known.h"
#include "analyze/attribution/cholesky.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/settle.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define CLUES 8
#define APART_MAX 5 /* SDs: what is so far off is not as it was thought to be */

/* How much a clue is believed: variances that a parameter is off by and that count as chance, and what of its
 * variance stays in the replicates at least. */
struct trust {
	double chance, stays;
};
static const struct trust said = {3, 0.6}; /* or likely to be so */
static const struct trust seen = {6, 0.2}; /* by other readings */

struct clue {
	size_t c;  /* column of the sums */
	double at; /* its value in the fit */
	double was,
		known_u2; /* by how much that is not what is known of it; how well that is, as a variance */
	struct trust how;
	bool bound;   /* it is 0 there, as no power is negative */
	double slope; /* and by how much the residual would fall with it */
	double off;   /* from what is known, were it not bound */
	double u2;    /* how well that is known, as the run has it */
	double w;     /* weight of its covariance */
};

struct clues {
	struct clue at[CLUES];
	size_t n;
	double sigma2;   /* of a reading, W^2 */
	double *inverse; /* columns of the inverse of the sums: dim x CLUES */
};

static double clue_covariance(const struct clues *s, size_t c, size_t clue)
{
	return s->sigma2 * s->inverse[c * CLUES + clue];
}

static double clue_variance(const struct clues *s, size_t clue)
{
	return clue_covariance(s, s->at[clue].c, clue);
}

/* OFF: of the value AT of column C from what is known of it to U2, a variance. */
static void add_clue(struct clues *s, size_t c, double at, double off, double u2, struct trust how)
{
	if (s->n < CLUES)
		s->at[s->n++] =
			(struct clue){.c = c, .at = at, .was = off, .known_u2 = u2, .how = how};
}

/* What is added to a parameter of the sensor is among the unknowns of the last fit. */
static void add_parameter(const struct attr_run *r, struct clues *s, enum attr_psi i, double is,
	double known, double u)
{
	double step = r->sol.delta[i];

	if (r->psi[i])
		add_clue(s, r->st->view.n_cols + i, step, is + step - known, u * u, said);
}

static void add_sensor(const struct attr_run *r, struct clues *s)
{
	const struct attr_shape *is = &r->st->shape;
	struct attr_shape known = r->declared;

	known.lag_ns = r->first.lag_ns;
	if (!attr_is_declared(r))
		return;
	add_parameter(r, s, ATTR_DELAY, attr_delay_of(is), attr_delay_of(&known),
		hypot((double)r->st->rail.model.lag_u_ns, r->st->readings.room_ns / sqrt(12)));
	add_parameter(r, s, ATTR_WINDOW, attr_window_of(is), attr_window_of(&known), 0);
	add_parameter(r, s, ATTR_SQUARE, attr_square_of(is), attr_square_of(&known), 0);
	add_parameter(r, s, ATTR_CLOCK, is->skew, known.skew, 0);
}

/* Power outside of the work, W, and its variance; false: there is none. */
static bool power_outside(const struct erg_attr_state *st, double *ret_w, double *ret_var)
{
	const struct attr_direct *d = &st->direct;
	double time = 0, energy = 0, var = 0;

	for (size_t c = 0; c < st->view.n_cols; c++) {
		if (!st->view.col_apart[c] || st->view.col_class[c] != st->view.gap_class)
			continue;
		time += d->time[c];
		energy += d->energy[c];
		var += d->var[c] * d->time[c] * d->time[c];
	}
	*ret_w = energy / time;
	*ret_var = var / (time * time) + st->tau2;
	return time > 0;
}

/* What flows outside of the work is integrated, and so known to the readings that saw its edges; and what
 * flows between the layers may be the same. */
static void add_gaps(const struct attr_run *r, struct clues *s)
{
	const struct erg_attr_state *st = r->st;
	const struct attr_direct *d = &st->direct;
	const struct attr_view *v = &st->view;
	bool one = v->n_levels == 1;
	double w, var;

	one = power_outside(st, &w, &var) && one;
	for (size_t c = 0; c < v->n_cols; c++)
		if (v->col_class[c] == v->gap_class && !v->col_apart[c] && one &&
			st->gram.windows[c] > 0)
			add_clue(s, c, st->power[c], st->power[c] - w, var, said);
	for (size_t c = 0; c < v->n_cols; c++)
		if (v->col_apart[c] && st->gram.windows[c] > 0 && d->time[c] > 0)
			add_clue(s, c, st->power[c], st->power[c] - d->energy[c] / d->time[c],
				d->var[c] + st->tau2, seen);
}

/* Of the last fit, by its sums TOTAL: how the residual falls with column C. */
static double slope_of(const struct attr_nnls *fit, double *total, size_t c)
{
	size_t dim = fit->dim;
	double w = attr_sum_h(total, dim)[c];

	for (size_t j = 0; j < dim; j++)
		w -= total[j < c ? attr_tri(dim, j, c) : attr_tri(dim, c, j)] * fit->x[j];
	return w;
}

static void find_bound(const struct attr_run *r, struct clues *s, double *total)
{
	size_t dim = r->nnls.dim;

	for (size_t i = 0; i < s->n; i++) {
		struct clue *c = &s->at[i];

		c->bound = !r->nnls.passive[c->c] && total[attr_tri(dim, c->c, c->c)] > 0;
		c->slope = c->bound ? slope_of(&r->nnls, total, c->c) : 0;
	}
}

/* The inverse of the sums for the parameters. A power that is bound is free here: what is known of it says as much
 * as of one that is not. */
static void invert(const struct attr_run *r, struct clues *s, const double *total)
{
	memset(s->inverse, 0, r->nnls.dim * CLUES * sizeof(*s->inverse));
	for (size_t i = 0; i < s->n; i++) {
		s->inverse[s->at[i].c * CLUES + i] = 1;
		r->nnls.passive[s->at[i].c] |= s->at[i].bound;
	}
	attr_nnls_spread(&r->nnls, total, s->inverse, CLUES);
	for (size_t i = 0; i < s->n; i++)
		r->nnls.passive[s->at[i].c] &= !s->at[i].bound;
}

/* How far column C of the fit goes where what is bound is free. */
static double freed(const struct clues *s, size_t c)
{
	double step = 0;

	for (size_t i = 0; i < s->n; i++)
		step += s->inverse[c * CLUES + i] * s->at[i].slope;
	return step;
}

/* Part of the way back to what is known. */
static double believed(const struct clue *c, double var)
{
	return var / (var + c->u2);
}

/* Whether a parameter is off by no more than chance may do; one that is bound is where it is unless it comes to
 * more than nothing. */
static bool is_near(struct clues *s, size_t i)
{
	struct clue *c = &s->at[i];
	double var = clue_variance(s, i), known = c->at - c->was, off2;

	c->off = c->was + freed(s, c->c);
	off2 = c->off * c->off;
	c->u2 = fmax(c->known_u2, off2 - c->how.chance * var);
	return var > 0 && off2 <= APART_MAX * APART_MAX * var &&
		(!c->bound || known + (1 - believed(c, var)) * c->off > 0);
}

/* Those that are near, their covariances, and how well they are known beforehand. */
static int find_near(struct attr_run *r, struct clues *s)
{
	_cleanup_(erg_freep) double *total = malloc(r->st->gram.stride * sizeof(*total));
	size_t all;

	if (!total)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", r->st->gram.dim);
	attr_gram_total(&r->st->gram, NULL, 1, total);
	find_bound(r, s, total);
	do {
		bool near[CLUES];

		invert(r, s, total);
		for (size_t i = 0; i < s->n; i++)
			near[i] = is_near(s, i);
		all = s->n;
		s->n = 0;
		for (size_t i = 0; i < all; i++)
			if (near[i])
				s->at[s->n++] = s->at[i];
	} while (s->n < all);
	return 0;
}

/* Weights of the covariances: (V + U) w = off. */
static void weigh_clues(struct clues *s)
{
	double m[CLUES * CLUES], off[CLUES], w[CLUES];

	for (size_t i = 0; i < s->n; i++) {
		off[i] = s->at[i].off;
		for (size_t j = 0; j <= i; j++)
			m[i * s->n + j] =
				clue_covariance(s, s->at[i].c, j) + (i == j ? s->at[i].u2 : 0);
	}
	attr_cholesky_solve(m, s->n, off, w);
	for (size_t i = 0; i < s->n; i++)
		s->at[i].w = w[i];
}

/* Energies of the classes, J, of powers that are linear in what least squares fit. */
static void fitted_parts(const struct erg_attr_state *st, const double *power, double *ret)
{
	memset(ret, 0, st->n_classes * sizeof(*ret));
	for (size_t c = 0; c < st->view.n_cols; c++) {
		uint32_t k = st->view.col_class[c];

		if (!st->view.col_apart[c] && !(st->is_direct[k] && st->direct.time[c] > 0))
			ret[k] += attr_col_energy(&st->view, power, c);
	}
}

/* What the replicates of a parameter are to be wider by; negative: narrower. Where it is moved by more than they
 * vary, that is what is not known. */
static double wider_by(const struct clue *c, double var)
{
	double f = believed(c, var), moved = c->was - (1 - f) * c->off;

	return sqrt(fmax((moved * moved + f * c->u2) / var, c->how.stays)) - 1;
}

/* The replicates of the energies by those of a parameter; SLOPE: per class, J a unit. */
static void widen_by(struct attr_run *r, const struct clue *c, double by, const double *slope)
{
	struct erg_attr_state *st = r->st;

	for (size_t k = 0; k < st->n_classes; k++)
		for (size_t i = 0; i < st->rounds && slope[k] != 0; i++)
			attr_rep(st, k)[i] +=
				by * slope[k] * (r->boot.rep[i * st->gram.dim + c->c] - c->at);
}

/* Of what the classes are to be moved by (BY, J), the part that leaves something of each. It is one part for all: what
 * one has more another has less, and a move of some alone would be one of their sum. */
#define LEFT 0.1
static double part_to_move(const struct erg_attr_state *st, const double *by)
{
	double part = 1;

	for (size_t k = 0; k < st->n_classes; k++)
		if (by[k] > 0)
			part = fmin(part, (1 - LEFT) * fmax(st->value[k], 0) / by[k]);
	return part;
}

static void move_classes(struct erg_attr_state *st, const double *by)
{
	double part = part_to_move(st, by);

	for (size_t k = 0; k < st->n_classes; k++) {
		st->value[k] -= part * by[k];
		st->nnls[k] -= st->is_direct[k] ? 0 : part * by[k];
		for (size_t i = 0; i < st->rounds; i++)
			attr_rep(st, k)[i] -= part * by[k];
	}
}

/* SLOPE: scratch, per column; per class; and per class what it is moved by, J, 0 to begin with. */
static void follow_clues(struct attr_run *r, const struct clues *s, double *slope)
{
	struct erg_attr_state *st = r->st;
	double *of = slope + st->view.n_cols, *by = of + st->n_classes;

	for (size_t j = 0; j < st->view.n_cols; j++)
		slope[j] = -freed(s, j);
	fitted_parts(st, slope, by);
	for (size_t i = 0; i < s->n; i++) {
		const struct clue *c = &s->at[i];
		double var = clue_variance(s, i);

		for (size_t j = 0; j < st->view.n_cols; j++)
			slope[j] = clue_covariance(s, j, i) / var;
		fitted_parts(st, slope, of);
		for (size_t k = 0; k < st->n_classes; k++)
			by[k] += c->w * var * of[k];
		widen_by(r, c, wider_by(c, var), of);
	}
	move_classes(st, by);
}

int attr_known(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	_cleanup_(erg_freep) double *slope =
		calloc(st->view.n_cols + 2 * st->n_classes + 1, sizeof(*slope));
	_cleanup_(erg_freep) double *inverse = calloc(st->gram.dim * CLUES, sizeof(*inverse));
	struct clues s = {.sigma2 = r->sol.sigma2, .inverse = inverse};
	int rc;

	if (!slope || !inverse)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", st->gram.dim);
	if (r->misfit.reason || st->locked || st->short_run || !st->view.gap_class)
		return 0;
	add_sensor(r, &s);
	add_gaps(r, &s);
	if (!s.n)
		return 0;
	rc = find_near(r, &s);
	if (rc < 0 || !s.n)
		return rc;
	weigh_clues(&s);
	follow_clues(r, &s, slope);
	return 0;
}
