/* SPDX-License-Identifier: MIT */
/*
 * Reading a counter from user space, with the page that the kernel maps beside the event. The protocol
 * (sequence lock, sign extension by pmc_width, the times extrapolated by the processor's clock, of which
 * some have fewer than 64 bits) is that of the comment on struct perf_event_mmap_page in
 * <linux/perf_event.h>. The instructions are in rdpmc_x86.c and rdpmc_aarch64.c.
 */
#include <linux/perf_event.h>

#include "tracepoints/liberg/internal.h"

bool erg_rdpmc_possible(const struct perf_event_mmap_page *page)
{
	return page->cap_user_rdpmc && page->cap_user_time && page->pmc_width > 0 &&
		page->pmc_width <= 64;
}

bool erg_rdpmc_read(const struct perf_event_mmap_page *page, int64_t *ret_value,
	uint64_t *ret_enabled, uint64_t *ret_running)
{
	const volatile struct perf_event_mmap_page *p = page;
	uint32_t seq, index;

	do {
		uint64_t cycles, mult, delta;
		uint32_t shift;
		int64_t pmc;

		seq = p->lock;
		__asm__ volatile("" ::: "memory");
		index = p->index;
		if (!index || !p->cap_user_rdpmc)
			return false;
		*ret_enabled = p->time_enabled;
		*ret_running = p->time_running;
		cycles = erg_rdpmc_clock();
		if (p->cap_user_time_short)
			cycles = p->time_cycles + ((cycles - p->time_cycles) & p->time_mask);
		mult = p->time_mult;
		shift = p->time_shift;
		delta = p->time_offset + (cycles >> shift) * mult +
			(((cycles & (((uint64_t)1 << shift) - 1)) * mult) >> shift);
		pmc = (int64_t)erg_rdpmc_counter(index - 1);
		pmc = (int64_t)((uint64_t)pmc << (64 - p->pmc_width)) >> (64 - p->pmc_width);
		*ret_value = p->offset + pmc;
		*ret_enabled += delta;
		*ret_running += delta;
		__asm__ volatile("" ::: "memory");
	} while (p->lock != seq);
	return true;
}
