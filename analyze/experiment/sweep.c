/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a sweep says: the points of each group, the best for each objective and whether it really is
 * better than its neighbours, what it saves against full throttle, the fastest under a power
 * budget, the cheapest within a slack, and how much of the time a frequency can change.
 *
 * The reference is full throttle: the point with the largest value of every numeric factor, or,
 * where no such point was measured, the fastest one.
 */
#include "analyze/experiment/sweep.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "analyze/result/document.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

struct group {
	const struct erg_observations *o;
	const struct erg_points *all;
	const struct erg_point *p;
	size_t n;
	json_t *doc;
};

static const struct erg_point *best_of(const struct group *g, enum erg_objective obj)
{
	const struct erg_point *best = NULL;

	for (size_t i = 0; i < g->n; i++)
		if (!best || g->p[i].est[obj].value < best->est[obj].value)
			best = &g->p[i];
	return best;
}

static const struct erg_point *full_throttle(const struct group *g)
{
	for (size_t i = 0; i < g->n; i++) {
		bool all = true, any = false;

		for (size_t d = 0; d < g->o->n_dims; d++) {
			const struct erg_dim *dim = &g->o->dims[d];
			uint32_t top = 0;

			if (dim->group || !dim->numeric)
				continue;
			for (size_t k = 0; k < g->n; k++)
				top = g->p[k].level[d] > top ? g->p[k].level[d] : top;
			any = true;
			all = all && g->p[i].level[d] == top;
		}
		if (all && any)
			return &g->p[i];
		if (!any)
			break;
	}
	return best_of(g, ERG_OBJ_TIME);
}

/* Next level of dimension D that occurs in the group in the direction STEP, or -1. */
static long adjacent_level(const struct group *g, size_t d, uint32_t level, int step)
{
	long found = -1;

	for (size_t i = 0; i < g->n; i++) {
		long l = g->p[i].level[d], delta = (l - (long)level) * step;

		if (delta > 0 && (found < 0 || delta < (found - (long)level) * step))
			found = l;
	}
	return found;
}

static const struct erg_point *neighbour(const struct group *g, const struct erg_point *p, size_t d,
	int step)
{
	long level = adjacent_level(g, d, p->level[d], step);

	for (size_t i = 0; level >= 0 && i < g->n; i++) {
		bool same = g->p[i].level[d] == (uint32_t)level;

		for (size_t k = 0; same && k < g->o->n_dims; k++)
			same = k == d || g->p[i].level[k] == p->level[k];
		if (same)
			return &g->p[i];
	}
	return NULL;
}

/* The optimum against each neighbour; significant when it beats all of them at 5 % after Holm's
 * correction (Holm 1979), null when repetitions are missing. */
static json_t *neighbours_json(const struct group *g, const struct erg_point *best,
	enum erg_objective obj, json_t **ret_significant)
{
	json_t *list = json_array();
	double p[64];
	size_t n = 0, unknown = 0;

	for (size_t d = 0; d < g->o->n_dims; d++) {
		for (int step = -1; step <= 1 && !g->o->dims[d].group; step += 2) {
			const struct erg_point *other = neighbour(g, best, d, step);
			double pv = other ? erg_points_welch(best, other, obj) : NAN;

			if (!other || n == ERG_ARRAY_SIZE(p))
				continue;
			unknown += isnan(pv);
			p[n++] = pv;
			json_array_append_new(list,
				json_pack("{s:o, s:o, s:o}", "factors",
					erg_point_levels(g->o, other, false), "value",
					erg_est_json(&other->est[obj]), "p_value",
					erg_num_json(pv)));
		}
	}
	*ret_significant = json_null();
	if (n && !unknown) {
		double worst = 0;

		for (size_t i = 0; i < n; i++)
			worst = fmax(worst, p[i]);
		/* all must be rejected, so Holm's last step decides: the largest p against 5 % */
		*ret_significant = json_boolean(worst < 0.05);
	}
	return list;
}

