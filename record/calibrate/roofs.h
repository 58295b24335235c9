/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_ROOFS_H
#define ERG_RECORD_ROOFS_H

/*
 * What this machine can do at most, for rooflines: nothing but multiplications and additions in registers,
 * then nothing but reading and writing of memory, in turn. In a recording they are the layers
 * "operations" and "bytes" of type "roof", whose energy an operation and a byte then have, too.
 */
#include "formats/base/err.h"

struct erg_roofs {
	double ops_per_s;   /* multiplications and additions on 32-bit floats */
	double bytes_per_s; /* read and written by a = b + s c, without what the caches add to it */
};

/* Half of SECONDS each, on THREADS threads. RUN_ID: of the recording, or "". -EAGAIN, -ENOMEM. */
int erg_roofs_play(const char *run_id, double seconds, unsigned threads, struct erg_roofs *ret,
	struct erg_err *err);

#endif
