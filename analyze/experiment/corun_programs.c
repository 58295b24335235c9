/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Each workload beside each partner at each setting: system power, time, temperature, instructions a
 * cycle and CPUs kept busy, and which of these combinations stay within a budget; and what the workload
 * costs its partners, whose work is measured by what they print, by their instructions or by their runs.
 */
#include "analyze/experiment/corun_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "formats/base/util.h"

/* Mean over the point's runs of OF(run) with Student's interval; of a single run there is none. */
static struct erg_est mean_over(const struct erg_corun_side *s,
	double (*of)(const json_t *run, const char *name), const char *name)
{
	double sum = 0, squares = 0;
	size_t n = 0;

	for (size_t k = 0; k < s->point->n; k++) {
		double v = of(erg_corun_run(s, k), name);

		if (isnan(v))
			continue;
		sum += v;
		squares += v * v;
		n++;
	}
	if (!n)
		return ERG_EST_UNRESOLVED;
	sum /= (double)n;
	return erg_corun_est(sum,
		n < 2 ? NAN
		      : gsl_cdf_tdist_Pinv(0.975, (double)(n - 1)) *
				sqrt(fmax(0, squares / (double)n - sum * sum) / (double)(n - 1)),
		0);
}

static double power_of(const json_t *run, const char *name)
{
	return erg_value_of(run, "ets_j") / erg_number_of(run, "time_s");
}

static double hottest_of(const json_t *run, const char *name)
{
	double hottest = NAN;
	size_t i;
	json_t *c;

	json_array_foreach (json_object_get(run, "channels"), i, c)
		if (!strcmp(erg_text_of(c, "quantity"), "temperature"))
			hottest = fmax(hottest, erg_number_of(c, "max"));
	return hottest;
}

static const json_t *program_of(const json_t *run, const char *name)
{
	size_t i;
	json_t *p;

	json_array_foreach (json_object_get(run, "programs"), i, p)
		if (name ? !strcmp(erg_text_of(p, "name"), name)
			 : json_is_true(json_object_get(p, "recorded")))
			return p;
	return NULL;
}

static double ipc_of(const json_t *run, const char *name)
{
	return erg_number_of(program_of(run, name), "ipc");
}

static double utilization_of(const json_t *run, const char *name)
{
	return erg_number_of(program_of(run, name), "utilization");
}

/* The parts of "A+B" one after the other; NULL after the last. */
const char *erg_corun_next(const char **rest, char *buf, size_t size)
{
	size_t len = strcspn(*rest, "+");

	if (!**rest)
		return NULL;
	snprintf(buf, size, "%.*s", (int)len, *rest);
	*rest += len + ((*rest)[len] == '+');
	return buf;
}

/* What each program did in the point's runs: the workload, then its partners. */
static json_t *programs_json(const struct erg_corun_side *s, const char *workload,
	const char *partner)
{
	const char *rest = erg_corun_is_alone(partner) ? "" : partner, *name = NULL;
	json_t *list = json_array();
	char buf[128];

	do {
		struct erg_est ipc = mean_over(s, ipc_of, name);
		struct erg_est busy = mean_over(s, utilization_of, name);

		if (erg_est_resolved(&busy))
			json_array_append_new(list,
				json_pack("{s:s, s:o, s:o}", "name", name ? name : workload, "ipc",
					erg_est_json(&ipc), "utilization", erg_est_json(&busy)));
	} while ((name = erg_corun_next(&rest, buf, sizeof(buf))));
	return list;
}

json_t *erg_corun_combination(const struct erg_corun_side *s, const char *workload,
	const char *partner, double budget_w)
{
	struct erg_est power = mean_over(s, power_of, NULL),
		       hottest = mean_over(s, hottest_of, NULL);
	json_t *settings = json_object(), *j;

	if (s->point->n < 2 && s->point->est[ERG_OBJ_TIME].value > 0)
		power = erg_est_scaled(&s->point->est[ERG_OBJ_ETS],
			1 / s->point->est[ERG_OBJ_TIME].value);
	json_object_update_new(settings, erg_point_levels(s->o, s->point, true));
	j = json_pack("{s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:b}", "workload",
		workload, "partner", erg_corun_is_alone(partner) ? "none" : partner, "settings",
		settings, "runs", (json_int_t)s->point->n, "left_out",
		(json_int_t)s->point->left_out, "time_s",
		erg_est_json(&s->point->est[ERG_OBJ_TIME]), "ets_j",
		erg_est_json(&s->point->est[ERG_OBJ_ETS]), "power_w", erg_est_json(&power),
		"temperature_degc", erg_est_json(&hottest), "programs",
		programs_json(s, workload, partner), "throttled", s->point->throttled);
	if (!isnan(budget_w)) /* surely: with all of its interval */
		json_object_set_new(j, "within_budget",
			json_boolean((isnan(power.hi) ? power.value : power.hi) <= budget_w));
	return j;
}

