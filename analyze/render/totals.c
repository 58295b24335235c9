/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Totals for people: a table of phases for each run, the whole run first. */
#include "analyze/render/totals.h"

#include <math.h>
#include <string.h>

#include "analyze/result/csv.h"
#include "analyze/render/explain.h"
#include "analyze/render/joined.h"
#include "analyze/render/per.h"
#include "analyze/render/roots.h"
#include "analyze/render/table.h"
#include "formats/base/util.h"

static const char *const ests[] = {"ets_j", "edp_js", "ed2p_js2", "above_idle_j"};
static const char *const units[] = {"J", "Js", "Js²", "J"};
static const char *const titles[] = {"ETS", "EDP", "ED²P", "above idle"};

/* Nothing told what the run drew: then there are times, and no columns of what is not known. */
static bool is_powerless(const json_t *run)
{
	return !strcmp(erg_text_of(run, "rail"), "none") && isnan(erg_number_of(run, "mean_w"));
}

static void print_title(const json_t *run, FILE *out)
{
	fprintf(out, "%s%s%s, ", erg_text_bold(), erg_text_of(run, "archive"), erg_text_reset());
	erg_roots_rail(run, is_powerless(run), out);
	fprintf(out, ", %lld events lost\n",
		(long long)json_integer_value(json_object_get(run, "lost_events")));
}

static void energy_columns(struct erg_rtable *t, const char *unit)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(ests); i++) {
		erg_rtable_column(t, titles[i], ERG_COL_RIGHT | (i > !unit ? ERG_COL_DROP : 0));
		if (!i && unit)
			erg_per_columns(t, unit, true);
	}
	erg_rtable_column(t, "mean", ERG_COL_RIGHT);
	erg_rtable_column(t, "peak", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "observed", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "one costs", ERG_COL_RIGHT | ERG_COL_DROP);
}

static void energy_cells(struct erg_rtable *t, const json_t *p, const char *unit)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(ests); i++) {
		erg_rtable_est(t, p, ests[i], units[i]);
		if (!i && unit)
			erg_per_cells(t, p, unit, true);
	}
	erg_rtable_si(t, p, "mean_w", "W");
	erg_rtable_si(t, p, "peak_w", "W");
	erg_rtable_percent(t, p, "coverage");
	erg_rtable_est(t, p, "mean_j", "J");
}

/* "warm-up: unresolved, seen too little": why a row has no energy, which no column has room for. */
static void print_reasons(const json_t *phases, FILE *out)
{
	char why[128];
	size_t i;
	json_t *p;

	json_array_foreach ((json_t *)phases, i, p)
		if (isnan(erg_value_of(p, "ets_j")))
			fprintf(out, "%s: unresolved, %s\n", erg_text_of(p, "name"),
				erg_text_reason(why, sizeof(why), json_object_get(p, "ets_j")));
}

static int print_run(const json_t *run, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *phases = json_object_get(run, "phases");
	const char *unit = erg_per_unit(phases);
	bool powerless = is_powerless(run);
	size_t i;
	json_t *p;
	int r;

	print_title(run, out);
	erg_roots_text(run, out);
	erg_rtable_column(t, "phase", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "count", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "time", ERG_COL_RIGHT);
	if (!powerless)
		energy_columns(t, unit);
	else if (unit)
		erg_per_work_columns(t, unit);
	json_array_foreach (phases, i, p) {
		erg_rtable_cell(t, "%s", erg_text_of(p, "name"));
		erg_rtable_cell(t, "%lld",
			(long long)json_integer_value(json_object_get(p, "count")));
		erg_rtable_si(t, p, "time_s", "s");
		if (!powerless)
			energy_cells(t, p, unit);
		else if (unit)
			erg_per_work_cells(t, p);
	}
	r = erg_rtable_print(t, out, erg_text_width(), err);
	erg_explain_left_out(run, "phase", json_array_size(phases) - 1, out);
	if (!powerless)
		print_reasons(phases, out);
	if (r >= 0)
		erg_per_below(run, out);
	return r;
}

static bool has_per(const json_t *doc)
{
	return erg_per_unit(
		json_object_get(json_array_get(json_object_get(doc, "runs"), 0), "phases"));
}

int erg_totals_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	size_t i;
	json_t *run;
	int r = 0;

	json_array_foreach (json_object_get(doc, "runs"), i, run)
		if (r >= 0)
			r = print_run(run, out, err);
	json_array_foreach (json_object_get(doc, "joined"), i, run)
		if (r >= 0)
			erg_joined_text(run, out);
	return r;
}

int erg_totals_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	static const char *const plain[] = {"mean_w", "peak_w", "coverage"};
	struct erg_csv c = {out, 0};
	size_t i, k, n;
	json_t *run, *p;

	erg_csv_text(&c, "archive");
	erg_csv_text(&c, "rail");
	erg_csv_text(&c, "simulated");
	erg_csv_text(&c, "phase");
	erg_csv_text(&c, "time_s");
	for (n = 0; n < ERG_ARRAY_SIZE(ests); n++)
		erg_csv_est_titles(&c, ests[n]);
	for (n = 0; n < ERG_ARRAY_SIZE(plain); n++)
		erg_csv_text(&c, plain[n]);
	erg_csv_text(&c, "lost_events");
	erg_csv_text(&c, "count");
	erg_csv_est_titles(&c, "mean_j");
	erg_csv_text(&c, "reason");
	if (has_per(doc))
		erg_per_csv_titles(&c);
	erg_csv_end(&c);
	json_array_foreach (json_object_get(doc, "runs"), i, run)
		json_array_foreach (json_object_get(run, "phases"), k, p) {
			erg_csv_json(&c, json_object_get(run, "archive"));
			erg_csv_json(&c, json_object_get(run, "rail"));
			erg_csv_json(&c, json_object_get(run, "simulated"));
			erg_csv_json(&c, json_object_get(p, "name"));
			erg_csv_json(&c, json_object_get(p, "time_s"));
			for (n = 0; n < ERG_ARRAY_SIZE(ests); n++)
				erg_csv_est(&c, json_object_get(p, ests[n]));
			for (n = 0; n < ERG_ARRAY_SIZE(plain); n++)
				erg_csv_json(&c, json_object_get(p, plain[n]));
			erg_csv_json(&c, json_object_get(run, "lost_events"));
			erg_csv_json(&c, json_object_get(p, "count"));
			erg_csv_est(&c, json_object_get(p, "mean_j"));
			erg_csv_json(&c, json_object_get(json_object_get(p, "ets_j"), "reason"));
			if (has_per(doc))
				erg_per_csv(&c, p);
			erg_csv_end(&c);
		}
	return 0;
}
