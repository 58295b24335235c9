/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From observations to points. Repetitions of a setting give a mean with Student's interval; the
 * product EDP is formed in every repetition and then averaged, since energy and time of one run go
 * together. What the sensor's offset and gain may do is the same in each repetition: it is added,
 * but takes no part in comparisons of points. One repetition has no interval over repetitions: it
 * keeps the run's own, if it had one, and says so by its method.
 */
#include "analyze/experiment/points.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/result/document.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

const char *const erg_objective_names[ERG_OBJ_N] = {"ets", "edp", "ed2p", "time"};

int erg_objective_parse(const char *name)
{
	for (int i = 0; i < ERG_OBJ_N; i++)
		if (!strcmp(name, erg_objective_names[i]))
			return i;
	return -1;
}

/* ETS, ETS·T, ETS·T² or T of one observation. */
static double objective_of(const struct erg_obs *o, enum erg_objective obj)
{
	switch (obj) {
	case ERG_OBJ_ETS:
		return o->energy_j;
	case ERG_OBJ_EDP:
		return o->energy_j * o->time_s;
	case ERG_OBJ_ED2P:
		return o->energy_j * o->time_s * o->time_s;
	default:
		return o->time_s;
	}
}

struct sorter {
	const struct erg_observations *o;
};

static int compare_levels(const struct erg_observations *o, const struct erg_obs *a,
	const struct erg_obs *b)
{
	for (int group = 1; group >= 0; group--)
		for (size_t d = 0; d < o->n_dims; d++)
			if (o->dims[d].group == group && a->level[d] != b->level[d])
				return a->level[d] < b->level[d] ? -1 : 1;
	return 0;
}

static int compare_order(const void *pa, const void *pb, void *data)
{
	const struct sorter *s = data;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int r = compare_levels(s->o, &s->o->obs[a], &s->o->obs[b]);

	if (!r) /* within a setting the resolved ones come first */
		r = s->o->obs[a].unresolved - s->o->obs[b].unresolved;
	return r ? r : (a > b) - (a < b);
}

bool erg_points_same_group(const struct erg_observations *o, const uint32_t *a, const uint32_t *b)
{
	for (size_t d = 0; d < o->n_dims; d++)
		if (o->dims[d].group && a[d] != b[d])
			return false;
	return true;
}

static struct erg_est student(double mean, double sd, size_t n, double syst)
{
	double half = gsl_cdf_tdist_Pinv(0.975, (double)n - 1) * sd / sqrt((double)n);

	return (struct erg_est){mean, mean - half - syst, mean + half + syst, half, syst,
		"repetitions"};
}

/* Systematic part of one run's objective; 0 where its run knew none. */
static double syst_of(const struct erg_obs *o, enum erg_objective obj)
{
	if (obj == ERG_OBJ_TIME || isnan(o->ets.syst))
		return 0;
	return o->ets.syst * fabs(objective_of(o, obj) / o->energy_j);
}

/* Of one observation: what its own run knew of its interval. EDP scales the run's interval of the
 * energy; the time of a run is known far better than its energy. */
static struct erg_est single(const struct erg_obs *o, enum erg_objective obj)
{
	double v = objective_of(o, obj), f = o->energy_j != 0 ? v / o->energy_j : 0;

	if (obj == ERG_OBJ_TIME)
		return (struct erg_est){v, o->time.lo, o->time.hi, o->time.stat, o->time.syst,
			"single run"};
	return (struct erg_est){v, o->ets.lo * f, o->ets.hi * f, o->ets.stat * f, o->ets.syst * f,
		"single run"};
}

static void estimate_point(const struct erg_observations *o, const size_t *order,
	struct erg_point *p)
{
	const double given = o->obs[order[p->first]].wider, wider = given == 0 ? 1 : given;

	for (int obj = 0; obj < ERG_OBJ_N; obj++) {
		double mean = 0, ss = 0, syst = 0;

		for (size_t i = 0; i < p->n; i++) {
			const struct erg_obs *b = &o->obs[order[p->first + i]];

			mean += objective_of(b, obj) / (double)p->n;
			syst += syst_of(b, obj) / (double)p->n;
		}
		for (size_t i = 0; i < p->n; i++) {
			double d = objective_of(&o->obs[order[p->first + i]], obj) - mean;

			ss += d * d;
		}
		p->sd[obj] = p->n > 1 ? wider * sqrt(ss / (double)(p->n - 1)) : NAN;
		p->est[obj] = p->n > 1 ? student(mean, p->sd[obj], p->n, syst)
				       : single(&o->obs[order[p->first]], obj);
	}
}

static void describe_point(const struct erg_observations *o, const size_t *order,
	struct erg_point *p)
{
	p->mean_w = p->est[ERG_OBJ_ETS].value / p->est[ERG_OBJ_TIME].value;
	p->peak_w = NAN;
	p->voltage_v = 0;
	for (size_t i = 0; i < p->n; i++) {
		const struct erg_obs *b = &o->obs[order[p->first + i]];

		p->peak_w = fmax(p->peak_w, b->peak_w);
		p->voltage_v += b->voltage_v / (double)p->n;
		p->throttled |= b->throttled;
	}
}

