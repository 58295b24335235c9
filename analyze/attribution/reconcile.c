/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parts make up the whole. A counter's difference, or readings whose windows lie side by side, know
 * the energy of the run better than the classes do, whose errors need not cancel. The classes' errors
 * and that of their sum go together, so what is known of the sum says something of each: the best
 * linear correction is the covariance with the sum over its variance (a regression on the total,
 * Deville and Särndal 1992; the update of a Kalman filter). Classes that are known well hardly move.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/reconcile.h"
#include "analyze/attribution/combine.h"
#include "analyze/attribution/gates.h"
#include "analyze/attribution/loops.h"
#include "analyze/attribution/results.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "analyze/attribution/warn.h"
#include "formats/base/util.h"

/* A column that fewer windows than these saw has no power of its own: windows of the least squares,
 * or readings inside of what is integrated. */
#define FEW 5
#define FEW_UNLIKE 0.3 /* relative, of an instance's power, where too few were seen to tell */

/* Apart by more than so many times their intervals together, the classes do not make up this run. */
#define APART 2
#define LITTLE 1e-3 /* of the total: moves each class by little, and widens it */

/* What few windows (SEEN) of instances that need not be alike leave open of a column's power, W: where there
 * is hardly one, anything up to the greatest reading. */
static double few_w(const struct erg_attr_state *st, size_t c, double seen)
{
	double p = fmax(fmin(st->power[c], st->peak_w), st->mean_w);

	return seen < 1 ? st->peak_w : fmin(st->peak_w, FEW_UNLIKE * p / sqrt(seen));
}

/* Windows that saw column C, or those that saw any of it, where they are enough and tell its class. */
static double seen_by(const struct erg_attr_state *st, size_t c)
{
	double w = st->gram.windows[c] * attr_fresh(st), spread;

	if (!st->sharp[st->view.col_class[c]] || !(st->gram.square[c] > 0))
		return w;
	spread = w * st->gram.windows[c] / st->gram.square[c];
	return spread >= ATTR_SPREAD ? spread : w;
}

/* Something flows at any time: where the fit gives what is between the layers nothing at all, W may be there
 * all the same, as it is outside of them. */
static double none_w(const struct erg_attr_state *st, size_t c)
{
	const struct attr_view *v = &st->view;
	double w = st->mean_w;

	if (v->col_class[c] != v->gap_class || st->power[c] > 0)
		return 0;
	for (size_t i = 0; i < v->n_cols; i++)
		if (v->col_apart[i] && st->direct.time[i] > 0)
			w = fmin(w, st->direct.energy[i] / st->direct.time[i]);
	return w;
}

static void find_few(struct erg_attr *a)
{
	struct erg_attr_state *st = a->state;
	const struct attr_view *v = &st->view;

	for (size_t c = 0; c < v->n_cols; c++) {
		/* beside what is integrated of a class, what no reading lay inside of is fitted */
		bool direct = v->col_apart[c] ||
			(st->is_direct[v->col_class[c]] && st->direct.readings[c] > 0);
		double seen = direct ? st->direct.readings[c] : seen_by(st, c);

		if (seen < FEW) {
			st->class_few[v->col_class[c]] += v->col_time[c];
			st->few_j[v->col_class[c]] += v->col_time[c] * few_w(st, c, seen);
		} else if (!direct) {
			st->few_j[v->col_class[c]] += v->col_time[c] * none_w(st, c);
		}
		if (!direct)
			st->class_fitted[v->col_class[c]] += v->col_time[c];
	}
}

static void add_up(struct erg_attr_state *st)
{
	memset(st->rep_sum, 0, st->rounds * sizeof(double));
	for (size_t c = 0; c < st->n_classes; c++)
		attr_add_scaled(st->rep_sum, attr_rep(st, c), 1, st->rounds);
}

int attr_sums_prepare(struct erg_attr *a, struct erg_err *err)
{
	struct erg_attr_state *st = a->state;

	st->rep_sum = calloc(st->rounds + 1, sizeof(*st->rep_sum));
	st->class_few = calloc(st->n_classes + 1, sizeof(*st->class_few));
	st->class_fitted = calloc(st->n_classes + 1, sizeof(*st->class_fitted));
	st->few_j = calloc(st->n_classes + 1, sizeof(*st->few_j));
	if (!st->rep_sum || !st->few_j || !st->class_few || !st->class_fitted)
		return erg_fail(err, -ENOMEM, "out of memory for %zu classes", st->n_classes);
	st->ci_whole = st->opt->ci_whole;
	find_few(a);
	add_up(st);
	return 0;
}