/* Of each workload and partner the fastest combination within the budget. */
json_t *erg_corun_choices(const json_t *combinations)
{
	json_t *list = json_array(), *c, *best;
	size_t i, k;

	json_array_foreach (combinations, i, c) {
		bool better = json_is_true(json_object_get(c, "within_budget"));

		json_array_foreach (list, k, best) {
			if (strcmp(erg_text_of(best, "workload"), erg_text_of(c, "workload")) ||
				strcmp(erg_text_of(best, "partner"), erg_text_of(c, "partner")))
				continue;
			if (better && erg_value_of(c, "time_s") < erg_value_of(best, "time_s"))
				json_array_set(list, k, c);
			better = false;
		}
		if (better)
			json_array_append(list, c);
	}
	return list;
}

/* ---- what the workload costs its partners ---- */

/* Work a second of program NAME in RUN, by what measures it in both; 0: iterations that it prints, 1:
 * instructions, 2: runs to its end. */
static double pace(const json_t *run, const char *name, int by)
{
	const json_t *p = program_of(run, name), *per_s = json_object_get(p, "per_s");
	double runs = erg_number_of(p, "runs");

	if (by == 1)
		return erg_number_of(per_s, "instructions");
	if (by == 0) /* what is counted is wrong by up to one */
		return erg_number_of(p, "iterations") >= 10 ? erg_number_of(per_s, "iterations")
							    : NAN;
	return runs > 0 ? runs / erg_number_of(p, "span_s") : NAN;
}

static double pace_printed(const json_t *run, const char *name)
{
	return pace(run, name, 0);
}

static double pace_instructions(const json_t *run, const char *name)
{
	return pace(run, name, 1);
}

static double pace_runs(const json_t *run, const char *name)
{
	double runs = erg_number_of(program_of(run, name), "runs");

	return name && runs < 5 ? NAN : pace(run, name, 2);
}

static const struct {
	const char *name;
	double (*of)(const json_t *run, const char *name);
} paces[] = {{"iterations", pace_printed}, {"instructions", pace_instructions},
	{"runs", pace_runs}};

static double variance_of_mean(const struct erg_est *e, size_t n)
{
	double t = n > 1 ? gsl_cdf_tdist_Pinv(0.975, (double)(n - 1)) : NAN;

	return e->stat / t * (e->stat / t);
}

/* How many times as long the partner NAME takes for its work beside the workload. */
json_t *erg_corun_partner(const struct erg_corun_side *alone, const struct erg_corun_side *both,
	const char *name)
{
	struct erg_est slow = ERG_EST_UNRESOLVED;
	const char *by = NULL;

	for (size_t i = 0; alone && !by && i < ERG_ARRAY_SIZE(paces); i++) {
		struct erg_est a = mean_over(alone, paces[i].of, NULL);
		struct erg_est b = mean_over(both, paces[i].of, name);
		double r = a.value / b.value;

		if (!(r > 0))
			continue;
		by = paces[i].name;
		slow = erg_corun_est(r,
			erg_corun_half(r * r * variance_of_mean(&b, both->point->n) /
					(b.value * b.value),
				both->point->n,
				variance_of_mean(&a, alone->point->n) / (b.value * b.value),
				alone->point->n),
			0);
	}
	return json_pack("{s:s, s:o, s:o}", "name", name, "slowdown", erg_est_json(&slow),
		"measured_by", by ? json_string(by) : json_null());
}

double erg_corun_ipc(const struct erg_corun_side *s)
{
	return mean_over(s, ipc_of, NULL).value;
}
