/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Co-runs for people: one row a pair, then how each shared the power and what it lost. */
#include "analyze/render/corun.h"

#include <math.h>
#include <string.h>

#include "analyze/result/csv.h"
#include "analyze/render/table.h"
#include "formats/base/util.h"

/* The settings of CELL that not all cells share: they tell its row from those of the same pair. */
static const char *varying_settings(char *buf, size_t len, const json_t *cells, const json_t *cell)
{
	json_auto_t *varying = json_object();
	json_t *settings = json_object_get(cell, "settings"), *v, *other;
	const char *name;
	size_t i;

	json_object_foreach (settings, name, v)
		json_array_foreach (cells, i, other)
			if (strcmp(name, "workload") &&
				!json_equal(v,
					json_object_get(json_object_get(other, "settings"), name)))
				json_object_set(varying, name, v);
	return erg_text_settings(buf, len, varying);
}

static void print_split(const json_t *cell, FILE *out)
{
	char a[256], b[32], c[32];
	size_t i;
	json_t *e;

	fprintf(out, "\n%s beside %s: %s\n", json_string_value(json_object_get(cell, "workload")),
		json_string_value(json_object_get(cell, "partner")),
		erg_text_settings(a, sizeof(a), json_object_get(cell, "settings")));
	json_array_foreach (json_object_get(cell, "rails"), i, e)
		fprintf(out, "  %-12s %s alone, %s together (%s of the power)\n",
			json_string_value(json_object_get(e, "rail")),
			erg_text_si(a, sizeof(a), erg_number_of(e, "alone_w"), "W"),
			erg_text_si(b, sizeof(b), erg_number_of(e, "together_w"), "W"),
			erg_text_percent(c, sizeof(c), erg_number_of(e, "share_together")));
	json_array_foreach (json_object_get(cell, "frequency"), i, e)
		fprintf(out, "  %-12s %s alone, %s together (%s lost)\n",
			json_string_value(json_object_get(e, "rail")),
			erg_text_si(a, sizeof(a), erg_number_of(e, "alone_hz"), "Hz"),
			erg_text_si(b, sizeof(b), erg_number_of(e, "together_hz"), "Hz"),
			erg_text_percent(c, sizeof(c), erg_number_of(e, "lost")));
	if (!isnan(erg_number_of(cell, "ipc_alone")))
		fprintf(out, "  IPC %.2f alone, %.2f together\n", erg_number_of(cell, "ipc_alone"),
			erg_number_of(cell, "ipc_together"));
}

int erg_corun_text(const json_t *doc, FILE *out, struct erg_err *err)
{
	_cleanup_(erg_rtable_freep) struct erg_rtable *t = erg_rtable_new();
	const json_t *cells = json_object_get(doc, "matrix");
	char a[256];
	size_t i;
	json_t *c;
	int r;

	erg_text_simulated(doc, out);

	erg_rtable_column(t, "workload", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "beside", ERG_COL_LEFT | ERG_COL_SHRINK);
	erg_rtable_column(t, "setting", ERG_COL_LEFT); /* cut, they would all look alike */
	erg_rtable_column(t, "runs", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "slowdown", ERG_COL_RIGHT);
	erg_rtable_column(t, "extra energy", ERG_COL_RIGHT | ERG_COL_DROP);
	erg_rtable_column(t, "extra power", ERG_COL_RIGHT | ERG_COL_DROP);
	json_array_foreach (cells, i, c) {
		erg_rtable_cell(t, "%s", json_string_value(json_object_get(c, "workload")));
		erg_rtable_cell(t, "%s", json_string_value(json_object_get(c, "partner")));
		erg_rtable_cell(t, "%s", varying_settings(a, sizeof(a), cells, c));
		erg_rtable_cell(t, "%s", erg_text_runs(a, sizeof(a), c, "runs", "left_out"));
		erg_rtable_est(t, c, "slowdown", "");
		erg_rtable_est(t, c, "extra_energy_j", "J");
		erg_rtable_si(t, c, "extra_power_w", "W");
	}
	r = erg_rtable_print(t, out, erg_text_width(), err);
	json_array_foreach (cells, i, c)
		print_split(c, out);
	return r;
}

int erg_corun_csv(const json_t *doc, FILE *out, struct erg_err *err)
{
	const json_t *cells = json_object_get(doc, "matrix");
	json_t *settings = json_object_get(json_array_get(cells, 0), "settings");
	static const char *const plain[] = {"workload", "partner", "runs", "alone_runs",
		"extra_power_w", "ipc_alone", "ipc_together", "throttled"};
	struct erg_csv c = {.out = out, .label = doc};
	const char *name;
	size_t i;
	json_t *cell, *v;

	json_object_foreach (settings, name, v)
		if (strcmp(name, "workload"))
			erg_csv_text(&c, name);
	for (size_t k = 0; k < ERG_ARRAY_SIZE(plain); k++)
		erg_csv_text(&c, plain[k]);
	erg_csv_est_titles(&c, "slowdown");
	erg_csv_est_titles(&c, "extra_energy_j");
	erg_csv_end(&c);
	json_array_foreach (cells, i, cell) {
		json_object_foreach (settings, name, v)
			if (strcmp(name, "workload"))
				erg_csv_json(&c,
					json_object_get(json_object_get(cell, "settings"), name));
		for (size_t k = 0; k < ERG_ARRAY_SIZE(plain); k++)
			erg_csv_json(&c, json_object_get(cell, plain[k]));
		erg_csv_est(&c, json_object_get(cell, "slowdown"));
		erg_csv_est(&c, json_object_get(cell, "extra_energy_j"));
		erg_csv_end(&c);
	}
	return 0;
}
