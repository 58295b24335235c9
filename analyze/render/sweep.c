/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sweeps for people: a table of points a group, then one sentence an objective. */
#include "analyze/render/sweep.h"

#include <math.h>
#include <string.h>

#include "analyze/result/csv.h"
#include "analyze/render/table.h"
#include "formats/base/util.h"

/* UNIT: times and energies are those of one, else NULL. */
static int points_table(const json_t *group, const char *unit, FILE *out, struct erg_err *err)
{
	const json_t *points = json_object_get(group, "points");
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	double top = 0;
	char a[256], b[48];
	size_t i;
	json_t *p;

	erg_rtable_column(t, "setting", ERG_COL_LEFT); /* cut, they would all look alike */
	erg_rtable_column(t, "runs", ERG_COL_RIGHT | ERG_COL_DROP);
	snprintf(a, sizeof(a), "time per %.40s", unit ? unit : "");
	erg_rtable_column(t, unit ? a : "time", ERG_COL_RIGHT);
	snprintf(a, sizeof(a), "%.40s/s", unit ? unit : "");
	if (unit)
		erg_rtable_column(t, a, ERG_COL_RIGHT);
	snprintf(a, sizeof(a), "energy per %.40s", unit ? unit : "");
	erg_rtable_column(t, unit ? a : "ETS", ERG_COL_RIGHT);
	if (!unit)
		erg_rtable_column(t, "EDP", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "power", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "", ERG_COL_LEFT);
	erg_rtable_column(t, "", ERG_COL_BAR);
	json_array_foreach (points, i, p)
		top = fmax(top, erg_value_of(p, "ets_j"));
	json_array_foreach (points, i, p) {
		erg_rtable_cell(t, "%s",
			erg_text_settings(a, sizeof(a), json_object_get(p, "factors")));
		erg_rtable_cell(t, "%s", erg_text_runs(b, sizeof(b), p, "repetitions", "left_out"));
		erg_rtable_est(t, p, "time_s", "s");
		if (unit)
			erg_rtable_cell(t, "%s",
				erg_text_si(a, sizeof(a), 1 / erg_value_of(p, "time_s"), ""));
		erg_rtable_est(t, p, "ets_j", "J");
		if (!unit)
			erg_rtable_est(t, p, "edp_js", "Js");
		erg_rtable_si(t, p, "mean_w", "W");
		erg_rtable_cell(t, "%s%s%s", json_is_true(json_object_get(p, "pareto")) ? "*" : "",
			json_is_false(json_object_get(p, "pareto_decided")) ? "~" : "",
			json_is_true(json_object_get(p, "throttled")) ? " throttled" : "");
		erg_rtable_bar(t, top > 0 ? erg_value_of(p, "ets_j") / top : NAN);
	}
	return erg_rtable_print(t, out, erg_text_width(), err);
}

static void print_empty(const json_t *group, FILE *out)
{
	char a[256];
	size_t i;
	json_t *p;

	json_array_foreach (json_object_get(group, "unresolved"), i, p)
		fprintf(out, "  no point at %s: none of its runs (%lld) has a resolved energy\n",
			erg_text_settings(a, sizeof(a), json_object_get(p, "factors")),
			(long long)json_integer_value(json_object_get(p, "left_out")));
}

static void print_optimum(const json_t *group, FILE *out)
{
	const json_t *optimum = json_object_get(group, "optimum");
	char a[256];
	const char *name;
	json_t *o;

	json_object_foreach ((json_t *)optimum, name, o) {
		const json_t *sig = json_object_get(o, "significant");

		fprintf(out, "  best %-5s %s%s\n", name,
			erg_text_settings(a, sizeof(a), json_object_get(o, "factors")),
			json_is_true(sig) ? ", significantly better than its neighbours"
				: json_is_false(sig)
				? ", not significantly better than its neighbours"
				: "");
	}
}

static void print_choice(const char *what, const json_t *choice, FILE *out)
{
	char a[256], b[64], c[64];

	if (!json_is_object(choice)) {
		fprintf(out, "  %s: none\n", what);
		return;
	}
	fprintf(out, "  %s: %s (%s, %s)\n", what,
		erg_text_settings(a, sizeof(a), json_object_get(choice, "factors")),
		erg_text_est_json(b, sizeof(b), json_object_get(choice, "time_s"), "s"),
		erg_text_est_json(c, sizeof(c), json_object_get(choice, "ets_j"), "J"));
}

/* "29.4 % (29.0 to 29.8)", or that the interval has no bound. */
static const char *share(char *buf, size_t len, const json_t *savings, const char *key)
{
	const json_t *e = json_object_get(savings, key);
	double lo = erg_number_of(e, "lo"), hi = erg_number_of(e, "hi");

	erg_text_percent(buf, len, erg_number_of(e, "value"));
	if (hi > lo)
		snprintf(buf + strlen(buf), len - strlen(buf), " (%.1f to %.1f)", 100 * lo,
			100 * hi);
	else if (!strcmp(erg_text_of(e, "method"), "unbounded"))
		snprintf(buf + strlen(buf), len - strlen(buf), " (interval unbounded)");
	return buf;
}

