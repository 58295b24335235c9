/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PACKETS_H
#define ERG_RECORD_PACKETS_H

/*
 * Raw chunks that nobody closed: cuts each file of a chunk behind its last complete packet, so that
 * every reader of CTF can read what is there.
 */
#include <stdint.h>

#include "formats/err.h"

struct erg_packets_report {
	uint64_t packets;    /* complete ones, of events */
	uint64_t cut_bytes;  /* of incomplete packets, removed */
	uint64_t cut_files;  /* files that were cut */
	uint64_t unreadable; /* traces without any metadata: left out */
	uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC: span of the complete packets; 0: none */
};

/*
 * Repairs all traces below CHUNK in place and adds to *report. PREVIOUS: the chunk before it, whose
 * metadata is taken where this chunk's is missing or shorter (they describe the same events); NULL
 * for none.
 */
int erg_packets_repair(const char *chunk, const char *previous, struct erg_packets_report *report,
	struct erg_err *err);

#endif
