/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rows of several nodes that are of the same layers become one: calls and times add up, and energies as those
 * of the nodes do. A layer's own time is by one clock, so no clock has a part in it. Where one node merged
 * layers that another told apart, nobody knows what each of them took on all nodes: those rows are unresolved.
 */
#include "analyze/experiment/joined.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"

#define OTHERWISE "merged otherwise on a node"

struct row {
	const json_t *first; /* what names it */
	size_t nodes;
	json_int_t calls;
	double time_s;
	struct erg_est energy, above;
	bool otherwise;
};

struct table {
	struct row *row;
	size_t n;
	json_t *index; /* key of a row: its place */
};

static const char *const names[] = {"name", "type", "network", "module", "merged_with"};

static char *key_of(const json_t *row)
{
	json_auto_t *key = json_array();

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++) {
		json_t *v = json_object_get(row, names[i]);

		if (v)
			json_array_append(key, v);
		else
			json_array_append_new(key, json_null());
	}
	return key ? json_dumps(key, JSON_COMPACT) : NULL;
}

void erg_joined_sum(struct erg_est *sum, const struct erg_est *e, bool first)
{
	if (first) {
		*sum = *e;
		return;
	}
	sum->value += e->value;
	sum->stat = hypot(sum->stat, e->stat);
	sum->syst += e->syst;
	sum->lo = sum->value - sum->stat - sum->syst;
	sum->hi = sum->value + sum->stat + sum->syst;
	sum->method = "sum of nodes";
}

static int add_row(struct table *t, const json_t *row, struct erg_err *err)
{
	_cleanup_(erg_freep) char *key = key_of(row);
	const json_t *at = key ? json_object_get(t->index, key) : NULL;
	struct erg_est energy = erg_est_from_json(json_object_get(row, "energy_j"));
	struct erg_est above = erg_est_from_json(json_object_get(row, "above_idle_j"));
	struct row *r;

	if (!at) {
		struct row *grown = reallocarray(t->row, t->n + 1, sizeof(*grown));

		if (!key || !grown ||
			json_object_set_new(t->index, key, json_integer((json_int_t)t->n)))
			return erg_fail(err, -ENOMEM, "out of memory");
		t->row = grown;
		t->row[t->n] = (struct row){.first = row};
	}
	r = &t->row[at ? (size_t)json_integer_value(at) : t->n++];
	erg_joined_sum(&r->energy, &energy, !r->nodes);
	erg_joined_sum(&r->above, &above, !r->nodes);
	r->nodes++;
	r->calls += json_integer_value(json_object_get(row, "calls"));
	r->time_s += erg_value_of(row, "time_s");
	return 0;
}

/* Is NAME a layer of ROW, alone or merged? */
static bool holds(const json_t *row, const char *name)
{
	size_t i;
	json_t *m;

	json_array_foreach (json_object_get(row, "merged_with"), i, m)
		if (!strcmp(json_string_value(m), name))
			return true;
	return !strcmp(erg_text_of(row, "name"), name);
}

static bool share_a_layer(const json_t *a, const json_t *b)
{
	size_t i;
	json_t *m;

	if (strcmp(erg_text_of(a, "network"), erg_text_of(b, "network")))
		return false;
	json_array_foreach (json_object_get(a, "merged_with"), i, m)
		if (holds(b, json_string_value(m)))
			return true;
	return holds(b, erg_text_of(a, "name"));
}

static void find_otherwise(struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		if (!json_array_size(json_object_get(t->row[i].first, "merged_with")))
			continue;
		for (size_t k = 0; k < t->n; k++)
			if (k != i && share_a_layer(t->row[i].first, t->row[k].first))
				t->row[i].otherwise = t->row[k].otherwise = true;
	}
}

static json_t *energy_json(const struct row *r, const struct erg_est *e, double factor)
{
	struct erg_est sum = erg_est_scaled(e, factor);

	if (r->otherwise)
		sum = erg_est_because(OTHERWISE, 0);
	else if (!erg_est_resolved(e))
		sum = r->nodes > 1 ? erg_est_because(ERG_JOINED_UNRESOLVED, 0) : *e;
	return erg_est_json(&sum);
}

static json_t *row_json(const struct row *r)
{
	struct erg_est time = erg_est_exact(r->time_s, "sum of nodes");
	json_t *o = json_object();

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (json_object_get(r->first, names[i]))
			json_object_set(o, names[i], json_object_get(r->first, names[i]));
	json_object_set_new(o, "nodes", json_integer((json_int_t)r->nodes));
	json_object_set_new(o, "calls", json_integer(r->calls));
	json_object_set_new(o, "time_s", erg_est_json(&time));
	json_object_set_new(o, "energy_j", energy_json(r, &r->energy, 1));
	json_object_set_new(o, "above_idle_j", energy_json(r, &r->above, 1));
	json_object_set_new(o, "power_w", energy_json(r, &r->energy, 1 / r->time_s));
	return o;
}

int erg_joined_rows(const json_t *runs, const char *join, const char *list, json_t *into,
	struct erg_err *err)
{
	struct table t = {.index = json_object()};
	json_t *rows = json_array(), *run, *row;
	size_t i, k;
	int r = t.index && rows ? 0 : erg_fail(err, -ENOMEM, "out of memory");

	json_array_foreach ((json_t *)runs, i, run)
		if (!strcmp(erg_text_of(run, "join"), join))
			json_array_foreach (json_object_get(run, list), k, row)
				if (r >= 0)
					r = add_row(&t, row, err);
	find_otherwise(&t);
	for (i = 0; i < t.n && r >= 0; i++)
		json_array_append_new(rows, row_json(&t.row[i]));
	json_object_set_new(into, list, rows);
	json_decref(t.index);
	free(t.row);
	return r;
}
