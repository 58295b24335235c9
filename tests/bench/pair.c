/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cost of erg_begin + erg_end, linked as an application links it (liberg.so): with no session
 * against an empty loop, and recorded against two raw LTTng tracepoints in the same session.
 * tests/bench/pair runs it: it says "off" and waits for a line, then "on".
 */
#include "tests/bench/bench.h"
#include "tests/bench/raw_provider.h"
#include "tracepoints/erg.h"

static uint32_t layer;

static void empty(long n)
{
	for (long i = 0; i < n; i++)
		__asm__ volatile("" ::: "memory");
}

static void pair(long n)
{
	for (long i = 0; i < n; i++) {
		__asm__ volatile("" ::: "memory");
		erg_begin(layer);
		erg_end(layer);
	}
}

static void raw(long n)
{
	for (long i = 0; i < n; i++) {
		lttng_ust_tracepoint(ergbench, begin, layer, (uint32_t)i);
		lttng_ust_tracepoint(ergbench, end, layer, (uint32_t)i);
	}
}

static void wait_for_session(void)
{
	char line[16];

	puts("waiting for a session");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin) || !erg_enabled()) {
		fputs("bench-pair: no session records ergtrace:*\n", stderr);
		exit(1);
	}
}

int main(void)
{
	struct erg_layer_info info = {.size = sizeof(info), .name = "conv1", .type = "conv"};
	static struct bench off[] = {{"empty loop", empty, 200000, {0}},
		{"pair, no session", pair, 200000, {0}}};
	static struct bench on[] = {{"two raw LTTng tracepoints", raw, 5000, {0}},
		{"pair, recorded", pair, 5000, {0}}};
	int missed = 0;

	layer = erg_layer(erg_network("bench"), &info);
	if (erg_enabled()) {
		fputs("bench-pair: a session records already; end it first\n", stderr);
		return 1;
	}
	bench_run(off, 2);
	wait_for_session();
	bench_run(on, 2);
	bench_print(off, 2);
	bench_print(on, 2);
	missed += bench_bound("pair recorded / two raw tracepoints",
		bench_ratio(&on[1], &on[0], NULL), 0.75, "");
	missed += bench_bound("pair without a session, beyond the empty loop",
		bench_median(off[1].ns) - bench_median(off[0].ns), 2.0, " ns");
	return missed ? 3 : 0;
}