static long frequency_dim(const struct erg_observations *o, const char *name)
{
	for (size_t d = 0; d < o->n_dims; d++) {
		const struct erg_dim *dim = &o->dims[d];

		if (dim->group || !dim->numeric || dim->n < 2)
			continue;
		if (name ? !strcmp(dim->name, name)
			 : strcasestr(dim->name, "freq") || strcasestr(dim->name, "hz"))
			return (long)d;
	}
	return -1;
}

/* Where between the measured values of a single numeric factor the objective would be smallest. */
static json_t *between(const struct group *g, const struct erg_point *best, enum erg_objective obj)
{
	for (size_t d = 0; d < g->o->n_dims; d++) {
		const struct erg_dim *dim = &g->o->dims[d];
		const struct erg_point *a, *b;
		double x[3], y[3];

		if (dim->group || !dim->numeric || dim->n < 3)
			continue;
		a = neighbour(g, best, d, -1);
		b = neighbour(g, best, d, 1);
		if (!a || !b)
			continue;
		for (int i = 0; i < 3; i++) {
			const struct erg_point *p = i == 0 ? a : i == 1 ? best : b;

			x[i] = dim->values[p->level[d]];
			y[i] = p->est[obj].value;
		}
		return json_pack("{s:s, s:o}", "factor", dim->name, "value",
			erg_num_json(erg_parabola_min(x, y)));
	}
	return json_null();
}

static json_t *points_json(const struct group *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->n; i++) {
		const struct erg_point *p = &g->p[i];
		json_t *j =
			json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:I, s:I, s:b, s:o, s:o}",
				"factors", erg_point_levels(g->o, p, false), "time_s",
				erg_est_json(&p->est[ERG_OBJ_TIME]), "ets_j",
				erg_est_json(&p->est[ERG_OBJ_ETS]), "edp_js",
				erg_est_json(&p->est[ERG_OBJ_EDP]), "ed2p_js2",
				erg_est_json(&p->est[ERG_OBJ_ED2P]), "pareto", p->pareto,
				"pareto_decided", p->n > 1 ? json_boolean(p->decided) : json_null(),
				"repetitions", (json_int_t)p->n, "left_out",
				(json_int_t)p->left_out, "throttled", p->throttled, "mean_w",
				erg_num_json(p->mean_w), "peak_w", erg_num_json(p->peak_w));

		json_array_append_new(list, j);
	}
	return list;
}

/* Settings of the group that have no point, since none of their runs is resolved. */
static void add_empty(const struct group *g, json_t *out)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->all->n_empty; i++) {
		const struct erg_point *p = &g->all->empty[i];

		if (erg_points_same_group(g->o, p->level, g->p->level))
			json_array_append_new(list,
				json_pack("{s:o, s:I}", "factors", erg_point_levels(g->o, p, false),
					"left_out", (json_int_t)p->left_out));
	}
	json_object_set_new(out, "unresolved", list);
}

/* "best" holds the factors of the best point by name, "optimum" what is to be said about it. */
static void add_best(const struct group *g, json_t *out)
{
	json_t *best = json_object(), *optimum = json_object();

	for (int obj = 0; obj < ERG_OBJ_N; obj++) {
		const struct erg_point *p = best_of(g, obj);
		json_t *significant, *near = neighbours_json(g, p, obj, &significant);
		json_t *b = erg_point_levels(g->o, p, false);

		json_object_set_new(b, "factors", erg_point_levels(g->o, p, false));
		json_object_set_new(best, erg_objective_names[obj], b);
		json_object_set_new(optimum, erg_objective_names[obj],
			json_pack("{s:o, s:o, s:o, s:o, s:o}", "factors",
				erg_point_levels(g->o, p, false), "value",
				erg_est_json(&p->est[obj]), "significant", significant,
				"neighbours", near, "between", between(g, p, obj)));
	}
	json_object_set_new(out, "best", best);
	json_object_set_new(out, "optimum", optimum);
}