#define CHANCE 3 /* variances that a correction of the sum may be by chance */

/*
 * Of each class its part of a correction BY (J, its standard uncertainty U) of the sum; they add up to
 * 1. Where the correction is more than what the replicates of the sum vary by, they say nothing of where the
 * rest comes from, and that goes by energy.
 */
static void find_parts(const struct erg_attr_state *st, double by, double u, double *part)
{
	double mean = 0, var = 0, all = 0, n = (double)st->rounds, even;

	for (size_t i = 0; i < st->rounds; i++)
		mean += st->rep_sum[i] / n;
	for (size_t i = 0; i < st->rounds; i++)
		var += (st->rep_sum[i] - mean) * (st->rep_sum[i] - mean) / n;
	even = fmax(by * by + u * u - CHANCE * var, 0);
	for (size_t c = 0; c < st->n_classes; c++)
		all += st->value[c];
	for (size_t c = 0; c < st->n_classes; c++) {
		double cov = 0;

		for (size_t i = 0; i < st->rounds; i++)
			cov += attr_rep(st, c)[i] * (st->rep_sum[i] - mean) / n;
		part[c] = st->value[c] / all;
		if (var + even > 0)
			part[c] = (cov + part[c] * even) / (var + even);
	}
}

/* The published figures again, after the classes have moved. */
static void publish_again(struct erg_attr *a, double *weight)
{
	for (size_t head = 0; head < a->n_classes; head++) {
		struct erg_attr_class *h = &a->classes[head];
		struct attr_parts p;

		if (h->group != head || !erg_est_resolved(&h->group_energy_j))
			continue;
		for (size_t c = 0; c < a->n_classes; c++)
			weight[c] = a->classes[c].group == head;
		attr_parts_of(a->state, weight, false, &p);
		h->group_energy_j = attr_parts_est(&p, 1, h->group_energy_j.method);
		h->group_power_w = attr_parts_est(&p, h->group_time_s, h->group_energy_j.method);
		for (size_t c = head; c < a->n_classes; c++) {
			struct erg_attr_class *k = &a->classes[c];

			if (k->group != head)
				continue;
			k->group_energy_j = h->group_energy_j;
			k->group_power_w = h->group_power_w;
			if (erg_est_resolved(&k->energy_j)) {
				k->energy_j = h->group_energy_j;
				k->power_w = h->group_power_w;
			}
		}
	}
}

static void move(struct erg_attr_state *st, double total, double u, double by, const double *part)
{
	struct attr_rng rng;

	attr_rng_seed(&rng, st->opt->seed ^ 0x746f74616c000000u);
	for (size_t c = 0; c < st->n_classes; c++) {
		st->value[c] += part[c] * by;
		if (fabs(by) > 1.959964 * u)
			st->slack_j[c] = hypot(st->slack_j[c], part[c] * by);
	}
	for (size_t i = 0; i < st->rounds; i++) /* by how much the sum of a round moves */
		st->rep_sum[i] = total + u * attr_rng_normal(&rng) - st->rep_sum[i];
	for (size_t c = 0; c < st->n_classes; c++)
		attr_add_scaled(attr_rep(st, c), st->rep_sum, part[c], st->rounds);
	add_up(st);
}

int attr_reconcile(struct erg_attr *a, const struct erg_est *total, const struct erg_est *all,
	struct erg_err *err)
{
	_cleanup_(erg_freep) double *part = calloc(a->n_classes + 1, sizeof(*part));
	double by = total->value - all->value,
	       u = isfinite(total->stat) ? total->stat / 1.959964 : 0;

	if (!part)
		return erg_fail(err, -ENOMEM, "out of memory for %zu classes", a->n_classes);
	if (fabs(by) > fmax(LITTLE * total->value,
			       APART * ((all->hi - all->lo) + (total->hi - total->lo)) / 2)) {
		a->state->contradicts = true;
		attr_warn(a, "contradiction",
			"rail %s: the layers together are %.4g J and the readings "
			"%.4g J: no layer is resolved",
			a->state->rail.name, all->value, total->value);
		for (size_t k = 0; k < a->n_classes; k++)
			a->state->slack_j[k] = hypot(a->state->slack_j[k], by);
		publish_again(a, part);
		return 0;
	}
	find_parts(a->state, by, u, part);
	move(a->state, total->value, u, by, part);
	publish_again(a, part);
	return 0;
}
