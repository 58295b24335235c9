/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two runs of one archive, of one rail each, become one of both: what each key of a run, a row, a
 * phase or a unit of work is to a sum of rails.
 */
#include "analyze/account/apart.h"

#include <math.h>
#include <string.h>

#include "formats/base/util.h"

static bool is_any(const char *key, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(key, list[i]))
			return true;
	return false;
}

/* Estimates that are linear in the energy, at exact times and counts. */
static bool adds(const char *key)
{
	static const char *const keys[] = {"ets_j", "edp_js", "ed2p_js2", "energy_j",
		"above_idle_j", "power_w", "idle_w", "mean_j", "inclusive_j", "direct_j", "nnls_j",
		"per_call_j", "per_inference_j", "per_mac_j", "per_param_byte_j", "at_zero_j",
		"per_context_j"};

	return is_any(key, keys, ERG_ARRAY_SIZE(keys));
}

static json_t *sum_of_estimates(const json_t *a, const json_t *b)
{
	struct erg_est x = erg_est_from_json(a), y = erg_est_from_json(b), e;

	if (!json_is_object(a) || !json_is_object(b))
		return json_null();
	if (!erg_est_resolved(&x) || !erg_est_resolved(&y)) {
		double longer = fmax(x.longer, y.longer);

		/* A longer run helps where it helps each that is unresolved. */
		if ((!erg_est_resolved(&x) && !(x.longer > 1)) ||
			(!erg_est_resolved(&y) && !(y.longer > 1)))
			longer = 0;
		e = erg_est_because(!erg_est_resolved(&x) ? x.reason : y.reason, longer);
		return erg_est_json(&e);
	}
	e = (struct erg_est){.value = x.value + y.value,
		.lo = x.lo + y.lo,
		.hi = x.hi + y.hi,
		.stat = x.stat + y.stat,
		.syst = x.syst + y.syst,
		.method = strcmp(x.method, y.method) ? "sum" : x.method};
	return erg_est_json(&e);
}

static void set_unresolved(json_t *row, const char *why)
{
	_cleanup_(erg_json_decrefp) json_t *was = json_copy(row);
	struct erg_est e = erg_est_because(why, 0);
	const char *key;
	json_t *v;

	json_object_foreach (was, key, v)
		if (adds(key) && json_is_object(v))
			json_object_set_new(row, key, erg_est_json(&e));
	if (json_object_get(row, "gate"))
		json_object_set_new(row, "gate", json_string(why));
	if (json_is_object(json_object_get(row, "per")))
		set_unresolved(json_object_get(row, "per"), why);
}

static void add_keys(json_t *into, const json_t *other);

/* Lists of the same length in the same order: units of work. */
static void add_list(json_t *into, const json_t *other)
{
	size_t i;
	json_t *o;

	json_array_foreach (into, i, o)
		if (json_is_object(o))
			add_keys(o, json_array_get(other, i));
}

static void add_per(json_t *into, const json_t *other)
{
	if (json_equal(json_object_get(into, "count"), json_object_get(other, "count")))
		add_keys(into, other);
	else
		set_unresolved(into, "rails counted other work");
}

/* What is the same for all rails stays; the value under KEY as it is in the sum. */
static void add_key(json_t *into, const char *key, const json_t *a, const json_t *b)
{
	static const char *const least[] = {"coverage", "windows"};
	static const char *const unknown[] = {"peak_w"};
	double x = erg_number_of(into, key), y = json_is_number(b) ? json_number_value(b) : NAN;

	if (adds(key))
		json_object_set_new(into, key, sum_of_estimates(a, b));
	else if (!strcmp(key, "mean_w"))
		json_object_set_new(into, key, erg_num_json(x + y));
	else if (is_any(key, least, ERG_ARRAY_SIZE(least)))
		json_object_set_new(into, key,
			isnan(x) || isnan(y) ? json_null() : erg_num_json(fmin(x, y)));
	else if (is_any(key, unknown, ERG_ARRAY_SIZE(unknown)))
		json_object_set_new(into, key, json_null());
	else if (!strcmp(key, "gate") && !strcmp(erg_text_of(into, key), "resolved"))
		json_object_set_new(into, key, json_deep_copy(b));
	else if (!strcmp(key, "per"))
		add_per(json_object_get(into, key), b);
	else if (!strcmp(key, "context") || !strcmp(key, "points"))
		add_list(json_object_get(into, key), b);
}

