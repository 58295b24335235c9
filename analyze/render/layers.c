/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers for people: a head that says how far to trust the figures, then one row a layer with a bar
 * of its share, then what is no layer.
 */
#include "analyze/render/layers.h"

#include <math.h>
#include <string.h>

#include "analyze/result/csv.h"
#include "analyze/result/merged.h"
#include "analyze/render/explain.h"
#include "analyze/render/joined.h"
#include "analyze/render/per.h"
#include "analyze/render/roots.h"
#include "analyze/render/table.h"
#include "formats/base/util.h"

/* The sensor as the run itself shows it, beside what was declared. */
static void print_fitted(const json_t *model, const char *key, const char *name, const char *unit,
	FILE *out)
{
	const json_t *e = json_object_get(json_object_get(model, "fitted"), key);
	const char *reason = erg_text_of(e, "reason");
	double declared = erg_number_of(json_object_get(model, "declared"), key);
	char a[64], b[64];

	if (!e)
		return;
	fprintf(out, ", %s %s", name, *reason ? reason : erg_text_est_json(a, sizeof(a), e, unit));
	if (isfinite(declared))
		fprintf(out, " (declared %s)", erg_text_si(b, sizeof(b), declared, unit));
}

static void print_model(const json_t *run, FILE *out)
{
	const json_t *model = json_object_get(run, "model"),
		     *tests = json_object_get(model, "tests");
	const char *misfit = json_string_value(json_object_get(model, "misfit"));
	json_int_t profiles;

	if (!json_array_size(tests) && !json_object_size(json_object_get(model, "fitted")))
		return;
	if (misfit)
		fprintf(out, "sensor model does not fit the readings (%s)", misfit);
	else
		fprintf(out, "sensor model %s",
			json_array_size(tests) ? "fits the readings" : "not tested");
	print_fitted(model, "lag_s", "lag", "s", out);
	print_fitted(model, "window_s", "window", "s", out);
	print_fitted(model, "tau_s", "time constant", "s", out);
	print_fitted(model, "scatter_s", "scatter of the times", "s", out);
	print_fitted(model, "skew_ppm", "clock", " ppm", out);
	profiles =
		json_integer_value(json_object_get(json_object_get(model, "fitted"), "profiles"));
	if (profiles)
		fprintf(out, ", power that changes within %lld layers", (long long)profiles);
	fputc('\n', out);
}

/* Nothing told what the run drew: then there are times, and no column of dashes. */
static bool is_powerless(const json_t *run)
{
	return !json_array_size(json_object_get(run, "rails")) && isnan(erg_value_of(run, "ets_j"));
}

static void print_title(const json_t *run, FILE *out)
{
	fprintf(out, "%s%s%s  %s, ", erg_text_bold(), erg_text_of(run, "workload"),
		erg_text_reset(), erg_text_of(run, "archive"));
	erg_roots_rail(run, is_powerless(run), out);
	fputc('\n', out);
}

static void print_inferences(const json_t *run, FILE *out)
{
	json_int_t n = json_integer_value(json_object_get(run, "iterations"));
	struct erg_est each = erg_est_from_json(json_object_get(run, "ets_j"));
	char a[64];

	if (n < 2)
		return;
	fprintf(out, "%lld inferences", (long long)n);
	if (json_object_get(run, "phase"))
		fputs(" in the phase", out);
	else if (erg_est_resolved(&each)) {
		each = erg_est_scaled(&each, 1 / (double)n);
		fprintf(out, ", of the run's energy %s each",
			erg_text_est(a, sizeof(a), &each, "J"));
	}
	fputc('\n', out);
}

static void print_power(const json_t *run, FILE *out)
{
	const json_t *s = json_object_get(run, "sensor");
	const char *source = erg_text_of(s, "lag_source");
	char a[64], b[64], c[64], d[64], e[64];

	fprintf(out, "time %s, ETS %s, EDP %s, mean %s, peak %s\n",
		erg_text_si(a, sizeof(a), erg_number_of(run, "time_s"), "s"),
		erg_text_est_json(b, sizeof(b), json_object_get(run, "ets_j"), "J"),
		erg_text_est_json(c, sizeof(c), json_object_get(run, "edp_js"), "Js"),
		erg_text_si(d, sizeof(d), erg_number_of(run, "mean_w"), "W"),
		erg_text_si(e, sizeof(e), erg_number_of(run, "peak_w"), "W"));
	fprintf(out, "observed %s of the time, %lld events lost; sensor %s (%s), window %s, lag ",
		erg_text_percent(a, sizeof(a), erg_number_of(run, "coverage")),
		(long long)json_integer_value(json_object_get(run, "lost_events")),
		erg_text_of(s, "kind"), erg_text_of(s, "provenance"),
		erg_text_si(b, sizeof(b), erg_number_of(s, "window_s"), "s"));
	if (strcmp(source, "undetermined"))
		fprintf(out, "%s (%s)\n", erg_text_si(c, sizeof(c), erg_number_of(s, "lag_s"), "s"),
			source);
	else
		fprintf(out, "%s\n", source);
}

