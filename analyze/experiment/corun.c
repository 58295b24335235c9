/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Alone against together. Ratios of means over repetitions have intervals by the delta method with
 * Student's quantile (Welch-Satterthwaite degrees of freedom); with one repetition on either side
 * there is no interval, and a warning says so.
 */
#include "analyze/experiment/corun.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "analyze/experiment/corun_parts.h"
#include "analyze/experiment/points.h"
#include "analyze/account/runs.h"
#include "analyze/result/document.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

static const char *const partner_names[] = {"corun", "corunner", "partner"};

static const char *find_partner(const json_t *runs)
{
	char buf[32];
	size_t i;
	json_t *run;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(partner_names); k++)
		json_array_foreach ((json_t *)runs, i, run)
			if (erg_run_setting(run, partner_names[k], buf, sizeof(buf)))
				return partner_names[k];
	return NULL;
}

static double mean_var(const struct erg_point *p, enum erg_objective obj)
{
	return p->n > 1 ? p->sd[obj] * p->sd[obj] / (double)p->n : NAN;
}

static struct erg_est ratio(const struct erg_point *a, const struct erg_point *b,
	enum erg_objective obj)
{
	double x = a->est[obj].value, y = b->est[obj].value, r = y / x;

	return erg_corun_est(r,
		erg_corun_half(r * r * mean_var(a, obj) / (x * x), a->n, mean_var(b, obj) / (x * x),
			b->n),
		0);
}

/* The sensor errs alike in both: of the systematic parts the difference remains. */
static struct erg_est extra(const struct erg_point *a, const struct erg_point *b,
	enum erg_objective obj)
{
	double syst = fabs(b->est[obj].syst - a->est[obj].syst);

	return erg_corun_est(b->est[obj].value - a->est[obj].value,
		erg_corun_half(mean_var(a, obj), a->n, mean_var(b, obj), b->n),
		isnan(syst) ? 0 : syst);
}

/* Mean over the point's runs of NUMBER in the entry of ARRAY that is named like ENTRY. */
static double mean_of(const struct erg_corun_side *s, const char *array, const json_t *entry,
	const char *key)
{
	double sum = 0;
	size_t n = 0, i;
	json_t *e;

	for (size_t k = 0; k < s->point->n; k++) {
		const json_t *run = erg_corun_run(s, k);

		json_array_foreach (json_object_get(run, array), i, e) {
			const json_t *q = json_object_get(entry, "quantity");

			if (!json_equal(json_object_get(e, "rail"),
				    json_object_get(entry, "rail")) ||
				(q && !json_equal(q, json_object_get(e, "quantity"))) ||
				!json_is_number(json_object_get(e, key)))
				continue;
			sum += json_number_value(json_object_get(e, key));
			n++;
		}
	}
	return n ? sum / (double)n : NAN;
}

static double root_power(const struct erg_corun_side *s)
{
	double sum = 0;
	size_t i;
	json_t *rail;

	json_array_foreach (json_object_get(erg_corun_run(s, 0), "rails"), i, rail) {
		const char *parent = json_string_value(json_object_get(rail, "parent"));

		if (!parent || !*parent)
			sum += mean_of(s, "rails", rail, "mean_w");
	}
	return sum;
}

/* How the power was split: each rail's mean and its share of the roots' sum. */
static json_t *rails_json(const struct erg_corun_side *alone, const struct erg_corun_side *both)
{
	double ra = root_power(alone), rb = root_power(both);
	json_t *out = json_array(), *rail;
	size_t i;

	json_array_foreach (json_object_get(erg_corun_run(both, 0), "rails"), i, rail) {
		double a = mean_of(alone, "rails", rail, "mean_w");
		double b = mean_of(both, "rails", rail, "mean_w");

		json_array_append_new(out,
			json_pack("{s:O, s:o, s:o, s:o, s:o}", "rail",
				json_object_get(rail, "rail"), "alone_w", erg_num_json(a),
				"together_w", erg_num_json(b), "share_alone", erg_num_json(a / ra),
				"share_together", erg_num_json(b / rb)));
	}
	return out;
}

static json_t *channels_json(const struct erg_corun_side *alone, const struct erg_corun_side *both,
	const char *quantity, const char *ka, const char *kb)
{
	json_t *out = json_array(), *ch;
	size_t i;

	json_array_foreach (json_object_get(erg_corun_run(both, 0), "channels"), i, ch) {
		const char *q = json_string_value(json_object_get(ch, "quantity"));
		double a, b;

		if (!q || strcmp(q, quantity))
			continue;
		a = mean_of(alone, "channels", ch, "mean");
		b = mean_of(both, "channels", ch, "mean");
		json_array_append_new(out,
			json_pack("{s:O, s:o, s:o, s:o}", "rail", json_object_get(ch, "rail"), ka,
				erg_num_json(a), kb, erg_num_json(b), "lost",
				erg_num_json(1 - b / a)));
	}
	return out;
}

