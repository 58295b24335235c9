/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is likely beforehand and not asserted: the sensor's delay and clock are as they were declared, and
 * between the layers flows what flows outside of the work. The fit has each of them among its unknowns, and in
 * a short run that costs more than anything else. Where the run does not say otherwise the energies go most of
 * the way back to what they would be with that known: by the covariance of the replicates with each
 * parameter (the update of a Kalman filter), with an uncertainty of what is known beforehand as the run itself
 * has it, E d^2 = u^2 + SE^2 (the positive part of James and Stein 1961). The intervals stay as wide as
 * without: where what was declared is off by a little more than the run can see, they hold that.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/internal.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define CLUES 8
#define APART_MAX 5 /* SDs: what is so far off is not as it was thought to be */

/* How much a clue is believed: variances that a parameter is off by and that count as chance, and what of its
 * variance stays in the replicates. */
struct trust {
	double chance, stays;
};
static const struct trust said = {3, 0.6}; /* or likely to be so */
static const struct trust seen = {6, 0.2}; /* by other readings */

struct clue {
	size_t c;  /* column of the replicates */
	double at; /* its value in the fit */
	double off,
		u2; /* by how much that is not what is known of it, and how well that is, as a variance */
	double stays; /* of its variance */
	double w;     /* weight of its covariance */
};

struct clues {
	struct clue at[CLUES];
	size_t n;
};

static double moment(const struct attr_run *r, size_t a, double at_a, size_t b, double at_b)
{
	const struct attr_boot *boot = &r->boot;
	size_t dim = r->st->gram.dim;
	double sum = 0;

	for (size_t i = 0; i < boot->rounds; i++)
		sum += (boot->rep[i * dim + a] - at_a) * (boot->rep[i * dim + b] - at_b);
	return sum / (double)boot->rounds;
}

/* OFF: of the value AT of column C from what is known of it to U2, a variance. */
static void add(const struct attr_run *r, struct clues *s, size_t c, double at, double off,
	double u2, const struct trust *t)
{
	double var = moment(r, c, at, c, at);

	if (!(var > 0) || off * off > APART_MAX * APART_MAX * var)
		return;
	s->at[s->n++] =
		(struct clue){c, at, off, fmax(u2, off * off - t->chance * var), t->stays, 0};
}

/* A lag that was searched among updates of the sensor is known but for those. */
static bool is_declared(const struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;

	return r->misfit.declared_right && r->fit.estimated && !st->readings.stale &&
		st->shape.phase < 0 && st->rail.model.provenance != ERG_PROVENANCE_ASSUMED;
}

static void add_sensor(const struct attr_run *r, struct clues *s)
{
	const struct attr_shape *is = &r->st->shape;
	struct attr_shape known = r->declared;
	double u = (double)r->st->rail.model.lag_u_ns;
	size_t cols = r->st->view.n_cols;

	known.lag_ns = r->first.lag_ns;
	if (!is_declared(r))
		return;
	if (r->psi[ATTR_DELAY])
		add(r, s, cols + ATTR_DELAY, r->sol.delta[ATTR_DELAY],
			attr_delay_of(is) + r->sol.delta[ATTR_DELAY] - attr_delay_of(&known), u * u,
			&said);
	if (r->psi[ATTR_WINDOW])
		add(r, s, cols + ATTR_WINDOW, r->sol.delta[ATTR_WINDOW],
			attr_window_of(is) + r->sol.delta[ATTR_WINDOW] - attr_window_of(&known), 0,
			&said);
	if (r->psi[ATTR_SQUARE])
		add(r, s, cols + ATTR_SQUARE, r->sol.delta[ATTR_SQUARE],
			attr_square_of(is) + r->sol.delta[ATTR_SQUARE] - attr_square_of(&known), 0,
			&said);
	if (r->psi[ATTR_CLOCK])
		add(r, s, cols + ATTR_CLOCK, r->sol.delta[ATTR_CLOCK],
			is->skew + r->sol.delta[ATTR_CLOCK] - known.skew, 0, &said);
}

/* Power outside of the work, W, and its variance; false: there is none. */
static bool outside(const struct erg_attr_state *st, double *ret_w, double *ret_var)
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

/* What flows outside of the work is integrated, and so known to the readings that saw its edges. */
static void add_outside(const struct attr_run *r, struct clues *s)
{
	const struct erg_attr_state *st = r->st;
	const struct attr_direct *d = &st->direct;

	for (size_t c = 0; c < st->view.n_cols && s->n + 1 < CLUES; c++)
		if (st->view.col_apart[c] && st->gram.windows[c] > 0 && d->time[c] > 0)
			add(r, s, c, st->power[c], st->power[c] - d->energy[c] / d->time[c],
				d->var[c] + st->tau2, &seen);
}

