/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The cost of erg_begin + erg_end, linked as an application links it (liberg.so): with no session
 * against an empty loop, and recorded, as erg-record records it (contexts of the thread and the
 * process, the page that counts layers), against two raw LTTng tracepoints without any of that.
 * Beside it what no event with both times of a layer can go below: one raw tracepoint and one
 * reading of the clock.
 *
 * tests/bench/pair runs it: it says "waiting" and waits for a line, then measures with the session.
 * "bench-pair page FILE" makes the page, as the recorder does.
 */
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/raw_provider.h"
#include "tracepoints/erg.h"
#include "tracepoints/live_page.h"

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

static void least(long n)
{
	for (long i = 0; i < n; i++) {
		struct timespec ts;

		clock_gettime(CLOCK_MONOTONIC, &ts);
		__asm__ volatile("" : : "r"(&ts) : "memory");
		lttng_ust_tracepoint(ergbench, end, layer, (uint32_t)i);
	}
}

static int page(const char *path)
{
	const struct erg_live_page head = {.magic = ERG_LIVE_MAGIC,
		.version = ERG_LIVE_VERSION,
		.size = sizeof(head)};
	FILE *f = fopen(path, "w");

	if (!f || fwrite(&head, offsetof(struct erg_live_page, threads), 1, f) != 1 || fflush(f) ||
		ftruncate(fileno(f), (off_t)sizeof(head)) || fclose(f)) {
		perror(path);
		return 1;
	}
	return 0;
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

int main(int argc, char **argv)
{
	struct erg_layer_info info = {.size = sizeof(info), .name = "conv1", .type = "conv"};
	static struct bench off[] = {{"empty loop", empty, 200000, {0}},
		{"pair, no session", pair, 200000, {0}}};
	static struct bench on[] = {{"two raw LTTng tracepoints", raw, 5000, {0}},
		{"pair, recorded", pair, 5000, {0}},
		{"one raw tracepoint, one reading of the clock", least, 5000, {0}}};
	struct bench_estimate floor_;
	int rc = 0;

	if (argc == 3 && !strcmp(argv[1], "page"))
		return page(argv[2]);
	layer = erg_layer(erg_network("bench"), &info);
	if (erg_enabled()) {
		fputs("bench-pair: a session records already; end it first\n", stderr);
		return 1;
	}
	bench_run(off, 2);
	wait_for_session();
	bench_run(on, 3);
	bench_print(off, 2);
	bench_print(on, 3);
	floor_ = bench_ratio(&on[2], &on[0], NULL);
	printf("  the last / two raw tracepoints: %.3f\n", floor_.mid);
	bench_bound("pair recorded / two raw tracepoints", bench_ratio(&on[1], &on[0], NULL), 0.6,
		"", &rc);
	bench_bound("pair without a session, beyond the empty loop",
		bench_difference(&off[1], &off[0]), 2.0, " ns", &rc);
	return rc;
}
