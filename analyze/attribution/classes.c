/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From columns to classes: which classes are integrated directly and which by least squares, their
 * energies, their replicates, and the bias that the quantum may have left in them. Time that no
 * reading saw has the mean power of the rest, in the total only; the gates see to it that no class
 * gets a figure that way.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/classes.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"

#include "formats/base/memory.h"
#include "formats/base/util.h"

#define DIRECT_READINGS 30 /* inside of it, in all */

/* Whether the readings tell the greatest of them from nothing. */
static bool is_seen(const struct erg_attr_state *st, size_t c)
{
	return st->gram.windows[c] > 0 && st->gram.square[c] * st->peak_w * st->peak_w > st->sigma2;
}

/* Power of a column where nothing saw it: the mean of the rest. */
static void mean_power(struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;
	double e = 0, t = 0;

	for (size_t c = 0; c < st->view.n_cols; c++) {
		if (st->view.col_apart[c] || !is_seen(st, c))
			continue;
		e += attr_col_energy(&st->view, st->power, c);
		t += st->view.col_share ? st->view.col_share[c] : st->view.col_time[c];
	}
	if (t <= 0)
		for (size_t c = 0; c < st->view.n_cols; c++) {
			e += st->direct.energy[c];
			t += st->direct.time[c];
		}
	r->st->mean_w = t > 0 ? e / t : 0;
}

/* Energy of a column by least squares; of one that nothing saw at the mean power. */
static double col_energy(const struct erg_attr_state *st, size_t c, const double *power)
{
	if (!is_seen(st, c))
		return st->mean_w *
			(st->view.col_share ? st->view.col_share[c] : st->view.col_time[c]);
	return attr_col_energy(&st->view, power, c);
}

static bool col_direct(const struct erg_attr_state *st, size_t c)
{
	return st->view.col_apart[c] && st->direct.readings[c] > 0;
}

/* A class is integrated directly when all of its columns are long and seen. */
static void choose_direct(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;

	for (size_t k = 0; k < st->n_classes; k++)
		st->is_direct[k] = v->class_time[k] > 0 &&
			(k >= v->gap_class ||
				(v->class_calls[k] &&
					v->class_time[k] / (double)v->class_calls[k] * 1e9 >=
						ATTR_DIRECT_WINDOWS * st->memory_ns));
	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];
		bool few = st->direct.readings[c] < DIRECT_READINGS;

		if (v->col_time[c] < 0.02 * v->class_time[k])
			continue;
		if (few || (k == v->gap_class && !v->col_apart[c]))
			st->is_direct[k] = false;
	}
}

void attr_fitted_energies(const struct attr_view *v, const double *power, double *ret)
{
	memset(ret, 0, v->n_classes * sizeof(double));
	for (size_t c = 0; c < v->n_cols; c++)
		if (!v->col_apart[c])
			ret[v->col_class[c]] += attr_col_energy(v, power, c);
}

/* A class that is integrated may have columns that no reading lies within, if those are little of it: they are fitted,
 * and few readings may make anything of them. */
static bool is_unseen(const struct erg_attr_state *st, size_t c)
{
	return st->is_direct[st->view.col_class[c]] && st->direct.time[c] <= 0 && is_seen(st, c);
}

static void class_values(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double *var = erg_noted(calloc(st->n_classes + 1, sizeof(double)));

	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];
		double t = v->col_time[c], e = col_energy(st, c, st->power);
		double d =
			st->direct.time[c] > 0 ? st->direct.energy[c] / st->direct.time[c] * t : e;

		st->dir[k] += d;
		if (var)
			var[k] += st->direct.var[c] * t * t;
		st->nnls[k] += col_direct(st, c) ? d : e;
	}
	for (size_t k = 0; k < st->n_classes; k++) {
		st->dir_se[k] = var ? sqrt(var[k]) : NAN;
		st->value[k] = st->is_direct[k] ? st->dir[k] : st->nnls[k];
	}
	if (r->rival)
		attr_fitted_energies(v, st->power, st->rival_j);
	for (size_t k = 0; k < st->n_classes && r->rival; k++)
		st->rival_j[k] = st->is_direct[k] ? 0 : r->rival[k] - st->rival_j[k];
	free(var);
}

