/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows that a person asks for. What is left out is only not shown: no figure changes by it. */
#include "analyze/result/select.h"

#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/result/estimate.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

struct row {
	json_t *json;
	const char *name;
	double value;
	size_t at;
};

static int row_by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	return r ? r : (x->at > y->at) - (x->at < y->at);
}

static int row_by_value(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (isnan(x->value) != isnan(y->value))
		return isnan(x->value) ? 1 : -1;
	if (x->value > y->value || x->value < y->value)
		return x->value < y->value ? 1 : -1;
	return (x->at > y->at) - (x->at < y->at);
}

static bool fits(const struct erg_select *s, const json_t *row)
{
	const char *name = erg_text_of(row, "name");
	const json_t *other;
	size_t i;
	bool match = !s->match || !fnmatch(s->match, name, 0);

	json_array_foreach (json_object_get(row, "merged_with"), i, other)
		match = match || !fnmatch(s->match, json_string_value(other), 0);
	return match && (!s->phase || !strcmp(s->phase, name));
}

static const char *key_of(const struct erg_select *s, const char *energy, const char *power)
{
	if (!s->sort || !strcmp(s->sort, "name"))
		return NULL;
	if (!strcmp(s->sort, "time"))
		return "time_s";
	return strcmp(s->sort, "power") ? energy : power; /* shares are in the order of energies */
}

size_t erg_select_rows(const struct erg_select *s, json_t *list, size_t keep, const char *energy,
	const char *power)
{
	const char *key = key_of(s, energy, power);
	_cleanup_(erg_freep) struct row *rows =
		erg_noted(calloc(json_array_size(list) + 1, sizeof(*rows)));
	size_t n = 0, i, left;
	json_t *j;

	json_array_foreach (list, i, j)
		if (rows && i >= keep && fits(s, j))
			rows[n++] = (struct row){json_incref(j), erg_text_of(j, "name"),
				key ? erg_value_of(j, key) : NAN, i};
	if (!rows || json_array_size(list) < keep)
		return 0;
	if (s->sort)
		erg_sort(rows, n, sizeof(*rows), key ? row_by_value : row_by_name);
	left = json_array_size(list) - keep;
	while (json_array_size(list) > keep)
		json_array_remove(list, json_array_size(list) - 1);
	for (i = 0; i < n; i++)
		if (!s->top || i < s->top)
			json_array_append(list, rows[i].json);
	left -= json_array_size(list) - keep;
	for (i = 0; i < n; i++)
		json_decref(rows[i].json);
	return left;
}
