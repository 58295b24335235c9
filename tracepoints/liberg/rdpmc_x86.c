/* SPDX-License-Identifier: MIT */
/* Counters of x86 by rdpmc, and the clock of their times by rdtsc. */
#include <x86intrin.h>

#include "tracepoints/liberg/internal.h"

uint64_t erg_rdpmc_config1(uint32_t type)
{
	(void)type; /* they may be read without being asked for */
	return 0;
}

uint64_t erg_rdpmc_clock(void)
{
	return __rdtsc();
}

uint64_t erg_rdpmc_counter(uint32_t counter)
{
	return __rdpmc((int)counter);
}
