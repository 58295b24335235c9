/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_CHUNK_PROGRESS_H
#define ERG_ANALYZE_READER_CHUNK_PROGRESS_H

/* How far the decoder of a chunk is: told by its process, shown by the parent. */
#include <stdatomic.h>
#include <stdint.h>

#include <babeltrace2/babeltrace.h>

#define ERG_CHUNK_PROGRESS_WHOLE 65536u

struct erg_chunk_progress {
	/* Of ERG_CHUNK_PROGRESS_WHOLE, in shared memory; NULL: nobody asks. */
	_Atomic uint32_t *share;
	uint64_t bytes;   /* of all files of the chunk */
	double decoded;   /* bytes of them */
	int64_t begin_ns; /* of the trace that is being decoded */
	double span_ns;   /* 0: unknown */
};

/* One stream's part in it. */
struct erg_chunk_progress_stream {
	uint64_t bytes;
	double decoded;
	unsigned int batches;
};

/* Asks SOURCE, babeltrace2's source of CTF, which time the trace in DIR covers. Nothing but the first
 * event of the trace is read for it. */
void erg_chunk_progress_trace(struct erg_chunk_progress *p, const bt_component_class_source *source,
	const char *dir);
/* Takes the messages that are about to be decoded; with N = 0 the stream has ended. */
void erg_chunk_progress_step(struct erg_chunk_progress *p, struct erg_chunk_progress_stream *s,
	bt_message_array_const messages, uint64_t n);

#endif