static void print_head(const json_t *run, FILE *out)
{
	char a[64];

	print_title(run, out);
	if (is_powerless(run))
		fprintf(out, "time %s, %lld events lost\n",
			erg_text_si(a, sizeof(a), erg_number_of(run, "time_s"), "s"),
			(long long)json_integer_value(json_object_get(run, "lost_events")));
	else
		print_power(run, out);
	print_inferences(run, out);
	erg_roots_text(run, out);
	if (!is_powerless(run))
		print_model(run, out);
	if (json_is_true(json_object_get(run, "simultaneous")))
		fputs("intervals hold for all rows at once\n", out);
	if (json_object_get(run, "phase"))
		fprintf(out, "rows are of the calls within the phase %s, shares those of the run\n",
			erg_text_of(run, "phase"));
	fputc('\n', out);
}

/* What the columns of a table are. */
struct shape {
	const json_t *run;
	const char *energy; /* its key */
	const char *unit;   /* of --per, or NULL */
	bool typed, powerless, inferences;
	double top; /* of the bars */
};

static bool any_inference(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row)
		if (json_integer_value(json_object_get(row, "inferences")) > 1 &&
			!isnan(erg_value_of(row, "per_inference_j")))
			return true;
	return false;
}

static bool any_type(const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach ((json_t *)rows, i, row)
		if (*erg_text_of(row, "type"))
			return true;
	return false;
}

static void columns(struct erg_rtable *t, const struct shape *s)
{
	const char *by = erg_text_of(s->run, "by");

	erg_rtable_column(t, *by ? by : "layer", ERG_COL_LEFT | ERG_COL_SHRINK);
	if (s->typed)
		erg_rtable_column(t, "type", ERG_COL_LEFT | ERG_COL_DROP | ERG_COL_RANK(4));
	erg_rtable_column(t, "calls", ERG_COL_RIGHT | ERG_COL_DROP | ERG_COL_RANK(2));
	erg_rtable_column(t, "time", ERG_COL_RIGHT);
	if (s->powerless) {
		erg_rtable_column(t, "one call", ERG_COL_RIGHT | ERG_COL_DROP);
		erg_rtable_column(t, "of the time", ERG_COL_RIGHT);
	} else {
		erg_rtable_column(t, strcmp(s->energy, "energy_j") ? "above idle" : "energy",
			ERG_COL_RIGHT);
		if (s->inferences)
			erg_rtable_column(t, "per inference",
				ERG_COL_RIGHT | ERG_COL_DROP | ERG_COL_RANK(3));
		if (s->unit)
			erg_per_columns(t, s->unit, false);
		erg_rtable_column(t, "power", ERG_COL_RIGHT | ERG_COL_DROP | ERG_COL_RANK(1));
		erg_rtable_column(t, "share", ERG_COL_RIGHT | ERG_COL_DROP);
		erg_rtable_column(t, "by", ERG_COL_LEFT | ERG_COL_SHRINK);
	}
	erg_rtable_column(t, "", ERG_COL_BAR);
}

static void time_cells(struct erg_rtable *t, const struct shape *s, const json_t *row)
{
	double calls = (double)json_integer_value(json_object_get(row, "calls"));
	double time = erg_value_of(row, "time_s"), all = erg_number_of(s->run, "time_s");
	char b[64];

	erg_rtable_cell(t, "%s", erg_text_si(b, sizeof(b), calls > 0 ? time / calls : NAN, "s"));
	erg_rtable_cell(t, "%s", erg_text_percent(b, sizeof(b), time / all));
	erg_rtable_bar(t, s->top > 0 ? time / s->top : NAN);
}

static void energy_cells(struct erg_rtable *t, const struct shape *s, const json_t *row)
{
	const json_t *e = json_object_get(row, s->energy);
	char b[64], why[128];

	erg_rtable_cell(t, "%s", erg_text_est_json(b, sizeof(b), e, "J"));
	if (s->inferences)
		erg_rtable_cell(t, "%s",
			isnan(erg_value_of(row, "per_inference_j"))
				? "-"
				: erg_text_est_json(b, sizeof(b),
					  json_object_get(row, "per_inference_j"), "J"));
	if (s->unit)
		erg_per_cells(t, row, s->unit, false);
	erg_rtable_est(t, row, "power_w", "W");
	erg_rtable_percent(t, row, "share");
	erg_rtable_cell(t, "%s",
		isnan(erg_value_of(row, s->energy)) ? erg_text_reason(why, sizeof(why), e)
						    : erg_text_of(e, "method"));
	erg_rtable_bar(t, s->top > 0 ? erg_value_of(row, s->energy) / s->top : NAN);
}