static double ipc(const struct erg_corun_side *s)
{
	double instructions = 0, cycles = 0;

	for (size_t k = 0; k < s->point->n; k++) {
		const json_t *run = erg_corun_run(s, k);
		size_t i;
		json_t *l;

		json_array_foreach (json_object_get(run, "layers"), i, l) {
			const json_t *c = json_object_get(l, "counters");

			instructions += json_number_value(json_object_get(c, "instructions"));
			cycles += json_number_value(json_object_get(c, "cycles"));
		}
	}
	return cycles > 0 ? instructions / cycles : erg_corun_ipc(s);
}

static json_t *cell_json(const struct erg_corun_side *alone, const struct erg_corun_side *both,
	const char *workload, const char *partner)
{
	struct erg_est slow = ratio(alone->point, both->point, ERG_OBJ_TIME);
	struct erg_est energy = extra(alone->point, both->point, ERG_OBJ_ETS);
	double power = both->point->mean_w - alone->point->mean_w;
	json_t *settings = json_object(), *j;

	json_object_update_new(settings, erg_point_levels(both->o, both->point, true));
	j = json_pack(
		"{s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
		"workload", workload, "partner", partner, "settings", settings, "runs",
		(json_int_t)both->point->n, "alone_runs", (json_int_t)alone->point->n, "left_out",
		(json_int_t)both->point->left_out, "alone_left_out",
		(json_int_t)alone->point->left_out, "slowdown", erg_est_json(&slow),
		"extra_energy_j", erg_est_json(&energy), "extra_power_w", erg_num_json(power),
		"rails", rails_json(alone, both), "frequency",
		channels_json(alone, both, "frequency", "alone_hz", "together_hz"), "utilization",
		channels_json(alone, both, "utilization", "alone", "together"), "temperature",
		channels_json(alone, both, "temperature", "alone_degc", "together_degc"),
		"ipc_alone", erg_num_json(ipc(alone)), "ipc_together", erg_num_json(ipc(both)),
		"throttled", both->point->throttled);
	return j;
}

static long partner_dim(const struct erg_observations *o, const char *partner)
{
	for (size_t d = 0; d < o->n_dims; d++)
		if (!strcmp(o->dims[d].name, partner) && !o->dims[d].group)
			return (long)d;
	return -1;
}

static double extra_energy(const json_t *cell)
{
	return json_number_value(json_object_get(json_object_get(cell, "extra_energy_j"), "value"));
}

static int by_cost(const void *a, const void *b)
{
	double x = extra_energy(*(json_t *const *)a), y = extra_energy(*(json_t *const *)b);

	return (x > y) - (x < y);
}

static int rank(const json_t *matrix, json_t *doc)
{
	size_t n = json_array_size(matrix);
	_cleanup_(erg_freep) json_t **cells = calloc(n + 1, sizeof(*cells));
	json_t *ranking = json_object();

	json_object_set_new(doc, "ranking", ranking);
	if (!cells)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		cells[i] = json_array_get(matrix, i);
	erg_sort(cells, n, sizeof(*cells), by_cost);
	for (size_t i = 0; i < n; i++) {
		const char *workload = json_string_value(json_object_get(cells[i], "workload"));
		json_t *list = json_object_get(ranking, workload);

		if (!list) {
			list = json_array();
			json_object_set_new(ranking, workload, list);
		}
		json_array_append(list, json_object_get(cells[i], "partner"));
	}
	return 0;
}

static const struct erg_point *alone_point(const struct erg_observations *o,
	const struct erg_points *p, size_t group, long dim)
{
	for (size_t i = p->group_first[group]; i < p->group_first[group + 1]; i++)
		if (erg_corun_is_alone(o->dims[dim].levels[p->points[i].level[dim]]))
			return &p->points[i];
	return NULL;
}

static const char *workload_of(const struct erg_observations *o, const struct erg_points *p,
	const struct erg_point *point)
{
	const json_t *run = o->obs[p->order[point->first]].run;
	const char *w = json_string_value(json_object_get(run, "workload"));

	return w ? w : "?";
}

/* Where NAME was run alone at the settings of POINT, or NULL. */
static const struct erg_point *partner_alone(const struct erg_observations *o,
	const struct erg_points *p, const struct erg_point *point, const char *name, long dim)
{
	for (size_t g = 0; g < p->n_groups; g++) {
		const struct erg_point *first = &p->points[p->group_first[g]];
		bool same = true;

		for (size_t d = 0; d < o->n_dims; d++) {
			const char *level = o->dims[d].levels[first->level[d]];

			if (!o->dims[d].group || (long)d == dim)
				continue;
			same = same &&
				(strcmp(o->dims[d].name, "workload")
						? first->level[d] == point->level[d]
						: !strcmp(level, name));
		}
		if (same)
			return alone_point(o, p, g, dim);
	}
	return NULL;
}

