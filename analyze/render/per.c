/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Energy per unit of work for people; see per.h. */
#include "analyze/render/per.h"

#include <math.h>
#include <string.h>

const char *erg_per_unit(const json_t *list)
{
	const char *unit = erg_text_of(json_object_get(json_array_get(list, 0), "per"), "unit");

	return *unit ? unit : NULL;
}

static void rate_column(struct erg_rtable *t, const char *unit)
{
	char title[64];

	snprintf(title, sizeof(title), "%.40s/s", unit);
	erg_rtable_column(t, title, ERG_COL_RIGHT);
}

static void rate_cell(struct erg_rtable *t, const json_t *row)
{
	char a[64];

	erg_rtable_cell(t, "%s",
		erg_text_si(a, sizeof(a), erg_number_of(json_object_get(row, "per"), "rate_per_s"),
			""));
}

void erg_per_columns(struct erg_rtable *t, const char *unit, bool rate)
{
	char title[64];

	snprintf(title, sizeof(title), "per %.40s", unit);
	erg_rtable_column(t, title, ERG_COL_RIGHT);
	if (rate)
		rate_column(t, unit);
}

void erg_per_work_columns(struct erg_rtable *t, const char *unit)
{
	erg_rtable_column(t, unit, ERG_COL_RIGHT);
	rate_column(t, unit);
}

void erg_per_work_cells(struct erg_rtable *t, const json_t *row)
{
	const double count = erg_number_of(json_object_get(row, "per"), "count");

	if (isnan(count))
		erg_rtable_cell(t, "-");
	else
		erg_rtable_cell(t, "%.0f", count);
	rate_cell(t, row);
}

void erg_per_cells(struct erg_rtable *t, const json_t *row, const char *unit, bool rate)
{
	const json_t *per = json_object_get(row, "per");
	char a[64];

	(void)unit;
	erg_rtable_cell(t, "%s",
		per ? erg_text_est_json(a, sizeof(a), json_object_get(per, "energy_j"), "J") : "-");
	if (rate)
		rate_cell(t, row);
}

static void print_line(const json_t *line, FILE *out)
{
	const json_t *points = json_object_get(line, "points");
	char a[64], b[64];
	size_t i;
	json_t *p;

	fprintf(out, "%s of %s, by the context behind it", erg_text_of(line, "unit"),
		erg_text_of(line, "phase"));
	if (!isnan(erg_value_of(line, "per_context_j")))
		fprintf(out, ": %s, and %s more for each token of it",
			erg_text_est_json(a, sizeof(a), json_object_get(line, "at_zero_j"), "J"),
			erg_text_est_json(b, sizeof(b), json_object_get(line, "per_context_j"),
				"J"));
	fputc('\n', out);
	json_array_foreach (points, i, p)
		fprintf(out, "  %7.0f  %s\n", erg_number_of(p, "context"),
			erg_text_est_json(a, sizeof(a), json_object_get(p, "energy_j"), "J"));
}

static void print_first_token(const json_t *first, FILE *out)
{
	const long long n = json_integer_value(json_object_get(first, "n"));
	const long long untimed = json_integer_value(json_object_get(first, "untimed"));
	const long long none = json_integer_value(json_object_get(first, "unanswered"));
	char a[64], b[64], c[64];

	fputs("time to the first token: ", out);
	if (n)
		fprintf(out, "median %s, 90 %% below %s, at most %s (%lld requests)",
			erg_text_si(a, sizeof(a), erg_number_of(first, "median_s"), "s"),
			erg_text_si(b, sizeof(b), erg_number_of(first, "p90_s"), "s"),
			erg_text_si(c, sizeof(c), erg_number_of(first, "max_s"), "s"), n);
	if (untimed)
		fprintf(out,
			"%snot known of %lld requests in phases that hold the steps of several",
			n ? "; " : "", untimed);
	if (none)
		fprintf(out, "%sthere was none, or it is not known, of %lld requests",
			n || untimed ? "; " : "", none);
	fputc('\n', out);
}

void erg_per_below(const json_t *run, FILE *out)
{
	const json_t *first = json_object_get(run, "first_token");
	size_t i;
	json_t *line;

	if (json_is_object(first))
		print_first_token(first, out);
	json_array_foreach (json_object_get(run, "context"), i, line)
		print_line(line, out);
}

void erg_per_csv_titles(struct erg_csv *c)
{
	erg_csv_text(c, "per_unit");
	erg_csv_text(c, "per_count");
	erg_csv_est_titles(c, "per_energy_j");
	erg_csv_text(c, "per_rate_per_s");
}

void erg_per_csv(struct erg_csv *c, const json_t *row)
{
	const json_t *per = json_object_get(row, "per");

	erg_csv_json(c, json_object_get(per, "unit"));
	erg_csv_json(c, json_object_get(per, "count"));
	erg_csv_est(c, json_object_get(per, "energy_j"));
	erg_csv_json(c, json_object_get(per, "rate_per_s"));
}
