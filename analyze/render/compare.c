/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two runs side by side for people: totals, settings that differ, layers in the order of A. */
#include "analyze/render/compare.h"

#include <math.h>

#include "analyze/result/csv.h"
#include "analyze/result/merged.h"
#include "analyze/render/table.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

static void cells(struct erg_rtable *t, const json_t *x, const char *unit)
{
	erg_rtable_est(t, x, "a", unit);
	erg_rtable_est(t, x, "b", unit);
	erg_rtable_est(t, x, "difference", unit);
	erg_rtable_percent(t, x, "relative");
	erg_rtable_cell(t, "%s", json_is_true(json_object_get(x, "significant")) ? "*" : "");
}

static void print_settings(const json_t *doc, FILE *out)
{
	size_t i;
	json_t *s;

	json_array_foreach (json_object_get(doc, "settings"), i, s) {
		_cleanup_(erg_freep) char *a = json_dumps(json_object_get(s, "a"), JSON_ENCODE_ANY);
		_cleanup_(erg_freep) char *b = json_dumps(json_object_get(s, "b"), JSON_ENCODE_ANY);

		fprintf(out, "  %s: %s, %s\n", json_string_value(json_object_get(s, "name")),
			a ? a : "?", b ? b : "?");
	}
}

static void print_named(const json_t *layer, const char *text, FILE *out)
{
	_cleanup_(erg_freep) char *name = erg_noted(erg_merged_name(layer, ERG_MERGED_SHOWN));

	fprintf(out, "%s %s\n", name ? name : "", text);
}

static void print_gate(const json_t *doc, FILE *out)
{
	const json_t *gate = json_object_get(doc, "gate"), *l;
	char text[256];
	size_t i;

	if (!gate)
		return;
	fprintf(out, "\nETS %s\n",
		erg_compare_verdict(text, sizeof(text), gate, json_object_get(gate, "total")));
	json_array_foreach (json_object_get(gate, "layers"), i, l)
		print_named(l, erg_compare_verdict(text, sizeof(text), gate, l), out);
	for (int side = 0; side < 2; side++)
		json_array_foreach (json_object_get(gate, side ? "only_new" : "only_base"), i, l)
			print_named(l, erg_compare_apart(text, sizeof(text), l, side), out);
	if (json_integer_value(json_object_get(gate, "base_runs")) == 1 &&
		json_integer_value(json_object_get(gate, "new_runs")) == 1)
		fputs("one run a side: how far such runs differ anyway is not known; repeat them\n",
			out);
}

int erg_compare_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *total = json_object_get(doc, "total"),
		     *time = json_object_get(total, "time_s");
	char a[32], b[32], c[32];
	size_t i;
	json_t *l;
	int r;

	erg_text_simulated(doc, out);
	fprintf(out, "A %s\nB %s\n", json_string_value(json_object_get(doc, "a")),
		json_string_value(json_object_get(doc, "b")));
	print_settings(doc, out);
	fprintf(out, "time: A %s, B %s (%s)\n\n",
		erg_text_si(a, sizeof(a), erg_number_of(time, "a"), "s"),
		erg_text_si(b, sizeof(b), erg_number_of(time, "b"), "s"),
		erg_text_percent(c, sizeof(c), erg_number_of(time, "relative")));
	erg_rtable_column(t, "energy", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "A", ERG_COL_RIGHT);
	erg_rtable_column(t, "B", ERG_COL_RIGHT);
	erg_rtable_column(t, "B - A", ERG_COL_RIGHT);
	erg_rtable_column(t, "", ERG_COL_RIGHT);
	erg_rtable_column(t, "", ERG_COL_LEFT);
	erg_rtable_cell(t, "ETS");
	cells(t, json_object_get(total, "ets_j"), "J");
	erg_rtable_cell(t, "EDP");
	cells(t, json_object_get(total, "edp_js"), "Js");
	json_array_foreach (json_object_get(doc, "layers"), i, l) {
		erg_rtable_layer(t, l);
		cells(t, json_object_get(l, "energy_j"), "J");
	}
	r = erg_rtable_print(t, out, erg_text_width(), err);
	fprintf(out, "* significant at 5 %%, corrected for the number of layers\n");
	print_gate(doc, out);
	return r;
}

static const char *const plain[] = {"relative", "p_value", "significant"};

/* ROW of a layer, or of the run: its energy X, and ENTRY of the gate, or NULL. */
static void csv_row(struct erg_csv *c, const char *row, const json_t *name, const json_t *x,
	const json_t *merged_with, const json_t *entry)
{
	erg_csv_json(c, name);
	erg_csv_est(c, json_object_get(x, "a"));
	erg_csv_est(c, json_object_get(x, "b"));
	erg_csv_est(c, json_object_get(x, "difference"));
	for (size_t k = 0; k < ERG_ARRAY_SIZE(plain); k++)
		erg_csv_json(c, json_object_get(x, plain[k]));
	erg_csv_names(c, merged_with);
	erg_csv_text(c, row);
	erg_csv_json(c, json_object_get(entry, "verdict"));
	erg_csv_end(c);
}

int erg_compare_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	struct erg_csv c = {.out = out, .label = doc};
	const json_t *gate = json_object_get(doc, "gate");
	size_t i;
	json_t *l;

	erg_csv_text(&c, "layer");
	erg_csv_est_titles(&c, "a_energy_j");
	erg_csv_est_titles(&c, "b_energy_j");
	erg_csv_est_titles(&c, "difference_j");
	for (size_t k = 0; k < ERG_ARRAY_SIZE(plain); k++)
		erg_csv_text(&c, plain[k]);
	erg_csv_text(&c, "merged_with");
	erg_csv_text(&c, "row");
	erg_csv_text(&c, "verdict");
	erg_csv_end(&c);
	json_array_foreach (json_object_get(doc, "layers"), i, l)
		csv_row(&c, "layer", json_object_get(l, "name"), json_object_get(l, "energy_j"),
			json_object_get(l, "merged_with"), erg_compare_entry(gate, l));
	csv_row(&c, "run", NULL, json_object_get(json_object_get(doc, "total"), "ets_j"), NULL,
		json_object_get(gate, "total"));
	return 0;
}
