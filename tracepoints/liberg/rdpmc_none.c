/* SPDX-License-Identifier: MIT */
/* Processors where counters are not read from user space: the kernel reads them. */
#include "tracepoints/liberg/internal.h"

uint64_t erg_rdpmc_config1(uint32_t type)
{
	(void)type;
	return 0;
}

bool erg_rdpmc_possible(const struct perf_event_mmap_page *page)
{
	(void)page;
	return false;
}

bool erg_rdpmc_read(const struct perf_event_mmap_page *page, int64_t *ret_value,
	uint64_t *ret_enabled, uint64_t *ret_running)
{
	(void)page;
	(void)ret_value;
	(void)ret_enabled;
	(void)ret_running;
	return false;
}
