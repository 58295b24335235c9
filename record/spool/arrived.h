/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_ARRIVED_H
#define ERG_RECORD_ARRIVED_H

/*
 * Whether all of a streamed recording has arrived. The connection may end between any two packets, so
 * that everything that is there looks whole.
 */
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/spool/spool.h"

/*
 * CHUNKS are all chunks of a recording, in the order of time; nothing of it is after UNTIL_NS
 * (CLOCK_MONOTONIC). Returns 0 when each stream's last packet ends then or later and the metadata of each
 * trace is whole. Returns 1 when not, with what is missing, in one line, in WHY. A negative errno when a
 * file cannot be read.
 */
int erg_arrived_check(const struct erg_spool_chunks *chunks, uint64_t until_ns, char *why,
	size_t size, struct erg_err *err);

#endif
