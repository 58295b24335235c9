/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_ARRIVED_H
#define ERG_RECORD_ARRIVED_H

/*
 * Whether all of a recording is there. A connection, a daemon or a machine may end between any two
 * packets, so that everything that is there looks whole.
 */
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/spool/spool.h"

#define ERG_ARRIVED_TEXT 256

struct erg_arrived {
	char why[ERG_ARRIVED_TEXT];   /* what is missing, in one line; "": nothing */
	char first[ERG_ARRIVED_TEXT]; /* of the streams that end too early the first, or "" */
	uint64_t last_ns;             /* end of the last packet of all streams; 0: there is none */
	/* What any stream says of the time before this is there, as long as packets were written within
	 * a period of being closed; LAST_NS when no stream ends too early. */
	uint64_t whole_ns;
};

/*
 * CHUNKS are all chunks of a recording, in the order of time; nothing of it is after UNTIL_NS
 * (CLOCK_MONOTONIC), or, when that is 0, after the last packet. Returns 0 when each stream's last packet ends
 * then or later and the metadata of each trace is whole, and 1 when not. A negative errno when a file
 * cannot be read.
 */
int erg_arrived_check(const struct erg_spool_chunks *chunks, uint64_t until_ns,
	struct erg_arrived *ret, struct erg_err *err);

#endif
