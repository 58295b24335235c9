/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_CHUNK_H
#define ERG_ANALYZE_READER_CHUNK_H

/*
 * What one chunk holds, as its decoder hands it to the parent: fixed records in shared memory and
 * one JSON text for what is rare (definitions, phases, markers, losses). The layout is private to
 * the reader and its children of the same build.
 */
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

#define ERG_CHUNK_MAGIC 0x314b4843475245ull /* "ERGCHK1" */

/* A layer instance. thread indexes the chunk's thread table. */
struct erg_chunk_interval {
	uint64_t begin, end;
	uint32_t id, iteration;
	uint32_t counted; /* index of its counter record, or UINT32_MAX */
	uint16_t thread;
	uint16_t span; /* 1: on track THREAD of the process (layer_span), else on a thread */
};

struct erg_chunk_thread {
	uint32_t pid, tid; /* tid is the track's id for spans */
	uint32_t span, pad;
};

/* enabled, running, then STRIDE deltas */
struct erg_chunk_counted {
	uint64_t enabled, running;
	int64_t delta[];
};

/* t_before, t_after, native, then the channels of one source */
struct erg_chunk_source {
	uint32_t pid, source;
	uint32_t channels, pad;
	uint64_t n;      /* readings */
	uint64_t offset; /* bytes from the file's begin */
};

struct erg_chunk_header {
	uint64_t magic;
	uint64_t n_intervals, intervals; /* count and byte offset of each table */
	uint64_t n_threads, threads;
	uint64_t n_counted, counted, counter_stride;
	uint64_t n_sources, sources;
	uint64_t json_len, json;
	uint64_t events; /* of ours */
	uint64_t first_ns, last_ns;
	char error[512]; /* why decoding stopped early; "" when it did not */
};

struct erg_chunk_task {
	const char *dir;     /* a folder with traces: each folder in it with a file "metadata" */
	const char *name;    /* what the archive calls it */
	const char *scratch; /* a folder for copies */
	int fd;              /* header and tables are written there from its beginning */
	/* Set to how much is decoded, of ERG_CHUNK_PROGRESS_WHOLE, from time to time; NULL: nobody asks. */
	_Atomic uint32_t *share;
};

/*
 * Decodes a chunk. Files that end inside a packet are read up to it: what is left out is a loss, and
 * a copy is decoded. Other damage that libbabeltrace2 reports ends that trace's decoding: what came
 * before is written, and header.error says why. To be called in a process of its own.
 */
int erg_chunk_decode(const struct erg_chunk_task *task, struct erg_err *err);

#endif
