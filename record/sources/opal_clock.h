/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_OPAL_CLOCK_H
#define ERG_RECORD_SOURCES_OPAL_CLOCK_H

/* The timebase of POWER (512 MHz, Power ISA book II 4) on CLOCK_MONOTONIC. */
#include <stdbool.h>
#include <stdint.h>

struct erg_timebase {
	bool own; /* it is this machine's: its sensors are read in /sys, not in a copied or simulated tree */
	bool known;
	int64_t offset_ns; /* CLOCK_MONOTONIC minus timebase */
};

static inline int64_t erg_timebase_ns(uint64_t ticks)
{
	return (int64_t)(ticks / 64 * 125 + ticks % 64 * 125 / 64);
}

/* Time of TICKS, which was seen at NOW_NS and so lies before it. */
uint64_t erg_timebase_to_mono(struct erg_timebase *tb, uint64_t ticks, uint64_t now_ns);

/* Measures the offset where the timebase can be read; false elsewhere. */
bool erg_timebase_measure(struct erg_timebase *tb);

#endif