static void add_base(const struct attr_run *r, struct clues *s)
{
	const struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double w, var;

	if (v->n_levels > 1 || !outside(st, &w, &var))
		return;
	for (size_t c = 0; c < v->n_cols; c++)
		if (v->col_class[c] == v->gap_class && !v->col_apart[c] && st->gram.windows[c] > 0)
			add(r, s, c, st->power[c], st->power[c] - w, var, &said);
}

/* Weights of the covariances: (V + U) w = off, by elimination; V + U is positive definite. */
static bool weigh(const struct attr_run *r, struct clues *s)
{
	double m[CLUES][CLUES], b[CLUES];

	for (size_t i = 0; i < s->n; i++) {
		b[i] = s->at[i].off;
		for (size_t j = 0; j < s->n; j++)
			m[i][j] = moment(r, s->at[i].c, s->at[i].at, s->at[j].c, s->at[j].at) +
				(i == j ? s->at[i].u2 : 0);
	}
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = i + 1; j < s->n; j++) {
			double f = m[j][i] / m[i][i];

			for (size_t k = i; k < s->n; k++)
				m[j][k] -= f * m[i][k];
			b[j] -= f * b[i];
		}
	for (size_t i = s->n; i-- > 0;) {
		for (size_t j = i + 1; j < s->n; j++)
			b[i] -= m[i][j] * s->at[j].w;
		s->at[i].w = b[i] / m[i][i];
		if (!isfinite(s->at[i].w))
			return false;
	}
	return s->n > 0;
}

/* Energies of the classes, J, of powers that are linear in what least squares fit. */
static void energies(const struct erg_attr_state *st, const double *power, double *ret)
{
	for (size_t c = 0; c < st->view.n_cols; c++) {
		uint32_t k = st->view.col_class[c];

		if (!st->view.col_apart[c] && !(st->is_direct[k] && st->direct.time[c] > 0))
			ret[k] += attr_col_energy(&st->view, power, c);
	}
}

/* What the replicates of a parameter are to be wider by: where they are moved by more than they vary, that is
 * what is not known. */
static double wider(const struct clue *c, double var)
{
	double f = var / (var + c->u2), moved = f * c->off;

	return sqrt(fmax((moved * moved + f * c->u2) / var, c->stays)) - 1;
}

/* The replicates of the energies by those of a parameter; SLOPE: per class, J a unit. */
static void widen(struct attr_run *r, const struct clue *c, double by, const double *slope)
{
	struct erg_attr_state *st = r->st;

	for (size_t k = 0; k < st->n_classes; k++)
		for (size_t i = 0; i < st->rounds && slope[k] != 0; i++)
			attr_rep(st, k)[i] +=
				by * slope[k] * (r->boot.rep[i * st->gram.dim + c->c] - c->at);
}

static void move(struct erg_attr_state *st, const double *by)
{
	for (size_t k = 0; k < st->n_classes; k++) {
		if (!(st->value[k] > by[k]))
			continue;
		st->value[k] -= by[k];
		st->nnls[k] -= st->is_direct[k] ? 0 : by[k];
		for (size_t i = 0; i < st->rounds; i++)
			attr_rep(st, k)[i] -= by[k];
	}
}

int attr_known(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	size_t cols = st->view.n_cols, n = st->n_classes;
	_cleanup_(erg_freep) double *slope = calloc(cols + 2 * n + 1, sizeof(*slope));
	double *of = slope + cols, *by = of + n;
	struct clues s = {.n = 0};

	if (!slope)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	if (r->misfit.reason || st->locked || st->short_run || !st->view.gap_class)
		return 0;
	add_sensor(r, &s);
	add_outside(r, &s);
	add_base(r, &s);
	if (!weigh(r, &s))
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		const struct clue *c = &s.at[i];
		double var = moment(r, c->c, c->at, c->c, c->at);

		for (size_t j = 0; j < cols; j++)
			slope[j] = st->view.col_apart[j]
				? 0
				: moment(r, j, st->power[j], c->c, c->at) / var;
		memset(of, 0, n * sizeof(*of));
		energies(st, slope, of);
		for (size_t k = 0; k < n; k++)
			by[k] += c->w * var * of[k];
		widen(r, c, wider(c, var), of);
	}
	move(st, by);
	return 0;
}