/* By how much POWER differs from what was fitted in columns of classes that are integrated which no reading lies
 * within, J. */
static void unseen_by(const struct erg_attr_state *st, const double *power, double *ret)
{
	memset(ret, 0, st->n_classes * sizeof(double));
	for (size_t c = 0; c < st->view.n_cols; c++)
		if (is_unseen(st, c))
			ret[st->view.col_class[c]] +=
				col_energy(st, c, power) - col_energy(st, c, st->power);
}

static void class_replicates(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	_cleanup_(erg_freep) double *unseen = erg_noted(calloc(st->n_classes + 1, sizeof(double)));
	struct attr_rng rng;

	attr_rng_seed(&rng, r->opt.seed ^ 0x6469726563740000u);
	for (size_t i = 0; i < st->rounds && unseen; i++) {
		const double *power = r->boot.rep + i * st->gram.dim;
		/* the drift's mean over the readings is not quite its mean over the run */
		double common =
			sqrt(st->tau2 / fmax((double)st->gram.rows, 1)) * attr_rng_normal(&rng);

		for (size_t c = 0; c < v->n_cols; c++) {
			uint32_t k = v->col_class[c];
			double t = v->col_time[c],
			       e = col_energy(st, c, power) +
				common * (v->col_share ? v->col_share[c] : t);

			if (col_direct(st, c))
				e = (st->direct.energy[c] / st->direct.time[c] +
					    sqrt(st->direct.var[c]) * attr_rng_normal(&rng)) *
					t;
			attr_rep(st, k)[i] += e;
		}
		unseen_by(st, power, unseen);
		for (size_t k = 0; k < st->n_classes; k++) {
			double *rep = &attr_rep(st, k)[i], d = *rep - st->nnls[k];

			st->nnls_se[k] += d * d / (double)st->rounds;
			if (st->is_direct[k])
				*rep = st->dir[k] + st->dir_se[k] * attr_rng_normal(&rng) +
					unseen[k];
		}
	}
	for (size_t k = 0; k < st->n_classes; k++)
		st->nnls_se[k] = sqrt(st->nnls_se[k]);
}

double attr_rounding_bias(double noise, double quantum)
{
	double s = M_PI * noise / quantum;

	return quantum / 2 * exp(-2 * s * s);
}

/* The bias by the quantum only stays where readings see one layer alone, as those outside of the work do:
 * elsewhere the changing shares are the dither. Of cells quantum.c has it. */
static void quantum_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double q = st->rail.lsb_w;

	if (st->shape.kind == ERG_SENSOR_COUNTER || q <= 0)
		return;
	for (size_t c = 0; c < v->n_cols; c++) {
		uint32_t k = v->col_class[c];
		double pure;

		if (st->is_direct[k] || (v->col_apart[c] && st->direct.time[c] > 0))
			pure = 1;
		else if (r->weights.cell_w > 0)
			pure = 0;
		else
			pure = st->gram.square[c] > 0 ? st->gram.pure[c] / st->gram.square[c] : 0;
		if (v->class_time[k] > 0)
			st->quantum_w[k] += attr_rounding_bias(st->direct.spread[c], q) * pure *
				v->col_time[c] / v->class_time[k];
	}
}

static void greatest_reading(struct erg_attr_state *st)
{
	for (size_t i = 0; i < st->rail.n; i++)
		if (isfinite(erg_rail_power(&st->rail, i)))
			st->peak_w = fmax(st->peak_w, erg_rail_power(&st->rail, i));
}

void attr_classes(struct attr_run *r)
{
	greatest_reading(r->st);
	mean_power(r);
	choose_direct(r);
	class_values(r);
	class_replicates(r);
	quantum_effect(r);
}
