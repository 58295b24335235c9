/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the sampler goes: rows of /proc/stat in a file of our own, one look a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/sampler/placement.h"
#include "tests/unit/tree.h"

#define SECOND 1000000000u
#define OFFLINE (-1)

struct bench {
	struct tree tree;
	struct erg_placement *p;
	uint64_t now_ns;
	int ticks[3]; /* busy so far, or OFFLINE */
};

static void write_stat(const struct bench *b)
{
	char text[512];
	size_t n = (size_t)snprintf(text, sizeof(text), "cpu  9 9 9 9 9 9 9 9 9 9\n");

	for (int i = 0; i < 3; i++)
		if (b->ticks[i] != OFFLINE)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
				"cpu%d %d 0 0 77 5 0 0 0 0 0\n", i, b->ticks[i]);
	snprintf(text + n, sizeof(text) - n, "intr 1 2 3\n");
	tree_bytes(&b->tree, "stat", text, strlen(text));
}

/* A second later, in which the CPUs were busy for so many ticks of 10 ms. */
static int look(struct bench *b, int current, uint64_t own_ns, int t0, int t1, int t2)
{
	const int more[3] = {t0, t1, t2};

	for (int i = 0; i < 3; i++)
		b->ticks[i] = more[i] == OFFLINE ? OFFLINE : b->ticks[i] + more[i];
	write_stat(b);
	b->now_ns += SECOND;
	return erg_placement_look(b->p, current, own_ns, b->now_ns);
}

static int setup(void **state)
{
	static struct bench b;
	cpu_set_t allowed;
	struct erg_err err;

	b = (struct bench){.now_ns = 5 * (uint64_t)SECOND};
	tree_new(&b.tree);
	write_stat(&b);
	CPU_ZERO(&allowed);
	for (int i = 0; i < 3; i++)
		CPU_SET(i, &allowed);
	assert_int_equal(sysconf(_SC_CLK_TCK), 100);
	assert_int_equal(erg_placement_open(b.tree.dir, &allowed, &b.p, &err), 0);
	*state = &b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	erg_placement_free(b->p);
	tree_free(&b->tree);
	return 0;
}

static void first_look_stays(void **state)
{
	assert_int_equal(look(*state, 2, 0, 0, 0, 100), 2);
}

static void leaves_a_busy_cpu(void **state)
{
	struct bench *b = *state;

	look(b, 2, 0, 0, 0, 0);
	assert_int_equal(look(b, 2, 0, 5, 1, 99), 1);
	assert_int_equal(look(b, 1, 0, 5, 1, 99), 1);
}

static void the_last_of_equals(void **state)
{
	struct bench *b = *state;

	look(b, 0, 0, 0, 0, 0);
	assert_int_equal(look(b, 0, 0, 99, 3, 3), 2);
}

static void no_move_for_little(void **state)
{
	struct bench *b = *state;

	look(b, 2, 0, 0, 0, 0);
	assert_int_equal(look(b, 2, 0, 91, 92, 100), 2);
}

/* 15 ticks on CPU 2, all of them the sampler's: nobody is disturbed. */
static void own_time_is_no_load(void **state)
{
	struct bench *b = *state;

	look(b, 2, SECOND, 0, 0, 0);
	assert_int_equal(look(b, 2, SECOND + 150000000, 0, 0, 15), 2);
	assert_int_equal(look(b, 2, SECOND + 150000000, 0, 0, 15), 1);
}

static void offline_cpus_are_left_and_not_entered(void **state)
{
	struct bench *b = *state;

	look(b, 2, 0, 0, 0, 0);
	assert_int_equal(look(b, 2, 0, 80, OFFLINE, 99), 0);
	b->ticks[1] = b->ticks[2] = 0;
	assert_int_equal(look(b, 2, 0, 80, 50, OFFLINE), 1);
}

static void only_where_it_may(void **state)
{
	struct bench *b = *state;
	struct erg_err err;
	cpu_set_t allowed;

	erg_placement_free(b->p);
	CPU_ZERO(&allowed);
	CPU_SET(0, &allowed);
	CPU_SET(2, &allowed);
	assert_int_equal(erg_placement_open(b->tree.dir, &allowed, &b->p, &err), 0);
	look(b, 2, 0, 0, 0, 0);
	assert_int_equal(look(b, 2, 0, 50, 0, 99), 0);
}

static void a_file_that_is_gone(void **state)
{
	struct bench *b = *state;
	struct erg_placement *p = NULL;
	struct erg_err err;
	cpu_set_t allowed;

	CPU_ZERO(&allowed);
	assert_true(erg_placement_open("/nonexistent", &allowed, &p, &err) < 0);
	assert_null(p);
	look(b, 2, 0, 0, 0, 0);
	tree_bytes(&b->tree, "stat", "", 0);
	assert_int_equal(erg_placement_look(b->p, 2, 0, b->now_ns + SECOND), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_look_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(leaves_a_busy_cpu, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_of_equals, setup, teardown),
		cmocka_unit_test_setup_teardown(no_move_for_little, setup, teardown),
		cmocka_unit_test_setup_teardown(own_time_is_no_load, setup, teardown),
		cmocka_unit_test_setup_teardown(offline_cpus_are_left_and_not_entered, setup,
			teardown),
		cmocka_unit_test_setup_teardown(only_where_it_may, setup, teardown),
		cmocka_unit_test_setup_teardown(a_file_that_is_gone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
