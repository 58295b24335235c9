/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ARCHIVE_STREAM_H
#define ERG_FORMATS_ARCHIVE_STREAM_H

/*
 * Private to write.c: bytes in, zstd frames with their digest and seek table out. All
 * functions return 0 or a negative errno.
 */
#include <stddef.h>
#include <stdint.h>

#include <zstd.h>

#include "formats/base/sha256.h"

struct erg_stream_frame {
	uint32_t compressed, content, checksum;
};

struct erg_stream {
	int fd; /* the caller's */
	ZSTD_CCtx *zstd;
	unsigned char *out;
	size_t out_size;
	uint64_t compressed, content; /* of the current frame */
	unsigned char tail[4];        /* the last bytes written */
	struct erg_sha256 sha;        /* of every byte written */
	struct erg_stream_frame *frames;
	size_t n_frames, frames_alloc;
};

/* level: zstd's, 0 for the default. */
int erg_stream_init(struct erg_stream *s, int fd, int level);
/* Into the current frame; one that is full is ended and the next one begun. */
int erg_stream_write(struct erg_stream *s, const void *data, size_t len);
/* Ends the current frame if it has content. */
int erg_stream_end_frame(struct erg_stream *s);
/* Ends the last frame and appends the digest frame and the seek table. */
int erg_stream_finish(struct erg_stream *s);
void erg_stream_release(struct erg_stream *s);

#endif
