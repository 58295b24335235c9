/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SESSION_BUFFERS_H
#define ERG_RECORD_SESSION_BUFFERS_H

/* How large the ring buffers of a session are. */
#include <stdint.h>

/* Bytes of a ring buffer on each CPU: `count` sub-buffers of `size`, both powers of two. */
struct erg_session_buffers {
	uint64_t size;
	uint64_t count;
};

/*
 * The buffers of a channel to which up to BYTES_PER_S may be written on one CPU, when the consumer
 * may be kept away for HOLD_S. LIMIT bounds the memory of all CPUS together: beyond it the buffers
 * shrink and events may be lost (and counted). PAGE is the machine's page size, 4 KiB or 64 KiB: LTTng
 * takes no sub-buffer below it.
 */
struct erg_session_buffers erg_session_buffers_plan(double bytes_per_s, double hold_s,
	unsigned cpus, uint64_t limit, uint64_t page);

/* What the buffers of a channel may take here, bytes. They live in shared memory: what a container
 * gives may be small, and to exceed it kills. */
uint64_t erg_session_buffers_limit(void);

#endif