static void cut_points(const struct erg_observations *o, struct erg_points *ret)
{
	struct erg_point *p = ret->empty;

	for (size_t i = 0; i < o->n; i++) {
		const struct erg_obs *b = &o->obs[ret->order[i]];
		const struct erg_obs *before = i ? &o->obs[ret->order[i - 1]] : NULL;
		const struct erg_point *last = ret->n ? &ret->points[ret->n - 1] : NULL;

		if (!before || compare_levels(o, before, b)) { /* another setting */
			p = b->unresolved ? &ret->empty[ret->n_empty++] : &ret->points[ret->n];
			*p = (struct erg_point){.first = i, .level = b->level};
			if (!b->unresolved &&
				(!last || !erg_points_same_group(o, last->level, b->level)))
				ret->group_first[ret->n_groups++] = ret->n;
			ret->n += !b->unresolved;
		}
		p->n += !b->unresolved;
		p->left_out += b->unresolved;
	}
	ret->group_first[ret->n_groups] = ret->n;
}

int erg_points_build(const struct erg_observations *o, struct erg_points *ret, struct erg_err *err)
{
	struct sorter s = {o};

	*ret = (struct erg_points){0};
	ret->order = calloc(o->n + 1, sizeof(*ret->order));
	ret->points = calloc(o->n + 1, sizeof(*ret->points));
	ret->group_first = calloc(o->n + 2, sizeof(*ret->group_first));
	ret->empty = calloc(o->n + 1, sizeof(*ret->empty));
	if (!ret->order || !ret->points || !ret->group_first || !ret->empty) {
		erg_points_release(ret);
		return erg_fail(err, -ENOMEM, "out of memory for %zu observations", o->n);
	}
	for (size_t i = 0; i < o->n; i++)
		ret->order[i] = i;
	erg_sort_by(ret->order, o->n, sizeof(*ret->order), compare_order, &s);
	cut_points(o, ret);
	for (size_t i = 0; i < ret->n; i++) {
		estimate_point(o, ret->order, &ret->points[i]);
		describe_point(o, ret->order, &ret->points[i]);
	}
	for (size_t g = 0; g < ret->n_groups; g++)
		if (erg_points_front(&ret->points[ret->group_first[g]],
			    ret->group_first[g + 1] - ret->group_first[g]) < 0)
			return erg_fail(err, -ENOMEM, "out of memory for the Pareto front");
	return 0;
}

void erg_points_release(struct erg_points *p)
{
	free(p->order);
	free(p->points);
	free(p->group_first);
	free(p->empty);
	*p = (struct erg_points){0};
}

void erg_points_tell_empty(const struct erg_observations *o, const struct erg_points *p,
	json_t *doc)
{
	for (size_t i = 0; i < p->n_empty; i++) {
		char text[512] = "";
		size_t len = 0;

		for (size_t d = 0; d < o->n_dims && len < sizeof(text); d++)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s=%s",
				d ? ", " : "", o->dims[d].name,
				o->dims[d].levels[p->empty[i].level[d]]);
		erg_document_warn(doc, "no-point",
			"%s: none of its %zu run%s has a resolved energy", text,
			p->empty[i].left_out, p->empty[i].left_out == 1 ? "" : "s");
	}
}

json_t *erg_point_levels(const struct erg_observations *o, const struct erg_point *p, bool groups)
{
	json_t *j = json_object();

	for (size_t d = 0; d < o->n_dims; d++) {
		const struct erg_dim *dim = &o->dims[d];
		uint32_t l = p->level[d];

		if (dim->group != groups)
			continue;
		json_object_set_new(j, dim->name,
			!dim->numeric ? json_string(dim->levels[l])
				: dim->values[l] == floor(dim->values[l]) &&
					fabs(dim->values[l]) < 1e15
				? json_integer((json_int_t)dim->values[l])
				: erg_num_json(dim->values[l]));
	}
	return j;
}

double erg_points_welch(const struct erg_point *a, const struct erg_point *b,
	enum erg_objective obj)
{
	double va = a->sd[obj] * a->sd[obj] / (double)a->n;
	double vb = b->sd[obj] * b->sd[obj] / (double)b->n;
	double d = a->est[obj].value - b->est[obj].value, c;

	if (!(va + vb >= 0) || !isfinite(va + vb) || !isfinite(d))
		return NAN;
	if (va + vb == 0)
		return d == 0 ? 1 : 0;
	c = va / (va + vb);
	return 2 *
		gsl_cdf_tdist_Q(fabs(d) / sqrt(va + vb),
			1 / (c * c / (double)(a->n - 1) + (1 - c) * (1 - c) / (double)(b->n - 1)));
}
