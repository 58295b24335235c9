/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A thread of the sampler wakes for what is due and for nothing else: sources that are slower than the
 * period of the thread's grid are each read at their own rate, and every deadline that was not missed
 * read something, with one sleep before it. It sleeps also where clock_nanosleep is refused.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/sampler/worker.h"

static uint64_t calls[2];
static bool refuse;
static uint64_t sleeps, refused;

/* The worker's sleep, in place of the C library's. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
	__atomic_add_fetch(&sleeps, 1, __ATOMIC_RELAXED);
	if (refuse) {
		refused++;
		return EPERM;
	}
	return syscall(SYS_clock_nanosleep, clock, flags, t, left) < 0 ? errno : 0;
}

static int count(struct erg_source *s, int64_t *values, uint64_t *native)
{
	__atomic_add_fetch(&calls[s->n_channels - 1], 1, __ATOMIC_RELAXED);
	return ERG_READ_NOTHING; /* nothing is emitted: there is no session */
}

static void test_it_wakes_for_what_is_due(void **state)
{
	static const struct erg_source_ops ops = {.kind = "count", .read = count};
	struct erg_source fast = {.ops = &ops, .n_channels = 1},
			  slow = {.ops = &ops, .n_channels = 2};
	bool stop = false;
	struct erg_worker w = {.stop = &stop, .period_ns = 1000000, .dither = .1};
	struct erg_err err = {0};
	uint64_t deadlines;

	assert_int_equal(erg_worker_adopt(&w, &fast, 0, 20000000), 0);
	assert_int_equal(erg_worker_adopt(&w, &slow, 1, 50000000), 0);
	erg_worker_sources_start(&w, NULL, NULL);
	assert_int_equal(erg_worker_start(&w, -1, &err), 0);
	for (int i = 0; i < 1000 &&
		(__atomic_load_n(&calls[0], __ATOMIC_RELAXED) < 12 ||
			__atomic_load_n(&calls[1], __ATOMIC_RELAXED) < 4);
		i++)
		usleep(10000);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	erg_worker_join(&w);
	assert_true(calls[0] >= 12 && calls[1] >= 4);
	deadlines = w.deadlines - w.missed;
	assert_true(deadlines > 0 && deadlines <= calls[0] + calls[1]);
	/* the slow one is read at the rate that is its own, not at every waking */
	assert_true(calls[1] < calls[0]);
	free(w.members);
}

static void test_it_sleeps_once_for_a_deadline(void **state)
{
	static const struct erg_source_ops ops = {.kind = "count", .read = count};
	struct erg_source slow = {.ops = &ops, .n_channels = 1};
	bool stop = false;
	struct erg_worker w = {.stop = &stop, .period_ns = 1000000, .dither = .1};
	struct erg_err err = {0};

	calls[0] = sleeps = 0;
	assert_int_equal(erg_worker_adopt(&w, &slow, 0, 120000000), 0);
	erg_worker_sources_start(&w, NULL, NULL);
	assert_int_equal(erg_worker_start(&w, -1, &err), 0);
	for (int i = 0; i < 1000 && __atomic_load_n(&calls[0], __ATOMIC_RELAXED) < 6; i++)
		usleep(10000);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	erg_worker_join(&w);
	assert_true(calls[0] >= 6);
	assert_true(sleeps > 0 && sleeps <= calls[0] + 1);
	free(w.members);
}

static void test_it_sleeps_in_a_sandbox(void **state)
{
	calls[0] = calls[1] = 0;
	refuse = true;
	test_it_wakes_for_what_is_due(state);
	refuse = false;
	/* once a deadline, and where the next is not near a few times more */
	assert_true(refused > 0 && refused < 10 * (calls[0] + calls[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_it_wakes_for_what_is_due),
		cmocka_unit_test(test_it_sleeps_once_for_a_deadline),
		cmocka_unit_test(test_it_sleeps_in_a_sandbox)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