/* 1 - best / reference. Where the reference's interval has 0 in it (few repetitions that differ much)
 * the share has no bound, and its method says so. What offset and gain may do to one they do to the other: of the shares that
 * they may be wrong by the difference remains. */
static struct erg_est saving(const struct erg_point *best, const struct erg_point *ref,
	enum erg_objective obj)
{
	const struct erg_est *b = &best->est[obj], *r = &ref->est[obj];
	double ratio = b->value / r->value, syst, lo, hi;

	if (best == ref)
		return erg_est_exact(0, "reference");
	if (!erg_fieller(b->value, b->stat, r->value, r->stat, &lo, &hi))
		return (struct erg_est){1 - ratio, NAN, NAN, NAN, NAN,
			isnan(b->stat) || isnan(r->stat) ? "single run" : "unbounded"};
	syst = fabs(ratio * (b->syst / b->value - r->syst / r->value));
	syst = isnan(syst) ? 0 : syst;
	return (struct erg_est){1 - ratio, 1 - hi - syst, 1 - lo + syst, (hi - lo) / 2, syst,
		best->n > 1 && ref->n > 1 ? "repetitions" : "single run"};
}

/* The plain numbers are the values of the estimates in "savings". */
static void add_savings(const struct group *g, enum erg_objective objective, json_t *out)
{
	const struct erg_point *ref = full_throttle(g), *chosen = best_of(g, objective);
	struct erg_est ets = saving(best_of(g, ERG_OBJ_ETS), ref, ERG_OBJ_ETS);
	struct erg_est edp = saving(best_of(g, ERG_OBJ_EDP), ref, ERG_OBJ_EDP);
	struct erg_est time = saving(chosen, ref, ERG_OBJ_TIME);

	time = erg_est_scaled(&time, -1);
	json_object_set_new(out, "reference", erg_point_levels(g->o, ref, false));
	json_object_set_new(out, "objective", json_string(erg_objective_names[objective]));
	json_object_set_new(out, "ets_saving", erg_num_json(ets.value));
	json_object_set_new(out, "edp_saving", erg_num_json(edp.value));
	json_object_set_new(out, "time_penalty", erg_num_json(time.value));
	json_object_set_new(out, "savings",
		json_pack("{s:o, s:o, s:o}", "ets", erg_est_json(&ets), "edp", erg_est_json(&edp),
			"time_penalty", erg_est_json(&time)));
}

static json_t *choice_json(const struct group *g, const struct erg_point *p)
{
	return !p ? json_null()
		  : json_pack("{s:o, s:o, s:o, s:o, s:o}", "factors",
			    erg_point_levels(g->o, p, false), "time_s",
			    erg_est_json(&p->est[ERG_OBJ_TIME]), "ets_j",
			    erg_est_json(&p->est[ERG_OBJ_ETS]), "mean_w", erg_num_json(p->mean_w),
			    "peak_w", erg_num_json(p->peak_w));
}

static void add_budget(const struct group *g, double budget_w, json_t *out)
{
	const struct erg_point *mean = NULL, *peak = NULL;

	for (size_t i = 0; i < g->n; i++) {
		const struct erg_point *p = &g->p[i];
		double t = p->est[ERG_OBJ_TIME].value;

		if (p->mean_w <= budget_w && (!mean || t < mean->est[ERG_OBJ_TIME].value))
			mean = p;
		if (p->peak_w <= budget_w && (!peak || t < peak->est[ERG_OBJ_TIME].value))
			peak = p;
	}
	json_object_set_new(out, "budget",
		json_pack("{s:o, s:o, s:o}", "budget_w", erg_num_json(budget_w), "by_mean",
			choice_json(g, mean), "by_peak", choice_json(g, peak)));
	if (!mean)
		erg_document_warn(g->doc, "budget", "no point stays below %g W on average",
			budget_w);
}

