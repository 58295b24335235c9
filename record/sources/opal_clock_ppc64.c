/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * On POWER the timebase can be read: it is the clocksource of CLOCK_MONOTONIC, which follows it
 * but for NTP's slewing. The offset is taken afresh each time, between two readings of the
 * timebase, and kept when the bracket is wide (we were interrupted).
 */
#include "record/sources/opal_clock.h"

#include "formats/base/util.h"

#define BRACKET_TICKS 5120 /* 10 us */

bool erg_timebase_measure(struct erg_timebase *tb)
{
	uint64_t before = __builtin_ppc_get_timebase();
	uint64_t now = erg_mono_ns();
	uint64_t after = __builtin_ppc_get_timebase();

	if (!tb->known || after - before < BRACKET_TICKS)
		tb->offset_ns = (int64_t)now - erg_timebase_ns(before + (after - before) / 2);
	tb->known = true;
	return true;
}