static void print_savings(const json_t *group, FILE *out)
{
	const json_t *budget = json_object_get(group, "budget"),
		     *slack = json_object_get(group, "slack");
	const json_t *savings = json_object_get(group, "savings");
	char a[256], b[64], c[64], d[64];

	fprintf(out, "  against %s: ETS saves %s, EDP %s; best %s takes %s more time\n",
		erg_text_settings(a, sizeof(a), json_object_get(group, "reference")),
		share(b, sizeof(b), savings, "ets"), share(c, sizeof(c), savings, "edp"),
		json_string_value(json_object_get(group, "objective")),
		share(d, sizeof(d), savings, "time_penalty"));
	if (budget) {
		print_choice("fastest within the budget on average",
			json_object_get(budget, "by_mean"), out);
		print_choice("fastest within the budget at its peak",
			json_object_get(budget, "by_peak"), out);
	}
	if (slack)
		print_choice("cheapest within the slack", json_object_get(slack, "cheapest"), out);
}

static void print_sensitivity(const json_t *group, FILE *out)
{
	const json_t *s = json_object_get(group, "sensitivity");
	char a[64], b[32];

	if (!s || !strcmp(json_string_value(json_object_get(s, "bound")), "unresolved"))
		return;
	fprintf(out, "  %s-bound: %s of the time at full speed (%s) does not depend on %s\n",
		json_string_value(json_object_get(s, "bound")),
		erg_text_percent(b, sizeof(b), erg_number_of(s, "memory_share")),
		erg_text_est_json(a, sizeof(a), json_object_get(s, "t_mem_s"), "s"),
		json_string_value(json_object_get(s, "factor")));
}

/* Layers whose best clock is not the run's, and what switching per layer could save at most. */
static void print_layers(const json_t *group, FILE *out)
{
	const json_t *dvfs = json_object_get(group, "per_layer_dvfs");
	size_t memory = 0, compute = 0, i;
	json_t *l;
	char b[32];

	if (!dvfs)
		return;
	json_array_foreach (json_object_get(group, "layers"), i, l) {
		const char *bound = json_string_value(
			json_object_get(json_object_get(l, "sensitivity"), "bound"));

		memory += bound && !strcmp(bound, "memory");
		compute += bound && !strcmp(bound, "compute");
	}
	fprintf(out,
		"  layers: %zu memory-bound, %zu compute-bound of %zu; a clock for each layer "
		"could save at most %s (over the %lld resolved at every clock)\n",
		memory, compute, json_array_size(json_object_get(group, "layers")),
		erg_text_percent(b, sizeof(b), erg_number_of(dvfs, "saving")),
		(long long)json_integer_value(json_object_get(dvfs, "layers")));
}

int erg_sweep_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	char a[256];
	size_t i;
	json_t *group;

	erg_text_simulated(doc, out);
	json_array_foreach (json_object_get(doc, "groups"), i, group) {
		int r;

		erg_text_settings(a, sizeof(a), json_object_get(group, "group"));
		fprintf(out, "%s%s%s%s\n", i ? "\n" : "", erg_text_bold(), *a ? a : "all runs",
			erg_text_reset());
		r = points_table(group, json_string_value(json_object_get(doc, "per")), out, err);
		if (r < 0)
			return r;
		print_empty(group, out);
		if (json_array_size(json_object_get(group, "points")) < 2) {
			fputs("  one setting: nothing to compare it with\n", out);
			continue;
		}
		print_optimum(group, out);
		print_savings(group, out);
		print_sensitivity(group, out);
		print_layers(group, out);
	}
	fputs("* on the Pareto front of time and energy, ~ not decided: the intervals overlap\n",
		out);
	return 0;
}

static const char *const est_keys[] = {"time_s", "ets_j", "edp_js", "ed2p_js2"};

static void csv_titles(struct erg_csv *c, const json_t *group, const json_t *unit)
{
	const char *name;
	json_t *v;

	json_object_foreach (json_object_get(group, "group"), name, v)
		erg_csv_text(c, name);
	json_object_foreach (json_object_get(json_array_get(json_object_get(group, "points"), 0),
				     "factors"),
		name, v)
		erg_csv_text(c, name);
	erg_csv_text(c, "repetitions");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(est_keys); i++)
		erg_csv_est_titles(c, est_keys[i]);
	erg_csv_text(c, "mean_w");
	erg_csv_text(c, "peak_w");
	erg_csv_text(c, "pareto");
	erg_csv_text(c, "throttled");
	erg_csv_text(c, "pareto_decided");
	if (unit)
		erg_csv_text(c, "per");
	erg_csv_end(c);
}

int erg_sweep_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	static const char *const plain[] = {"mean_w", "peak_w", "pareto", "throttled",
		"pareto_decided"};
	struct erg_csv c = {.out = out, .label = doc};
	size_t g, i;
	json_t *group, *p, *v;
	const char *name;

	json_array_foreach (json_object_get(doc, "groups"), g, group) {
		if (!g)
			csv_titles(&c, group, json_object_get(doc, "per"));
		json_array_foreach (json_object_get(group, "points"), i, p) {
			json_object_foreach (json_object_get(group, "group"), name, v)
				erg_csv_json(&c, v);
			json_object_foreach (json_object_get(p, "factors"), name, v)
				erg_csv_json(&c, v);
			erg_csv_json(&c, json_object_get(p, "repetitions"));
			for (size_t k = 0; k < ERG_ARRAY_SIZE(est_keys); k++)
				erg_csv_est(&c, json_object_get(p, est_keys[k]));
			for (size_t k = 0; k < ERG_ARRAY_SIZE(plain); k++)
				erg_csv_json(&c, json_object_get(p, plain[k]));
			if (json_object_get(doc, "per"))
				erg_csv_json(&c, json_object_get(doc, "per"));
			erg_csv_end(&c);
		}
	}
	return 0;
}
