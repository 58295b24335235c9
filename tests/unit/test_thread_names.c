/* SPDX-License-Identifier: MIT */
/*
 * Names of threads in liberg, without a session daemon: a probe of our own counts the events.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracepoints/liberg/internal.h"

static uint32_t n_events;

static void on_thread(void *data, uint32_t tid, const char *name)
{
	if (gettid() == getpid()) /* else the process is described to a session of somebody else */
		n_events++;
}

static int attach(void **state)
{
	return ERG_PROBE_ATTACH(lttng_ust_tracepoint_provider_register, thread_define, on_thread);
}

static int reset(void **state)
{
	n_events = 0;
	return 0;
}

/* Name that is kept of TID, "" if none; in *RET_N how many threads have one. */
static const char *kept_name(uint32_t tid, uint32_t *ret_n)
{
	const char *name = "";
	struct erg_thread_def t;

	*ret_n = 0;
	for (uint32_t i = 0; i < ERG_THREADS; i++) {
		if (!erg_registry_thread_get(i, &t))
			continue;
		++*ret_n;
		if (t.tid == tid)
			name = t.name;
	}
	return name;
}

static void a_thread_has_its_last_name(void **state)
{
	uint32_t n;

	erg_thread_name_of(100, "a");
	erg_thread_name_of(100, "a");
	assert_int_equal(n_events, 1);
	erg_thread_name_of(101, "b\xff");
	erg_thread_name_of(100, "c");
	assert_int_equal(n_events, 3);
	erg_thread_name_of(100, NULL);
	erg_thread_name_of(0, "nobody");
	assert_int_equal(n_events, 3);
	assert_string_equal(kept_name(100, &n), "c");
	assert_memory_equal(kept_name(101, &n), "b?~", 3);
	assert_int_equal(n, 2);
	erg_thread_name("self");
	assert_string_equal(kept_name((uint32_t)gettid(), &n), "self");
}

static void a_child_keeps_the_name_of_the_thread_that_forked(void **state)
{
	uint32_t n;
	int status;
	pid_t pid;

	erg_thread_name("forker");
	erg_thread_name_of(100, "another");
	pid = fork();
	if (pid == 0) {
		const char *name = kept_name((uint32_t)getpid(), &n);

		_exit(n == 1 && !strcmp(name, "forker") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(kept_name(100, &n), "another");
}

/* Last, because no further names are kept afterwards. */
static void names_take_bounded_memory(void **state)
{
	char name[32];
	uint32_t n;

	for (uint32_t i = 0; i < 2 * ERG_THREADS; i++)
		erg_thread_name_of(1000 + i, "pool");
	assert_string_equal(kept_name(1000, &n), "");
	assert_int_equal(n, ERG_THREADS);
	assert_string_equal(kept_name(1000 + 2 * ERG_THREADS - 1, &n), "pool");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		erg_thread_name_of(7, name);
	}
	assert_int_equal(n_events, 2 * ERG_THREADS + 5000);
	/* An old name would be wrong: there is none. */
	assert_string_equal(kept_name(7, &n), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_thread_has_its_last_name, reset),
		cmocka_unit_test_setup(a_child_keeps_the_name_of_the_thread_that_forked, reset),
		cmocka_unit_test_setup(names_take_bounded_memory, reset),
	};

	return cmocka_run_group_tests_name("thread names", tests, attach, NULL);
}
