/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_PACE_H
#define ERG_ANALYZE_READER_PACE_H

/* How far the decoder of a chunk is: told by its process, shown by the parent. */
#include <stdatomic.h>
#include <stdint.h>

#include <babeltrace2/babeltrace.h>

#define ERG_PACE_WHOLE 65536u

struct erg_pace {
	_Atomic uint32_t *share; /* of ERG_PACE_WHOLE, in shared memory; NULL: nobody asks */
	uint64_t bytes;          /* of all files of the chunk */
	double decoded;          /* bytes of them */
	int64_t begin_ns;        /* of the trace that is being decoded */
	double span_ns;          /* 0: unknown */
};

/* One stream's part in it. */
struct erg_pace_stream {
	uint64_t bytes;
	double decoded;
	unsigned int batches;
};

/* Asks SOURCE, babeltrace2's source of CTF, which time the trace in DIR covers. Nothing but the first
 * event of the trace is read for it. */
void erg_pace_trace(struct erg_pace *p, const bt_component_class_source *source, const char *dir);
/* Takes the messages that are about to be decoded; with N = 0 the stream has ended. */
void erg_pace_step(struct erg_pace *p, struct erg_pace_stream *s, bt_message_array_const messages,
	uint64_t n);

#endif
