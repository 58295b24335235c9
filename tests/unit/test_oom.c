/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What control groups tell of processes that had no more memory, in trees as the kernel shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "record/run/oom.h"
#include "tests/unit/tree.h"

static uint64_t kills(const struct tree *t)
{
	char self[4096], mounts[4096];

	snprintf(self, sizeof(self), "%s/self", t->dir);
	snprintf(mounts, sizeof(mounts), "%s/cg", t->dir);
	return erg_oom_kills(self, mounts);
}

static const char events[] = "low 0\nhigh 0\nmax 340\noom 9\noom_kill 3\noom_group_kill 1\n";
static const char control[] = "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n";

static void of_version_2(void **state)
{
	struct tree *t = *state;

	tree_put(t, "self", "0::/user.slice/run-7.scope");
	tree_put(t, "cg/user.slice/run-7.scope/memory.events", "%s", events);
	assert_int_equal(kills(t), 3);
}

/* Both mounted: memory belongs to version 1; a controller that only begins so is another. */
static void of_version_1(void **state)
{
	struct tree *t = *state;

	tree_put(t, "self",
		"5:memory_recursive:/x\n4:cpuset,memory:/a:b/c\n1:name=systemd:/\n0::/");
	tree_put(t, "cg/memory/a:b/c/memory.oom_control", "%s", control);
	assert_int_equal(kills(t), 5);
}

/* The path is the machine's, what is mounted is the container's. */
static void in_a_container(void **state)
{
	struct tree *t = *state;

	tree_put(t, "self", "4:memory:/docker/0123\n0::/docker/0123");
	assert_int_equal(kills(t), 0);
	tree_put(t, "cg/memory/memory.oom_control", "%s", control);
	assert_int_equal(kills(t), 5);
}

static void not_told(void **state)
{
	struct tree *t = *state;

	assert_int_equal(kills(t), 0);
	tree_put(t, "self", "nonsense\n:\n4:\n\n0::/x");
	tree_put(t, "cg/x/memory.events", "low 0\nmax 7");
	assert_int_equal(kills(t), 0);
}

static int setup(void **state)
{
	static struct tree t;

	tree_new(&t);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	tree_free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_version_2, setup, teardown),
		cmocka_unit_test_setup_teardown(of_version_1, setup, teardown),
		cmocka_unit_test_setup_teardown(in_a_container, setup, teardown),
		cmocka_unit_test_setup_teardown(not_told, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
