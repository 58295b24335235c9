/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PACKETS_H
#define ERG_RECORD_PACKETS_H

/*
 * Raw chunks that nobody closed: cuts each file of a chunk behind its last complete packet, so that
 * every reader of CTF can read what is there.
 */
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"

struct erg_packets_report {
	uint64_t packets;          /* complete ones, of events */
	uint64_t cut_bytes;        /* of incomplete packets, removed */
	uint64_t cut_files;        /* files that were cut */
	uint64_t unreadable;       /* traces without any metadata: left out */
	uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC: span of the complete packets; 0: none */
};

/*
 * Repairs all traces below CHUNK in place and adds to *report. SAVED: a directory of the same layout
 * with copies of the metadata (erg_shm_save_metadata()), or NULL. They are used where the chunk's own
 * metadata is cut, and everywhere when the chunk was not CLOSED by LTTng, because then it may end
 * early without being cut.
 */
int erg_packets_repair(const char *chunk, bool closed, const char *saved,
	struct erg_packets_report *report, struct erg_err *err);

#endif