/* What the workload costs each of its partners. */
static json_t *partners_json(const struct erg_corun_side *both, const char *partner, long dim)
{
	json_t *list = json_array();
	const char *rest = partner, *name;
	char buf[128];

	while ((name = erg_corun_next(&rest, buf, sizeof(buf)))) {
		struct erg_corun_side alone = {both->o, both->p,
			partner_alone(both->o, both->p, both->point, name, dim)};

		json_array_append_new(list,
			erg_corun_partner(alone.point ? &alone : NULL, both, name));
	}
	return list;
}

static void add_combinations(const struct erg_observations *o, const struct erg_points *p, long dim,
	double budget_w, json_t *doc)
{
	json_t *list = json_array();

	json_object_set_new(doc, "combinations", list);
	for (size_t i = 0; i < p->n; i++) {
		struct erg_corun_side s = {o, p, &p->points[i]};

		json_array_append_new(list,
			erg_corun_combination(&s, workload_of(o, p, s.point),
				o->dims[dim].levels[s.point->level[dim]], budget_w));
	}
	if (isnan(budget_w))
		return;
	json_object_set_new(doc, "budget_w", json_real(budget_w));
	json_object_set_new(doc, "choices", erg_corun_choices(list));
}

static int build_matrix(const struct erg_observations *o, long dim, double budget_w, json_t *doc,
	struct erg_err *err)
{
	_cleanup_(erg_points_release) struct erg_points p = {0};
	json_t *matrix = json_array(), *cell;
	size_t single = 0;
	int r = erg_points_build(o, &p, err);

	json_object_set_new(doc, "matrix", matrix);
	if (r >= 0)
		erg_points_tell_empty(o, &p, doc);
	if (r >= 0)
		add_combinations(o, &p, dim, budget_w, doc);
	for (size_t g = 0; r >= 0 && g < p.n_groups; g++) {
		struct erg_corun_side alone = {o, &p, alone_point(o, &p, g, dim)};

		if (!alone.point) {
			erg_document_warn(doc, "alone",
				"%s was not run alone, or not with a resolved energy: nothing to "
				"compare its co-runs with",
				workload_of(o, &p, &p.points[p.group_first[g]]));
			continue;
		}
		for (size_t i = p.group_first[g]; i < p.group_first[g + 1]; i++) {
			struct erg_corun_side both = {o, &p, &p.points[i]};

			if (both.point == alone.point)
				continue;
			single += both.point->n < 2 || alone.point->n < 2;
			cell = cell_json(&alone, &both, workload_of(o, &p, both.point),
				o->dims[dim].levels[both.point->level[dim]]);
			json_object_set_new(cell, "partners",
				partners_json(&both, o->dims[dim].levels[both.point->level[dim]],
					dim));
			json_array_append_new(matrix, cell);
		}
	}
	if (r >= 0 && single)
		erg_document_warn(doc, "single",
			"%zu of %zu pairs have one repetition only: no interval", single,
			json_array_size(matrix));
	if (r >= 0 && !json_array_size(matrix))
		return erg_fail(err, -ENODATA, "no workload was run both alone and with a partner");
	return r < 0 ? r : rank(matrix, doc);
}

/* Groups: the workload and every other factor that varies. */
static size_t group_names(const json_t *runs, const char *partner, const char **ret, size_t max)
{
	size_t n = 0, i;
	json_t *run, *v;
	const char *name;

	ret[n++] = "workload";
	json_array_foreach ((json_t *)runs, i, run)
		json_object_foreach (json_object_get(run, "factors"), name, v) {
			bool known = !strcmp(name, partner) || erg_run_names_no_setting(name);

			for (size_t k = 0; k < n; k++)
				known = known || !strcmp(ret[k], name);
			if (!known && n < max)
				ret[n++] = name;
		}
	return n;
}

int erg_corun_document(const json_t *runs, const char *partner, double budget_w, json_t *doc,
	struct erg_err *err)
{
	_cleanup_(erg_observations_release) struct erg_observations o = {0};
	const char *groups[16], *factor = partner ? partner : find_partner(runs);
	size_t n_groups;
	int r;

	if (!factor)
		return erg_fail(err, -EINVAL,
			"no run has a factor or tag corun, corunner or partner: name it by --partner");
	n_groups = group_names(runs, factor, groups, ERG_ARRAY_SIZE(groups));
	r = erg_observations_from_runs(runs, &factor, 1, groups, n_groups, doc, &o, err);
	return r < 0 ? r : build_matrix(&o, partner_dim(&o, factor), budget_w, doc, err);
}
