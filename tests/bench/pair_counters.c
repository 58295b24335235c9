/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cost of counters at the boundaries: a recorded pair with counters against the pair without
 * and one read of the same group, done one after the other in one loop: after a system call code
 * runs slower than the sum of two loops says, and that is not the pair's doing. All in one process,
 * which is why this one links the inside of liberg: it switches the counters on and off.
 */
#include <string.h>

#include "tests/bench/bench.h"
#include "tracepoints/liberg/internal.h"

static uint32_t layer, n_counters;
static struct erg_perf *group;

static void pair(long n)
{
	for (long i = 0; i < n; i++) {
		erg_begin(layer);
		erg_end(layer);
	}
}

static void plain(long n)
{
	atomic_store(&erg_state_.counters, 0);
	pair(n);
}

static void counted(long n)
{
	atomic_store(&erg_state_.counters, n_counters);
	pair(n);
}

static void group_read(long n)
{
	struct erg_reading r;

	for (long i = 0; i < n; i++)
		erg_perf_read(group, n_counters, &r);
}

static void plain_and_read(long n)
{
	struct erg_reading r;

	atomic_store(&erg_state_.counters, 0);
	for (long i = 0; i < n; i++) {
		erg_begin(layer);
		erg_end(layer);
		erg_perf_read(group, n_counters, &r);
	}
}

/* Hardware events where the machine has them, software events elsewhere. */
static const char *choose(void)
{
	static const struct {
		const char *names, *spec;
		struct erg_perf_spec specs[2];
	} choices[] = {
		{"instructions, cycles", "instructions=0:1;cycles=0:0",
			{{(char *)"instructions", 0, 1, 0, 0}, {(char *)"cycles", 0, 0, 0, 0}}},
		{"task-clock, page-faults (no hardware events here)", "task=1:1;faults=1:2",
			{{(char *)"task", 1, 1, 0, 0}, {(char *)"faults", 1, 2, 0, 0}}},
	};

	for (int i = 0; i < 2; i++) {
		struct erg_reading r = {0};

		group = erg_perf_open(choices[i].specs, 2, false);
		if (group)
			erg_perf_read(group, 2, &r);
		if (group && r.values[0] != INT64_MIN && r.values[1] != INT64_MIN) {
			printf("  counters: %s\n", choices[i].names);
			return choices[i].spec;
		}
		erg_perf_close(group);
	}
	return NULL;
}

int main(void)
{
	struct erg_layer_info info = {.size = sizeof(info), .name = "conv1", .type = "conv"};
	static struct bench b[] = {{"pair", plain, 5000, {0}},
		{"one group read", group_read, 5000, {0}},
		{"pair and one group read", plain_and_read, 5000, {0}},
		{"pair with counters", counted, 5000, {0}}};
	const char *spec;
	int rc = 0;

	layer = erg_layer(erg_network("bench"), &info);
	if (!erg_enabled()) {
		fputs("bench-pair-counters: no session records ergtrace:*\n", stderr);
		return 1;
	}
	spec = choose();
	if (!spec) {
		puts("pair with counters: skipped, perf events are not permitted here");
		return 0;
	}
	erg_counters_init(spec);
	n_counters = erg_counters_n();
	bench_run(b, 4);
	bench_print(b, 4);
	printf("  against the sum of the two loops: %.3f\n", bench_ratio(&b[3], &b[0], &b[1]).mid);
	bench_bound("pair with counters / (pair and one group read)",
		bench_ratio(&b[3], &b[2], NULL), 1.15, "", &rc);
	return rc;
}