static void row_cells(struct erg_rtable *t, const struct shape *s, const json_t *row)
{
	erg_rtable_layer(t, row);
	if (s->typed)
		erg_rtable_text(t, row, "type");
	erg_rtable_cell(t, "%lld", (long long)json_integer_value(json_object_get(row, "calls")));
	erg_rtable_si(t, row, "time_s", "s");
	if (s->powerless)
		time_cells(t, s, row);
	else
		energy_cells(t, s, row);
}

static int print_run(const json_t *run, const char *energy, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *layers = json_object_get(run, "layers"), *rest = json_object_get(run, "rest");
	const char *by = erg_text_of(run, "by");
	struct shape s = {.run = run,
		.energy = energy,
		.unit = erg_per_unit(layers),
		.typed = (!*by || !strcmp(by, "layer")) && any_type(layers),
		.powerless = is_powerless(run),
		.inferences = !strcmp(energy, "energy_j") && any_inference(layers)};
	size_t i;
	json_t *row;
	int r;

	print_head(run, out);
	columns(t, &s);
	json_array_foreach (layers, i, row)
		s.top = fmax(s.top, erg_value_of(row, s.powerless ? "time_s" : energy));
	json_array_foreach (layers, i, row)
		row_cells(t, &s, row);
	json_array_foreach (rest, i, row)
		row_cells(t, &s, row);
	r = erg_rtable_print(t, out, erg_text_width(), err);
	if (r >= 0)
		erg_explain_layers(run, s.powerless ? NULL : energy, out);
	return r;
}

int erg_layers_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	const char *energy =
		!strcmp(erg_text_of(doc, "energy"), "above-idle") ? "above_idle_j" : "energy_j";
	size_t i;
	json_t *run;

	json_array_foreach (json_object_get(doc, "runs"), i, run) {
		int r;

		if (i)
			fputc('\n', out);
		r = print_run(run, energy, out, err);
		if (r < 0)
			return r;
	}
	json_array_foreach (json_object_get(doc, "joined"), i, run) {
		int r;

		fputc('\n', out);
		erg_joined_text(run, out);
		r = erg_joined_layers(run, energy, out, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static const char *const plain[] = {"name", "type", "network", "module", "calls", "macs", "params",
	"bytes_in", "bytes_out", "bytes_params"};
static const char *const ests[] = {"time_s", "energy_j", "above_idle_j", "power_w", "share",
	"per_inference_j"};

static bool has_per(const json_t *doc)
{
	return erg_per_unit(
		json_object_get(json_array_get(json_object_get(doc, "runs"), 0), "layers"));
}

static void csv_row(struct erg_csv *c, const json_t *run, const json_t *row, bool per)
{
	size_t i;

	erg_csv_json(c, json_object_get(run, "archive"));
	erg_csv_json(c, json_object_get(run, "rail"));
	erg_csv_json(c, json_object_get(run, "simulated"));
	for (i = 0; i < ERG_ARRAY_SIZE(plain); i++)
		erg_csv_json(c, erg_merged_get(row, plain[i]));
	for (i = 0; i < ERG_ARRAY_SIZE(ests); i++)
		erg_csv_est(c, json_object_get(row, ests[i]));
	erg_csv_names(c, json_object_get(row, "merged_with"));
	erg_csv_json(c, json_object_get(row, "gate"));
	erg_csv_json(c, json_object_get(json_object_get(row, "energy_j"), "reason"));
	erg_csv_json(c, json_object_get(run, "coverage"));
	erg_csv_json(c, json_object_get(run, "lost_events"));
	if (per)
		erg_per_csv(c, row);
	erg_csv_end(c);
}

int erg_layers_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	struct erg_csv c = {out, 0};
	size_t i, k;
	json_t *run, *row;

	erg_csv_text(&c, "archive");
	erg_csv_text(&c, "rail");
	erg_csv_text(&c, "simulated");
	for (i = 0; i < ERG_ARRAY_SIZE(plain); i++)
		erg_csv_text(&c, plain[i]);
	for (i = 0; i < ERG_ARRAY_SIZE(ests); i++)
		erg_csv_est_titles(&c, ests[i]);
	erg_csv_text(&c, "merged_with");
	erg_csv_text(&c, "gate");
	erg_csv_text(&c, "reason");
	erg_csv_text(&c, "coverage");
	erg_csv_text(&c, "lost_events");
	if (has_per(doc))
		erg_per_csv_titles(&c);
	erg_csv_end(&c);
	json_array_foreach (json_object_get(doc, "runs"), i, run) {
		json_array_foreach (json_object_get(run, "layers"), k, row)
			csv_row(&c, run, row, has_per(doc));
		json_array_foreach (json_object_get(run, "rest"), k, row)
			csv_row(&c, run, row, has_per(doc));
	}
	return 0;
}
