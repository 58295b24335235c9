/* SPDX-License-Identifier: MIT */
/*
 * Counters of the kernel at the boundaries of layers, with software events, which every machine
 * has. Where perf events are forbidden the tests that need them are skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tracepoints/liberg/internal.h"

#define SPEC "faults=1:2;nonsense;task_clock=1:1;cpu_clock=1:0;unknown=ffff:1"

static uint32_t n_seen;
static int64_t deltas[ERG_MAX_COUNTERS];
static uint64_t running;

static void on_counted(void *data, uint32_t id, uint32_t iteration, uint64_t begin,
	uint64_t time_enabled, uint64_t time_running, const int64_t *d, uint32_t n)
{
	assert_int_equal(n, erg_counters_n());
	n_seen++;
	running = time_running;
	memcpy(deltas, d, n * sizeof(*d));
}

static int setup(void **state)
{
	erg_counters_init(SPEC);
	return ERG_PROBE_ATTACH(lttng_ust_tracepoint_provider_register, layer_counted, on_counted);
}

static void the_environment_is_parsed(void **state)
{
	assert_int_equal(erg_counters_n(), 4);
	assert_string_equal(erg_counters_get(0)->name, "faults");
	assert_string_equal(erg_counters_get(1)->name, "task_clock");
	assert_string_equal(erg_counters_get(3)->origin, "perf");
	assert_null(erg_counters_get(4));
}

static void touch_pages(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	madvise(p, n * page, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < n; i++)
		((volatile char *)p)[i * page] = 1;
	munmap(p, n * page);
}

static void a_layer_carries_what_it_counted(void **state)
{
	char name[] = "faults";
	struct erg_perf_spec probe = {name, 1, 2, 0, 0};
	struct erg_perf *p = erg_perf_open(&probe, 1, false);
	uint32_t net = erg_network("counted"), inner = erg_module(net, "inner", "x");

	if (!p)
		skip();
	erg_perf_close(p);
	erg_begin(net);
	touch_pages(100);
	erg_begin(inner);
	touch_pages(300);
	erg_end(inner);
	assert_int_equal(n_seen, 1);
	assert_in_range(deltas[0], 300, 350);
	assert_true(deltas[1] > 0);
	assert_true(deltas[2] > 0);
	assert_true(running > 0);
	assert_true(deltas[3] == INT64_MIN); /* a type of event that no kernel has */
	erg_end(net);
	assert_int_equal(n_seen, 2);
	assert_in_range(deltas[0], 400, 500);
}

static void *helper(void *arg)
{
	touch_pages(500);
	return NULL;
}

/* What a helper thread does, with and without inheritance. */
static void helpers_are_counted_when_asked_for(void **state)
{
	char name[] = "faults";
	struct erg_perf_spec faults = {name, 1, 2, 0, 0};
	struct erg_perf *own = erg_perf_open(&faults, 1, false);
	struct erg_perf *all = erg_perf_open(&faults, 1, true);
	struct erg_reading begin[2], end[2];
	pthread_t t;

	if (!own || !all)
		skip();
	erg_perf_read(own, 1, &begin[0]);
	erg_perf_read(all, 1, &begin[1]);
	assert_int_equal(pthread_create(&t, NULL, helper, NULL), 0);
	pthread_join(t, NULL);
	erg_perf_read(own, 1, &end[0]);
	erg_perf_read(all, 1, &end[1]);
	assert_in_range(end[0].values[0] - begin[0].values[0], 0, 100);
	assert_in_range(end[1].values[0] - begin[1].values[0], 500, 700);
	erg_perf_close(own);
	erg_perf_close(all);
}

/* Whether the kernel lets programs read the processor's counters, by what it says itself. */
static bool may_read_alone(void)
{
#if defined(__x86_64__)
	FILE *f = fopen("/sys/bus/event_source/devices/cpu/rdpmc", "r");
#else
	FILE *f = fopen("/proc/sys/kernel/perf_user_access", "r");
#endif
	int c = f ? fgetc(f) : '0';

	if (f)
		fclose(f);
	return c != '0' && c != EOF;
}

#define ROUNDS 1000000

/* Two instructions a round. */
static void spin(void)
{
	long n = ROUNDS;

#if defined(__x86_64__)
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
#elif defined(__aarch64__)
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n) : : "cc");
#else
	(void)n; /* there are no such reads */
#endif
}

/* With the event's file closed nobody can ask the kernel, and the page stays mapped. */
static void counters_are_read_without_the_kernel(void **state)
{
	char name[] = "instructions";
	struct erg_perf_spec spec = {name, 0, 1, 0, 0};
	struct erg_reading a, b;
	int fd = open("/dev/null", O_RDONLY); /* the number of the file that is opened next */
	struct erg_perf *p;

	close(fd);
	p = may_read_alone() ? erg_perf_open(&spec, 1, false) : NULL;
	if (!p)
		skip();
	assert_int_equal(close(fd), 0);
	for (int i = 0; i < 100; i++) { /* not while other events have their turn */
		erg_perf_read(p, 1, &a);
		spin();
		erg_perf_read(p, 1, &b);
		if (a.values[0] != INT64_MIN && b.values[0] != INT64_MIN)
			break;
	}
	assert_in_range(b.values[0] - a.values[0], 2 * ROUNDS, 2 * ROUNDS + ROUNDS / 10);
	assert_true(b.running > a.running);
	erg_perf_close(p);
}

static void differences_keep_what_is_missing(void **state)
{
	struct erg_reading a = {10, 5, 2, {3, INT64_MIN}}, b = {30, 15, 3, {9, 4, 11}}, d;

	erg_counters_diff(&a, &b, &d);
	assert_int_equal(d.enabled, 20);
	assert_int_equal(d.running, 10);
	assert_int_equal(d.n, 3);
	assert_int_equal(d.values[0], 6);
	assert_true(d.values[1] == INT64_MIN);
	assert_int_equal(d.values[2], 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_is_parsed),
		cmocka_unit_test(a_layer_carries_what_it_counted),
		cmocka_unit_test(helpers_are_counted_when_asked_for),
		cmocka_unit_test(counters_are_read_without_the_kernel),
		cmocka_unit_test(differences_keep_what_is_missing),
	};

	return cmocka_run_group_tests_name("perf_group", tests, setup, NULL);
}
