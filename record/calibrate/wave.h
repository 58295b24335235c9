/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_WAVE_H
#define ERG_RECORD_WAVE_H

/*
 * The workload of `erg-record calibrate`: a pseudo-random square wave of busy and idle, recorded as
 * layers, whose true edges are known to the nanosecond. What a sensor makes of the edges gives its
 * lag and window.
 */
#include <stdint.h>

/* Bits of a maximum-length sequence of period 1023 (x^10 + x^7 + 1), the next one at each call.
 * *STATE begins with any value of 1 to 1023. */
unsigned erg_wave_next(uint32_t *state);

/* Emits the layers, plays SECONDS of the wave with bits of CHIP_NS on THREADS threads. */
int erg_wave_play(const char *run_id, double seconds, uint64_t chip_ns, unsigned threads);

#endif
