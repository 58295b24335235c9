/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the timebase cannot be read, or is another machine's (a copied or simulated tree), a stamp was
 * seen at the earliest when it was made, so the smallest difference between seeing and stamp ever met is
 * the best bound of the offset; it is late by the shortest delay met.
 */
#include "record/sources/opal_clock.h"

uint64_t erg_timebase_to_mono(struct erg_timebase *tb, uint64_t ticks, uint64_t now_ns)
{
	int64_t offset = (int64_t)now_ns - erg_timebase_ns(ticks);

	if (!tb->own || !erg_timebase_measure(tb)) {
		if (!tb->known || offset < tb->offset_ns)
			tb->offset_ns = offset;
		tb->known = true;
	}
	return (uint64_t)(erg_timebase_ns(ticks) + tb->offset_ns);
}
