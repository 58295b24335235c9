/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an adapter adds to a pair of erg.h while a session records: NVTX push and pop, an ITT task,
 * a Streamline channel, each through the interface that its framework uses.
 */
#include "streamline_annotate.h"
#include "tests/bench/bench.h"
#include "tests/trace/itt.h"
#include "tests/trace/nvtx.h"
#include "tracepoints/erg.h"

static uint32_t layer;
static struct itt_domain domain = {.flags = 1, .name = "bench"};
static struct itt_string task_name = {.text = "fire2/squeeze1x1"};

static void pair(long n)
{
	for (long i = 0; i < n; i++) {
		erg_begin(layer);
		erg_end(layer);
	}
}

static void nvtx(long n)
{
	int (*push)(const char *) = NVTX_CORE(NVTX_RANGE_PUSH_A, int (*)(const char *));
	int (*pop)(void) = NVTX_CORE(NVTX_RANGE_POP, int (*)(void));

	for (long i = 0; i < n; i++) {
		push("fire2/squeeze1x1");
		pop();
	}
}

static void itt(long n)
{
	const struct itt_id none = {0, 0, 0};

	for (long i = 0; i < n; i++) {
		ITT_CALL(ITT_TASK_BEGIN, itt_task_begin)(&domain, none, none, &task_name);
		ITT_CALL(ITT_TASK_END, itt_task_end)(&domain);
	}
}

static void streamline(long n)
{
	for (long i = 0; i < n; i++) {
		ANNOTATE_CHANNEL(1, "fire2/squeeze1x1");
		ANNOTATE_CHANNEL_END(1);
	}
}

static void markers(long n)
{
	ANNOTATE_MARKER_STR("start");
	for (long i = 0; i < n; i++)
		ANNOTATE_MARKER_STR("fire2/squeeze1x1___conv");
	ANNOTATE_MARKER_STR("end");
}

int main(void)
{
	struct erg_layer_info info = {.size = sizeof(info),
		.name = "fire2/squeeze1x1",
		.type = "conv"};
	static struct bench b[] = {{"pair of erg.h", pair, 5000, {0}},
		{"NVTX push, pop", nvtx, 5000, {0}}, {"ITT task", itt, 5000, {0}},
		{"Streamline channel", streamline, 5000, {0}},
		{"Streamline marker", markers, 5000, {0}}};
	int rc = 0;

	if (!nvtx_start() || !itt_start() || !erg_enabled()) {
		fputs("bench-pair-adapters: tests/bench/pair sets its environment\n", stderr);
		return 1;
	}
	layer = erg_layer(erg_network("bench"), &info);
	bench_run(b, 5);
	bench_print(b, 5);
	for (int i = 1; i < 5; i++) {
		char what[64];

		snprintf(what, sizeof(what), "%s, beyond the pair", b[i].name);
		bench_bound(what, bench_difference(&b[i], &b[0]), 150, " ns", &rc);
	}
	return rc;
}
