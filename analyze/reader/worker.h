/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_WORKER_H
#define ERG_ANALYZE_READER_WORKER_H

/* Chunks of an archive, each decoded in a process of its own. */
#include "analyze/reader/reader.h"
#include "analyze/reader/chunk.h"
#include "formats/archive/archive.h"

struct erg_worker_chunk {
	char name[32];   /* "0003" */
	char *dir;       /* already unpacked there, or NULL */
	size_t first, n; /* members of the archive */
	uint64_t bytes;  /* of the members, unpacked */
	uint64_t packed; /* and as they are in the archive */
	/* of the decoder */
	const struct erg_chunk_header *h; /* mapped; NULL when nothing could be decoded */
	size_t size;
	char error[640]; /* "" when all went well */
};

/* Decodes all chunks, JOBS at a time. A chunk that fails has its error set and is no failure here. */
int erg_worker_run(const struct erg_archive *a, struct erg_worker_chunk *chunks, size_t n,
	const struct erg_reader_options *opt, struct erg_err *err);
/* What a timeline of all chunks lacks: the words of SENSOR (or NULL) for its models, its rails, and the warnings that
 * follow from what was read: damage, losses, simulated power, nothing. */
int erg_reader_finish(struct erg_timeline *tl, const char *sensor,
	const struct erg_worker_chunk *chunks, size_t n, struct erg_err *err);
/* Unmaps one chunk's result. */
void erg_worker_unmap(struct erg_worker_chunk *c);

#endif
