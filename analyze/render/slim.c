/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the page shows of a run and its rows; all else goes, and rows beyond the page's room. */
#include "analyze/render/slim.h"

#include <stdbool.h>
#include <string.h>

#include "formats/base/util.h"

static const char *const shown[] = {"name", "type", "module", "network", "calls", "time_s",
	"energy_j", "power_w", "share", "share_of_layers", "macs", "merged_with", "work"};
static const char *const of_estimate[] = {"value", "lo", "hi", "method", "reason"};

static bool is_in(const char *key, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(list[i], key))
			return true;
	return false;
}

/* Takes out of O what is none of LIST, null or empty. */
static json_t *copy_of(const json_t *o, const char *const *list, size_t n)
{
	json_t *copy = json_object(), *v;
	const char *key;

	json_object_foreach ((json_t *)o, key, v)
		if ((!list || is_in(key, list, n)) && !json_is_null(v) &&
			!(json_is_array(v) && !json_array_size(v)))
			json_object_set(copy, key, v);
	return copy;
}

static json_t *slim_row(const json_t *row)
{
	json_t *copy = copy_of(row, shown, ERG_ARRAY_SIZE(shown)), *v;
	json_t *work = json_object_get(copy, "work");
	const char *key;

	if (work)
		json_object_set_new(copy, "work", copy_of(work, NULL, 0));
	work = json_object_get(copy, "work");
	json_object_foreach (work, key, v)
		if (json_is_object(v))
			json_object_set_new(work, key,
				copy_of(v, of_estimate, ERG_ARRAY_SIZE(of_estimate)));
	json_object_foreach (copy, key, v)
		if (json_is_object(v) && v != work) {
			json_t *est = copy_of(v, of_estimate, ERG_ARRAY_SIZE(of_estimate));

			if (!json_object_get(est, "value"))
				json_object_set_new(est, "value", json_null());
			json_object_set_new(copy, key, est);
		}
	return copy;
}

static size_t rows_of(const json_t *run)
{
	json_t *rows;
	const char *by;
	size_t n = 0;

	json_object_foreach (json_object_get(run, "by"), by, rows)
		n += json_array_size(rows);
	return n;
}

/* New tables in place of the run's, whose rows may be shared with other parts of the document. */
static void slim_rows(json_t *run)
{
	json_t *by = json_object(), *rows, *row;
	const char *level;
	size_t i;

	json_object_foreach (json_object_get(run, "by"), level, rows) {
		json_t *list = json_array();

		json_array_foreach (rows, i, row)
			json_array_append_new(list, slim_row(row));
		json_object_set_new(by, level, list);
	}
	json_object_set_new(run, "by", by);
}

/* Estimates of O without what only documents tell. */
static json_t *slim_estimates(const json_t *o)
{
	json_t *copy = json_object(), *v;
	const char *key;

	json_object_foreach ((json_t *)o, key, v)
		if (json_is_object(v))
			json_object_set_new(copy, key,
				copy_of(v, of_estimate, ERG_ARRAY_SIZE(of_estimate)));
		else
			json_object_set(copy, key, v);
	return copy;
}

/* The page has no place for a sweep's layers. */
static void slim_sweep(json_t *doc)
{
	static const char *const unseen[] = {"layers", "v2f", "per_layer_dvfs", "optimum"};
	json_t *sweep = json_object_get(doc, "sweep"), *groups, *group;
	size_t i;

	if (!sweep)
		return;
	sweep = json_copy(sweep);
	groups = json_array();
	json_array_foreach (json_object_get(sweep, "groups"), i, group) {
		json_t *copy = json_copy(group);

		for (size_t k = 0; k < ERG_ARRAY_SIZE(unseen); k++)
			json_object_del(copy, unseen[k]);
		json_array_append_new(groups, copy);
	}
	json_object_set_new(sweep, "groups", groups);
	json_object_set_new(doc, "sweep", sweep);
}

static bool is_repetition(const json_t *run)
{
	const char *n =
		json_string_value(json_object_get(json_object_get(run, "tags"), "repetition"));

	return n && strcmp(n, "1");
}

/* Whether N more rows have room; if not, RUN is left without them. */
static bool fit(json_t *run, size_t n, const struct erg_page_rows *rows)
{
	if (n <= rows->left || rows->left == rows->max)
		return true;
	json_object_set_new(run, "rows_left_out", json_integer((json_int_t)n));
	json_object_set_new(run, "by", json_object());
	return false;
}

static void take_rows(struct erg_page_rows *rows, size_t n)
{
	rows->left -= n < rows->left ? n : rows->left;
}

void erg_page_slim_run(json_t *run, struct erg_page_rows *rows)
{
	size_t n = rows_of(run);

	if (!fit(run, n, rows)) /* nor later: there will be no more room */
		return;
	slim_rows(run);
	if (!is_repetition(run))
		take_rows(rows, n);
}

void erg_page_slim(json_t *doc, struct erg_page_rows *rows)
{
	json_t *run;
	size_t i;

	slim_sweep(doc);
	json_array_foreach (json_object_get(doc, "runs"), i, run) {
		size_t n = rows_of(run);

		if (json_object_get(run, "totals"))
			json_object_set_new(run, "totals",
				slim_estimates(json_object_get(run, "totals")));
		if (is_repetition(run) && !json_object_get(run, "rows_left_out") &&
			fit(run, n, rows))
			take_rows(rows, n);
	}
}
