/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Buffers as large as the events of a rotation need, within what memory there is. */
#include "record/session/buffers.h"

#include <sys/statvfs.h>
#include <sys/sysinfo.h>

/* A power of two from LEAST on. */
static uint64_t power_of_two_above(double v, uint64_t least)
{
	uint64_t p = least;

	while ((double)p < v && p < (1ull << 30))
		p <<= 1;
	return p;
}

struct erg_session_buffers erg_session_buffers_plan(double bytes_per_s, double hold_s,
	unsigned cpus, uint64_t limit, uint64_t page)
{
	struct erg_session_buffers b = {.count = 8};

	b.size = power_of_two_above(bytes_per_s * hold_s / (double)b.count, page);
	if (b.size > 1 << 20) {
		b.count = power_of_two_above(bytes_per_s * hold_s, page) / (1 << 20);
		b.size = 1 << 20;
	}
	while (b.count > 4 && b.size * b.count * cpus > limit)
		b.count /= 2;
	while (b.size > page && b.size * b.count * cpus > limit)
		b.size /= 2;
	return b;
}

uint64_t erg_session_buffers_limit(void)
{
	struct sysinfo si;
	struct statvfs v;
	uint64_t limit = UINT64_MAX;

	if (sysinfo(&si) == 0)
		limit = (uint64_t)si.totalram * si.mem_unit / 16;
	if (statvfs("/dev/shm", &v) == 0 && (uint64_t)v.f_bavail * v.f_frsize / 3 < limit)
		limit = (uint64_t)v.f_bavail * v.f_frsize / 3;
	return limit;
}
