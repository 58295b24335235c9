/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For comparison, what others take for one interval: a call instrumented for uftrace (this file is
 * compiled with -pg, and run under uftrace).
 */
#include "tests/bench/bench.h"

void called(void);

__attribute__((noinline)) void called(void)
{
	__asm__ volatile("" ::: "memory");
}

__attribute__((no_instrument_function)) static void calls(long n)
{
	for (long i = 0; i < n; i++)
		called();
}

__attribute__((no_instrument_function)) int main(void)
{
	static struct bench b[] = {{"a call traced by uftrace", calls, 5000, {0}}};

	bench_run(b, 1);
	bench_print(b, 1);
	return 0;
}
