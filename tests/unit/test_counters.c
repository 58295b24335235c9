/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of counters: software events are real on every machine; hardware ones may be missing. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/counters/counters.h"
#include "record/counters/names.h"

static void test_distance(void **state)
{
	assert_int_equal(erg_text_distance("kitten", "sitting"), 3);
	assert_int_equal(erg_text_distance("CYCLES", "cycles"), 0);
	assert_int_equal(erg_text_distance("", "abc"), 3);
	assert_int_equal(erg_text_distance("abc", ""), 3);
	assert_int_equal(erg_text_distance("page-faluts", "page-faults"), 2);
}

static void test_near(void **state)
{
	char near[5][ERG_COUNTER_NAME];
	size_t n = erg_counter_near("page-faluts", near, 5);

	assert_true(n >= 1);
	assert_string_equal(near[0], "page-faults");
	n = erg_counter_near("instruction:u", near, 5);
	assert_true(n >= 1);
	assert_string_equal(near[0], "instructions");
	assert_int_equal(erg_counter_near("zzzzqqqq", near, 5), 0);
}

/* Software events need no PMU, only the permission that containers may withhold. */
static void test_software(void **state)
{
	struct erg_counter_event ev;
	struct erg_err err;
	char *env = NULL;
	json_t *m = json_object();

	assert_true(erg_counter_kernel_find("task-clock", &ev));
	if (erg_counter_fit(&ev, 1) < 0) {
		json_decref(m);
		skip();
	}
	assert_int_equal(erg_counters_resolve("task-clock, page-faults,task-clock", &env, m, &err),
		0);
	assert_string_equal(env, "task-clock=1:1;page-faults=1:2");
	assert_int_equal(json_array_size(json_object_get(m, "events")), 2);
	assert_int_equal(json_array_size(json_object_get(m, "warnings")), 0);
	assert_false(json_is_true(json_object_get(m, "inherit")));
	free(env);
	assert_int_equal(erg_counters_resolve("task-clock,inherit", &env, m, &err), 0);
	assert_string_equal(env, "inherit;task-clock=1:1");
	assert_true(json_is_true(json_object_get(m, "inherit")));
	free(env);
	json_decref(m);
}

static void test_unknown(void **state)
{
	struct erg_err err;
	char *env = NULL;
	json_t *m = json_object(), *missing;

	assert_int_equal(erg_counters_resolve("page-falts", &env, m, &err), 0);
	assert_string_equal(env, "");
	missing = json_array_get(json_object_get(m, "missing"), 0);
	assert_string_equal(json_string_value(json_object_get(missing, "name")), "page-falts");
	assert_string_equal(json_string_value(json_array_get(json_object_get(missing, "near"), 0)),
		"page-faults");
	assert_non_null(strstr(json_string_value(json_array_get(json_object_get(m, "warnings"), 0)),
		"near names: page-faults"));
	free(env);
	json_decref(m);
}

static void test_malformed(void **state)
{
	static const char *const lists[] = {"", ",", "cycles,,instructions", "a;b", "cycles, ",
		"cycles instructions"};
	struct erg_err err;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		char *env = NULL;

		assert_int_equal(erg_counters_resolve(lists[i], &env, NULL, &err), -EINVAL);
		assert_null(env);
	}
}

#define PMU_COUNTERS 4

/* A PMU of PMU_COUNTERS. What is read of an event is noise: its time running, too, is not 0. */
static int small_pmu(const struct erg_counter_event *ev, int group)
{
	static unsigned int used;

	used = group < 0 ? 1 : used + 1;
	return used > PMU_COUNTERS ? -EINVAL : open("/dev/urandom", O_RDONLY | O_CLOEXEC);
}

/* More than the PMU has: how many fit is said, and which are left out. */
static void test_too_many(void **state)
{
	int (*kernel)(const struct erg_counter_event *, int) = erg_counter_open;
	struct erg_err err;
	char *env = NULL;
	json_t *m = json_object(), *warnings;

	erg_counter_open = small_pmu;
	assert_int_equal(erg_counters_resolve("cycles,instructions,branches,branch-misses,"
					      "bus-cycles,cache-misses",
				 &env, m, &err),
		0);
	erg_counter_open = kernel;
	assert_string_equal(env, "cycles=0:0;instructions=0:1;branches=0:4;branch-misses=0:5");
	assert_int_equal(json_array_size(json_object_get(m, "events")), PMU_COUNTERS);
	assert_int_equal(json_array_size(json_object_get(m, "missing")), 2);
	warnings = json_object_get(m, "warnings");
	assert_int_equal(json_array_size(warnings), 2);
	assert_string_equal(json_string_value(json_array_get(warnings, 1)),
		"counter cache-misses: left out, only 4 of the list fit at a time");
	free(env);
	json_decref(m);
}

/* Either both events, or warnings that say what is missing: never a failure. */
static void test_synergy(void **state)
{
	struct erg_err err;
	char *env = NULL;
	json_t *m = json_object(), *s;
	size_t found;

	assert_int_equal(erg_counters_resolve("synergy", &env, m, &err), 0);
	s = json_object_get(m, "synergy");
	found = (size_t)json_is_string(json_object_get(s, "simd")) +
		(size_t)json_is_string(json_object_get(s, "bus"));
	assert_int_equal(json_array_size(json_object_get(m, "events")), found);
	assert_int_equal(json_array_size(json_object_get(m, "missing")), 2 - found);
	assert_true(found < 2 || *env);
	free(env);
	json_decref(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_near),
		cmocka_unit_test(test_software),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_synergy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