static void add_keys(json_t *into, const json_t *other)
{
	_cleanup_(erg_json_decrefp) json_t *was = json_copy(into);
	const char *key;
	json_t *v;

	json_object_foreach (was, key, v)
		add_key(into, key, v, json_object_get(other, key));
}

/* ---- rows ---- */

static bool same_row(const json_t *a, const json_t *b)
{
	static const char *const keys[] = {"name", "type", "network", "module"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++)
		if (strcmp(erg_text_of(a, keys[i]), erg_text_of(b, keys[i])))
			return false;
	return true;
}

static json_t *find_row(const json_t *list, const json_t *row)
{
	size_t i;
	json_t *o;

	json_array_foreach (list, i, o)
		if (same_row(o, row))
			return o;
	return NULL;
}

#define OTHER_TIMES "rails have other times"
#define MERGED "rails merge other layers"

static void set_key_unresolved(json_t *row, const char *key, const char *why)
{
	struct erg_est e = erg_est_because(why, 0);

	if (json_is_object(json_object_get(row, key)))
		json_object_set_new(row, key, erg_est_json(&e));
}

static bool has_member(const json_t *list, const char *name)
{
	size_t i, k;
	json_t *row, *m;

	json_array_foreach (list, i, row)
		json_array_foreach (json_object_get(row, "merged_with"), k, m)
			if (!strcmp(json_string_value(m), name))
				return true;
	return false;
}

/* ROW of one rail and ITS of the other, which may have none, are of the same layers. */
static bool same_members(const json_t *row, const json_t *its, const json_t *others)
{
	const json_t *x = json_object_get(row, "merged_with"),
		     *y = json_object_get(its, "merged_with"), *m;
	size_t i;

	if (its)
		return !x || !y || json_equal(x, y);
	if (has_member(others, erg_text_of(row, "name")))
		return false;
	for (i = 0; (m = json_array_get(x, i)); i++)
		for (size_t k = 0; k < json_array_size(others); k++)
			if (!strcmp(json_string_value(m),
				    erg_text_of(json_array_get(others, k), "name")))
				return false;
	return true;
}

/* What is energy by a time or a count that the rails have not in common: a GPU's layers beside those of
 * the threads that start them. */
static void take_ratios(json_t *row, const json_t *its)
{
	static const char *const ratios[] = {"per_call_j", "per_inference_j", "per_mac_j",
		"per_param_byte_j"};
	double s = erg_value_of(row, "time_s"), t = its ? erg_value_of(its, "time_s") : 0;

	if (!(fabs(s - t) <= 1e-6 * fmax(fabs(s), fabs(t)))) {
		set_key_unresolved(row, "time_s", OTHER_TIMES);
		set_key_unresolved(row, "power_w", OTHER_TIMES);
	}
	for (size_t i = 0; i < ERG_ARRAY_SIZE(ratios); i++)
		if (!json_equal(json_object_get(row, "calls"), json_object_get(its, "calls")))
			set_key_unresolved(row, ratios[i], OTHER_TIMES);
}

static void add_row(json_t *row, const json_t *its, const json_t *others)
{
	if (!same_members(row, its, others)) {
		set_unresolved(row, MERGED);
		return;
	}
	/* Without one of the other rail's there is none of its energy in it. */
	if (its)
		add_keys(row, its);
	take_ratios(row, its);
}

static void add_rows(json_t *into, const json_t *other)
{
	_cleanup_(erg_json_decrefp) json_t *before = json_deep_copy(into);
	size_t i;
	json_t *row;

	json_array_foreach (into, i, row)
		add_row(row, find_row(other, row), other);
	json_array_foreach (other, i, row) {
		json_t *copy;

		if (find_row(before, row))
			continue;
		copy = json_deep_copy(row);
		add_row(copy, NULL, before);
		json_array_append_new(into, copy);
	}
}

/* ---- the run ---- */

