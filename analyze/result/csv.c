/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CSV, written cell by cell. RFC 4180: a cell with a comma, a quote or a line break is quoted, and
 * quotes in it are doubled. A text that a spreadsheet would run begins with an apostrophe: names come
 * from others.
 */
#include "analyze/result/csv.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void separate(struct erg_csv *c)
{
	if (c->column++)
		fputc(',', c->out);
}

/* =…, and what calls a function or (by |) another program after another sign of a formula. -3 or @main are
 * no more than a name. */
static bool is_formula(const char *s)
{
	s += strspn(s, "\t\r\n ");
	return *s == '=' || (*s && strchr("+-@", *s) && strpbrk(s, "(|"));
}

void erg_csv_text(struct erg_csv *c, const char *s)
{
	const char *guard = is_formula(s) ? "'" : "";

	separate(c);
	if (!strpbrk(s, ",\"\r\n")) {
		fprintf(c->out, "%s%s", guard, s);
		return;
	}
	fprintf(c->out, "\"%s", guard);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', c->out);
		fputc(*s, c->out);
	}
	fputc('"', c->out);
}

void erg_csv_number(struct erg_csv *c, double v)
{
	separate(c);
	if (isfinite(v))
		fprintf(c->out, "%.9g", v == 0 ? 0.0 : v);
}

void erg_csv_integer(struct erg_csv *c, long long v)
{
	separate(c);
	fprintf(c->out, "%lld", v);
}

void erg_csv_json(struct erg_csv *c, const json_t *v)
{
	if (json_is_string(v))
		erg_csv_text(c, json_string_value(v));
	else if (json_is_integer(v))
		erg_csv_integer(c, json_integer_value(v));
	else if (json_is_real(v))
		erg_csv_number(c, json_real_value(v));
	else if (json_is_boolean(v))
		erg_csv_text(c, json_is_true(v) ? "true" : "false");
	else
		separate(c);
}

void erg_csv_names(struct erg_csv *c, const json_t *list)
{
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);
	const json_t *name;

	json_array_foreach ((json_t *)list, i, name)
		if (out)
			fprintf(out, "%s%s", i ? ";" : "", json_string_value(name));
	if (out)
		fclose(out);
	erg_csv_text(c, text ? text : "");
	free(text);
}

void erg_csv_est_titles(struct erg_csv *c, const char *key)
{
	static const char *const suffixes[] = {"", "_lo", "_hi", "_method"};
	char title[128];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(title, sizeof(title), "%s%s", key, suffixes[i]);
		erg_csv_text(c, title);
	}
}

void erg_csv_est(struct erg_csv *c, const json_t *est)
{
	erg_csv_json(c, json_object_get(est, "value"));
	erg_csv_json(c, json_object_get(est, "lo"));
	erg_csv_json(c, json_object_get(est, "hi"));
	erg_csv_json(c, json_object_get(est, "method"));
}

void erg_csv_end(struct erg_csv *c)
{
	if (c->label && !c->titled)
		erg_csv_text(c, "simulated");
	else if (c->label)
		erg_csv_json(c, json_object_get(c->label, "simulated"));
	c->titled = true;
	fputc('\n', c->out);
	c->column = 0;
}