static void add_slack(const struct group *g, double slack, json_t *out)
{
	double limit = best_of(g, ERG_OBJ_TIME)->est[ERG_OBJ_TIME].value * (1 + slack);
	const struct erg_point *best = NULL;

	for (size_t i = 0; i < g->n; i++)
		if (g->p[i].est[ERG_OBJ_TIME].value <= limit &&
			(!best || g->p[i].est[ERG_OBJ_ETS].value < best->est[ERG_OBJ_ETS].value))
			best = &g->p[i];
	json_object_set_new(out, "slack",
		json_pack("{s:o, s:o}", "slack", erg_num_json(slack), "cheapest",
			choice_json(g, best)));
}

/* The frequency's effect with every other factor at its full-throttle level. */
static int add_sensitivity(const struct group *g, long dim, json_t *out, struct erg_err *err)
{
	const struct erg_point *ref = full_throttle(g);
	_cleanup_(erg_freep) double *f = erg_noted(calloc(g->n + 1, sizeof(*f)));
	_cleanup_(erg_freep) double *t = calloc(g->n + 1, sizeof(*t));
	_cleanup_(erg_freep) const struct erg_point **list = calloc(g->n + 1, sizeof(*list));
	struct erg_sensitivity s;
	size_t n = 0;
	json_t *j;

	if (!f || !t || !list)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < g->n; i++) {
		bool same = true;

		for (size_t d = 0; d < g->o->n_dims; d++)
			same = same && ((long)d == dim || g->p[i].level[d] == ref->level[d]);
		if (!same || g->p[i].throttled)
			continue;
		list[n] = &g->p[i];
		f[n] = g->o->dims[dim].values[g->p[i].level[dim]];
		t[n++] = g->p[i].est[ERG_OBJ_TIME].value;
	}
	s = erg_sensitivity_fit(f, t, n);
	j = erg_sensitivity_json(&s);
	json_object_set_new(j, "factor", json_string(g->o->dims[dim].name));
	json_object_set_new(out, "sensitivity", j);
	json_object_set_new(out, "v2f", erg_sweep_v2f(g->o, list, n, (size_t)dim));
	return erg_sweep_layers(g->o, g->all, list, n, (size_t)dim, out, err);
}

static void warn_group(const struct group *g)
{
	size_t single = 0, throttled = 0;

	for (size_t i = 0; i < g->n; i++) {
		single += g->p[i].n == 1;
		throttled += g->p[i].throttled;
	}
	if (single)
		erg_document_warn(g->doc, "single",
			"%zu of %zu points have one repetition only: no interval over repetitions",
			single, g->n);
	if (throttled)
		erg_document_warn(g->doc, "throttled", "%zu of %zu points throttled", throttled,
			g->n);
}

int erg_sweep_document(const struct erg_observations *o, const struct erg_sweep_options *opt,
	json_t *doc, struct erg_err *err)
{
	_cleanup_(erg_points_release) struct erg_points points = {0};
	long dim = frequency_dim(o, opt->frequency);
	json_t *groups = json_array();
	int r;

	if (opt->frequency && dim < 0)
		return erg_fail(err, -EINVAL,
			"--frequency: %s is no numeric factor with two values or more",
			opt->frequency);
	json_object_set_new(doc, "groups", groups);
	r = erg_points_build(o, &points, err);
	if (r < 0)
		return r;
	erg_points_tell_empty(o, &points, doc);
	for (size_t i = 0; i < points.n_groups; i++) {
		size_t first = points.group_first[i];
		struct group g = {o, &points, &points.points[first],
			points.group_first[i + 1] - first, doc};
		json_t *out = json_pack("{s:o, s:o}", "group", erg_point_levels(o, g.p, true),
			"points", points_json(&g));

		json_array_append_new(groups, out);
		add_empty(&g, out);
		add_best(&g, out);
		add_savings(&g, opt->objective, out);
		if (!isnan(opt->budget_w))
			add_budget(&g, opt->budget_w, out);
		if (!isnan(opt->slack))
			add_slack(&g, opt->slack, out);
		if (dim >= 0 && add_sensitivity(&g, dim, out, err) < 0)
			return -ENOMEM;
		warn_group(&g);
	}
	return 0;
}