/* The greatest of what tells against the data; the rest is of one rail only. */
static void add_attribution(json_t *into, const json_t *other)
{
	_cleanup_(erg_json_decrefp) json_t *was = json_copy(into);
	const char *key;
	json_t *v;

	json_object_foreach (was, key, v) {
		const json_t *o = json_object_get(other, key);

		if (json_is_boolean(v))
			json_object_set_new(into, key,
				json_boolean(json_is_true(v) || json_is_true(o)));
		else if (!strcmp(key, "cond"))
			json_object_set_new(into, key,
				erg_num_json(fmax(json_number_value(v), json_number_value(o))));
		else if (!json_equal(v, o))
			json_object_set_new(into, key, json_null());
	}
}

static void add_sensor(json_t *into, const json_t *other)
{
	_cleanup_(erg_json_decrefp) json_t *was = json_copy(into);
	const char *key;
	json_t *v;

	json_object_foreach (was, key, v)
		if (!json_equal(v, json_object_get(other, key)))
			json_object_set_new(into, key,
				json_is_string(v) ? json_string("several") : json_null());
}

static void add_model(json_t *into, const json_t *other)
{
	const json_t *misfit = json_object_get(into, "misfit");

	if (!json_is_string(misfit))
		misfit = json_object_get(other, "misfit");
	json_object_set(into, "misfit", misfit ? (json_t *)(uintptr_t)misfit : json_null());
	json_object_set_new(into, "tests", json_array());
	json_object_set_new(into, "fitted", json_object());
	json_object_set_new(into, "declared", json_object());
}

static void add_flag(json_t *run, const json_t *other, const char *key)
{
	if (json_object_get(run, key))
		json_object_set_new(run, key,
			json_boolean(json_is_true(json_object_get(run, key)) ||
				json_is_true(json_object_get(other, key))));
}

static void add_tables(json_t *run, const json_t *other)
{
	static const char *const lists[] = {"layers", "rest", "phases"};
	json_t *tables = json_object_get(run, "tables"), *table;
	size_t i;

	for (size_t k = 0; k < ERG_ARRAY_SIZE(lists); k++)
		if (json_is_array(json_object_get(run, lists[k])))
			add_rows(json_object_get(run, lists[k]), json_object_get(other, lists[k]));
	json_array_foreach (tables, i, table)
		add_tables(table, json_array_get(json_object_get(other, "tables"), i));
}

void erg_apart_add(json_t *run, const json_t *other)
{
	json_t *name = json_sprintf("%s+%s", erg_text_of(run, "rail"), erg_text_of(other, "rail"));

	add_keys(run, other);
	add_tables(run, other);
	add_attribution(json_object_get(run, "attribution"), json_object_get(other, "attribution"));
	add_sensor(json_object_get(run, "sensor"), json_object_get(other, "sensor"));
	add_model(json_object_get(run, "model"), json_object_get(other, "model"));
	add_flag(run, other, "simulated");
	add_flag(run, other, "device_time");
	json_object_set_new(run, "rail", name);
}

static void set_shares(const json_t *list, const struct erg_est *ets)
{
	size_t i;
	json_t *row;

	json_array_foreach (list, i, row) {
		struct erg_est e = erg_est_from_json(json_object_get(row, "energy_j"));
		struct erg_est s = erg_est_because(e.reason ? e.reason : ets->reason, e.longer);

		if (!json_is_object(json_object_get(row, "share")))
			continue;
		if (erg_est_resolved(&e) && ets->lo > 0)
			s = (struct erg_est){e.value / ets->value,
				fmax(e.lo / (e.lo < 0 ? ets->lo : ets->hi), 0),
				fmin(e.hi / ets->lo, 1), NAN, NAN, e.method, NULL, 0};
		json_object_set_new(row, "share", erg_est_json(&s));
	}
}

void erg_apart_finish(json_t *run)
{
	struct erg_est ets = erg_est_from_json(json_object_get(run, "ets_j"));
	json_t *table;
	size_t i;

	set_shares(json_object_get(run, "layers"), &ets);
	set_shares(json_object_get(run, "rest"), &ets);
	json_array_foreach (json_object_get(run, "tables"), i, table) {
		set_shares(json_object_get(table, "layers"), &ets);
		set_shares(json_object_get(table, "rest"), &ets);
	}
}
