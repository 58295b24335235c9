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

/* What was measured of all programs of CELL's combination, or NULL. */
static const json_t *combination_of(const json_t *doc, const json_t *cell)
{
	const json_t *c;
	size_t i;

	json_array_foreach (json_object_get(doc, "combinations"), i, c)
		if (!strcmp(erg_text_of(c, "workload"), erg_text_of(cell, "workload")) &&
			!strcmp(erg_text_of(c, "partner"), erg_text_of(cell, "partner")) &&
			json_equal(json_object_get(c, "settings"),
				json_object_get(cell, "settings")))
			return c;
	return NULL;
}

static const json_t *named(const json_t *list, const char *name)
{
	const json_t *e;
	size_t i;

	json_array_foreach ((json_t *)list, i, e)
		if (!strcmp(erg_text_of(e, "name"), name))
			return e;
	return NULL;
}

/* What each program did, and what its neighbours cost it. */
static void print_programs(const json_t *doc, const json_t *cell, FILE *out)
{
	const json_t *c = combination_of(doc, cell), *partners = json_object_get(cell, "partners"),
		     *p;
	const json_t *programs = json_object_get(c, "programs");
	char a[64], b[64];
	size_t i;

	json_array_foreach ((json_t *)programs, i, p) {
		struct erg_est busy = erg_est_from_json(json_object_get(p, "utilization"));
		struct erg_est ipc = erg_est_from_json(json_object_get(p, "ipc"));

		fprintf(out, "  %-12s %s CPUs busy", erg_text_of(p, "name"),
			erg_text_est(a, sizeof(a), &busy, ""));
		if (erg_est_resolved(&ipc))
			fprintf(out, ", %s instructions a cycle",
				erg_text_est(b, sizeof(b), &ipc, ""));
		fputc('\n', out);
	}
	json_array_foreach ((json_t *)partners, i, p) {
		struct erg_est slow = erg_est_from_json(json_object_get(p, "slowdown"));

		if (erg_est_resolved(&slow))
			fprintf(out, "  %-12s takes %s times as long as alone (by its %s)\n",
				erg_text_of(p, "name"), erg_text_est(a, sizeof(a), &slow, ""),
				erg_text_of(p, "measured_by"));
	}
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

/* With a budget: which settings keep it. */
static void print_choices(const json_t *doc, FILE *out)
{
	const json_t *choices = json_object_get(doc, "choices"), *c;
	double budget = erg_number_of(doc, "budget_w");
	char a[256], b[64], d[64];
	size_t i;

	if (isnan(budget))
		return;
	fprintf(out, "\nfastest whose power, with all of its interval, stays within %s:%s\n",
		erg_text_si(a, sizeof(a), budget, "W"), json_array_size(choices) ? "" : " none");
	json_array_foreach (choices, i, c) {
		const char *partner = erg_text_of(c, "partner");
		struct erg_est time = erg_est_from_json(json_object_get(c, "time_s"));
		struct erg_est power = erg_est_from_json(json_object_get(c, "power_w"));
		bool alone = !strcmp(partner, "none");

		fprintf(out, "  %s %s%s: %s, %s, %s\n", erg_text_of(c, "workload"),
			alone ? "alone" : "beside ", alone ? "" : partner,
			erg_text_settings(a, sizeof(a), json_object_get(c, "settings")),
			erg_text_est(b, sizeof(b), &time, "s"),
			erg_text_est(d, sizeof(d), &power, "W"));
	}
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
	print_choices(doc, out);
	json_array_foreach (cells, i, c) {
		print_split(c, out);
		print_programs(doc, c, out);
	}
	return r;
}

static const char *const of_programs[] = {"ipc", "utilization"};
static const char *const of_slowdown[] = {"value", "lo", "hi"};

static void csv_program_titles(struct erg_csv *c)
{
	static const char *const titles[] = {"workload_ipc", "workload_utilization", "partner_ipc",
		"partner_utilization", "partner_slowdown", "partner_slowdown_lo",
		"partner_slowdown_hi", "partner_slowdown_by"};

	erg_csv_est_titles(c, "temperature_degc");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(titles); i++)
		erg_csv_text(c, titles[i]);
}

/* KEY of an estimate, or a text, of each partner, in the order of their names, joined as these are. */
static void csv_joined(struct erg_csv *c, const json_t *partners, const json_t *list,
	const char *key, const char *part)
{
	char text[512] = "";
	size_t len = 0, i;
	const json_t *p;

	json_array_foreach ((json_t *)partners, i, p) {
		const json_t *e = named(list, erg_text_of(p, "name"));
		double v = part ? erg_number_of(json_object_get(e, key), part) : NAN;

		if (len < sizeof(text) && i)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "+");
		if (len < sizeof(text) && !part)
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%s",
				erg_text_of(e, key));
		else if (len < sizeof(text) && !isnan(v))
			len += (size_t)snprintf(text + len, sizeof(text) - len, "%.9g", v);
	}
	erg_csv_text(c, strspn(text, "+") == strlen(text) ? "" : text);
}

static void csv_programs(struct erg_csv *c, const json_t *doc, const json_t *cell)
{
	const json_t *both = combination_of(doc, cell),
		     *partners = json_object_get(cell, "partners");
	const json_t *programs = json_object_get(both, "programs");
	const json_t *own = named(programs, erg_text_of(cell, "workload"));

	erg_csv_est(c, json_object_get(both, "temperature_degc"));
	for (size_t i = 0; i < ERG_ARRAY_SIZE(of_programs); i++)
		erg_csv_json(c, json_object_get(json_object_get(own, of_programs[i]), "value"));
	for (size_t i = 0; i < ERG_ARRAY_SIZE(of_programs); i++)
		csv_joined(c, partners, programs, of_programs[i], "value");
	for (size_t i = 0; i < ERG_ARRAY_SIZE(of_slowdown); i++)
		csv_joined(c, partners, partners, "slowdown", of_slowdown[i]);
	csv_joined(c, partners, partners, "measured_by", NULL);
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
	csv_program_titles(&c);
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
		csv_programs(&c, doc, cell);
		erg_csv_end(&c);
	}
	return 0;
}
