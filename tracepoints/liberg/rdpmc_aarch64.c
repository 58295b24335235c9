/* SPDX-License-Identifier: MIT */
/*
 * Counters of ARM's PMUv3 by their registers, and the clock of their times by the virtual timer's. The
 * kernel (Linux 5.17 and later) allows it where kernel.perf_user_access is 1, for events that ask for it; each
 * register has a number in the instruction, so there is one for each. Documentation/arm64/perf.rst.
 */
#include <linux/perf_event.h>

#include "tracepoints/liberg/internal.h"

#define USER_ACCESS 2u /* config1:1, "rdpmc" */
#define CYCLES 31u

uint64_t erg_rdpmc_config1(uint32_t type)
{
	return type == PERF_TYPE_HARDWARE || type == PERF_TYPE_HW_CACHE || type == PERF_TYPE_RAW
		? USER_ACCESS
		: 0;
}

uint64_t erg_rdpmc_clock(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
}

/* PMEVCNTR<N>_EL0 is S3_3_C14_C<8 + N / 8>_<N % 8>. */
#define COUNTER(n, m, op)                                                                          \
	case n:                                                                                    \
		__asm__ volatile("mrs %0, S3_3_C14_C" #m "_" #op : "=r"(v));                       \
		return v
#define COUNTERS(n, m)                                                                             \
	COUNTER(n, m, 0);                                                                          \
	COUNTER(n + 1, m, 1);                                                                      \
	COUNTER(n + 2, m, 2);                                                                      \
	COUNTER(n + 3, m, 3);                                                                      \
	COUNTER(n + 4, m, 4);                                                                      \
	COUNTER(n + 5, m, 5);                                                                      \
	COUNTER(n + 6, m, 6)

uint64_t erg_rdpmc_counter(uint32_t counter)
{
	uint64_t v = 0;

	switch (counter) {
		COUNTERS(0, 8);
		COUNTER(7, 8, 7);
		COUNTERS(8, 9);
		COUNTER(15, 9, 7);
		COUNTERS(16, 10);
		COUNTER(23, 10, 7);
		COUNTERS(24, 11);
	case CYCLES: /* PMCCNTR_EL0 */
		__asm__ volatile("mrs %0, S3_3_C9_C13_0" : "=r"(v));
		return v;
	default:
		return v;
	}
}
