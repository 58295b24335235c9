/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of several nodes as one: sums by hand, and rows of which no sum is known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "analyze/experiment/joined.h"

static json_t *row(const char *name, const char *merged, double time_s, double energy, double stat,
	double syst)
{
	struct erg_est e = isnan(energy) ? erg_est_because("interval", 0)
					 : (struct erg_est){energy, energy - stat - syst,
						   energy + stat + syst, stat, syst, "direct"};
	struct erg_est t = erg_est_exact(time_s, "trace");
	json_t *list = json_array();

	if (merged)
		json_array_append_new(list, json_string(merged));
	return json_pack("{s:s, s:s, s:s, s:o, s:i, s:o, s:o, s:o}", "name", name, "network", "net",
		"type", "conv", "merged_with", list, "calls", 10, "time_s", erg_est_json(&t),
		"energy_j", erg_est_json(&e), "above_idle_j", erg_est_json(&e));
}

static json_t *run_of(const char *join, json_t *rows)
{
	return json_pack("{s:s, s:o}", "join", join, "layers", rows);
}

static const json_t *named(const json_t *joined, const char *name, size_t merged)
{
	size_t i;
	json_t *r;

	json_array_foreach (json_object_get(joined, "layers"), i, r)
		if (!strcmp(erg_text_of(r, "name"), name) &&
			json_array_size(json_object_get(r, "merged_with")) == merged)
			return r;
	fail_msg("no row %s", name);
	return NULL;
}

static json_t *joined(json_t *runs)
{
	json_t *into = json_object();

	assert_int_equal(erg_joined_rows(runs, "7", "layers", into, NULL), 0);
	json_decref(runs);
	return into;
}

static void rows_of_nodes_add_up(void **state)
{
	json_t *j = joined(json_pack("[o, o, o]",
		run_of("7",
			json_pack("[o, o]", row("a", NULL, 2, 30, 3, 1),
				row("only", NULL, 1, 5, 1, 0))),
		run_of("8", json_pack("[o]", row("a", NULL, 100, 1000, 0, 0))),
		run_of("7", json_pack("[o]", row("a", NULL, 3, 20, 4, 1)))));
	const json_t *a = named(j, "a", 0);
	struct erg_est e = erg_est_from_json(json_object_get(a, "energy_j"));
	struct erg_est p = erg_est_from_json(json_object_get(a, "power_w"));

	assert_int_equal(json_array_size(json_object_get(j, "layers")), 2);
	assert_int_equal(json_integer_value(json_object_get(a, "nodes")), 2);
	assert_int_equal(json_integer_value(json_object_get(a, "calls")), 20);
	assert_float_equal(erg_value_of(a, "time_s"), 5, 1e-9);
	assert_float_equal(e.value, 50, 1e-9);
	assert_float_equal(e.hi, 50 + 5 + 2, 1e-9); /* chance 3, 4, 5; what is systematic 1 + 1 */
	assert_float_equal(e.lo, 50 - 5 - 2, 1e-9);
	assert_float_equal(p.value, 10, 1e-9);
	assert_float_equal(p.hi, 57.0 / 5, 1e-9);
	assert_float_equal(erg_value_of(named(j, "only", 0), "energy_j"), 5, 1e-9);
	assert_int_equal(json_integer_value(json_object_get(named(j, "only", 0), "nodes")), 1);
	json_decref(j);
}

static const char *reason_of(const json_t *r)
{
	return erg_text_of(json_object_get(r, "energy_j"), "reason");
}

static void what_one_node_cannot_tell_the_sum_cannot(void **state)
{
	json_t *j = joined(json_pack("[o, o]",
		run_of("7",
			json_pack("[o, o]", row("a", NULL, 2, 30, 3, 1),
				row("b", NULL, 1, 5, 1, 0))),
		run_of("7",
			json_pack("[o, o]", row("a", NULL, 2, NAN, 0, 0),
				row("b", NULL, 1, 5, 1, 0)))));

	assert_true(isnan(erg_value_of(named(j, "a", 0), "energy_j")));
	assert_true(isnan(erg_value_of(named(j, "a", 0), "power_w")));
	assert_string_equal(reason_of(named(j, "a", 0)), ERG_JOINED_UNRESOLVED);
	assert_float_equal(erg_value_of(named(j, "a", 0), "time_s"), 4, 1e-9);
	assert_float_equal(erg_value_of(named(j, "b", 0), "energy_j"), 10, 1e-9);
	json_decref(j);
}

static void rows_that_a_node_merged_otherwise_are_unresolved(void **state)
{
	json_t *j = joined(json_pack("[o, o]",
		run_of("7",
			json_pack("[o, o, o]", row("a", NULL, 2, 30, 3, 1),
				row("b", NULL, 2, 30, 3, 1), row("c", "d", 1, 5, 1, 0))),
		run_of("7",
			json_pack("[o, o]", row("a", "b", 4, 60, 3, 1),
				row("c", "d", 1, 5, 1, 0)))));

	assert_int_equal(json_array_size(json_object_get(j, "layers")), 4);
	assert_string_equal(reason_of(named(j, "a", 0)), "merged otherwise on a node");
	assert_string_equal(reason_of(named(j, "b", 0)), "merged otherwise on a node");
	assert_string_equal(reason_of(named(j, "a", 1)), "merged otherwise on a node");
	assert_float_equal(erg_value_of(named(j, "c", 1), "energy_j"), 10, 1e-9);
	json_decref(j);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_nodes_add_up),
		cmocka_unit_test(what_one_node_cannot_tell_the_sum_cannot),
		cmocka_unit_test(rows_that_a_node_merged_otherwise_are_unresolved),
	};

	return cmocka_run_group_tests_name("joined", tests, NULL, NULL);
}
