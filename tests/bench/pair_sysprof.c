/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For comparison: a mark of sysprof, written to sysprof's own buffer while sysprof-cli records. */
#include <sysprof-capture.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static void mark(long n)
{
	for (long i = 0; i < n; i++) {
		int64_t t = SYSPROF_CAPTURE_CURRENT_TIME;

		sysprof_collector_mark(t, SYSPROF_CAPTURE_CURRENT_TIME - t, "bench", "conv1", NULL);
	}
}

int main(void)
{
	static struct bench b = {"a mark of sysprof", mark, 100, {0}};

	if (!sysprof_collector_is_active()) {
		puts("  a mark of sysprof: skipped, sysprof-cli gave no buffer");
		return 0;
	}
	for (int r = 0; r < BENCH_ROUNDS; r++) {
		double t = bench_now_ns();

		b.run(b.n);
		b.ns[r] = (bench_now_ns() - t) / (double)b.n;
		/* A full buffer refuses marks, which is quick: let sysprof-cli empty it. */
		usleep(10000);
	}
	bench_print(&b, 1);
	return 0;
}
