/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One run of several nodes, for people. */
#include "analyze/render/joined.h"

#include <math.h>
#include <string.h>

#include "analyze/render/explain.h"
#include "analyze/render/table.h"
#include "analyze/result/estimate.h"
#include "formats/base/util.h"

static void print_est(const json_t *o, const char *key, const char *what, const char *unit,
	FILE *out)
{
	struct erg_est e = erg_est_from_json(json_object_get(o, key));

	if (erg_est_resolved(&e))
		fprintf(out, ", %s %.4g (%.4g to %.4g) %s", what, e.value, e.lo, e.hi, unit);
	else
		fprintf(out, ", %s unresolved (%s)", what, e.reason ? e.reason : "?");
}

void erg_joined_text(const json_t *joined, FILE *out)
{
	fprintf(out, "%s: %zu nodes", erg_text_of(joined, "join"),
		json_array_size(json_object_get(joined, "nodes")));
	print_est(joined, "ets_j", "ETS", "J", out);
	print_est(joined, "time_s", "time", "s", out);
	print_est(joined, "edp_js", "EDP", "Js", out);
	fprintf(out, "%s\n",
		json_is_true(json_object_get(joined, "simulated")) ? ", simulated" : "");
}

static void cells(struct erg_rtable *t, const json_t *row, const char *energy)
{
	const json_t *e = json_object_get(row, energy);
	char b[64], why[128];

	erg_rtable_layer(t, row);
	erg_rtable_text(t, row, "type");
	erg_rtable_cell(t, "%lld", (long long)json_integer_value(json_object_get(row, "nodes")));
	erg_rtable_cell(t, "%lld", (long long)json_integer_value(json_object_get(row, "calls")));
	erg_rtable_si(t, row, "time_s", "s");
	erg_rtable_cell(t, "%s", erg_text_est_json(b, sizeof(b), e, "J"));
	erg_rtable_est(t, row, "power_w", "W");
	erg_rtable_cell(t, "%s",
		isnan(erg_value_of(row, energy)) ? erg_text_reason(why, sizeof(why), e)
						 : erg_text_of(e, "method"));
}

int erg_joined_layers(const json_t *joined, const char *energy, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	static const char *const lists[] = {"layers", "rest"};
	const char *by = erg_text_of(joined, "by");
	size_t i;
	json_t *row;
	int r;

	erg_rtable_column(t, *by ? by : "layer", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "type", ERG_COL_LEFT | ERG_COL_DROP | ERG_COL_RANK(4));
	erg_rtable_column(t, "nodes", ERG_COL_RIGHT);
	erg_rtable_column(t, "calls", ERG_COL_RIGHT | ERG_COL_DROP | ERG_COL_RANK(2));
	erg_rtable_column(t, "time", ERG_COL_RIGHT);
	erg_rtable_column(t, strcmp(energy, "energy_j") ? "above idle" : "energy", ERG_COL_RIGHT);
	erg_rtable_column(t, "power", ERG_COL_RIGHT | ERG_COL_DROP | ERG_COL_RANK(1));
	erg_rtable_column(t, "by", ERG_COL_LEFT | ERG_COL_SHRINK);
	for (size_t k = 0; k < ERG_ARRAY_SIZE(lists); k++)
		json_array_foreach (json_object_get(joined, lists[k]), i, row)
			cells(t, row, energy);
	r = erg_rtable_print(t, out, erg_text_width(), err);
	erg_explain_left_out(joined, "row", json_array_size(json_object_get(joined, "layers")),
		out);
	return r;
}
