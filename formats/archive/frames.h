/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ARCHIVE_FRAMES_H
#define ERG_FORMATS_ARCHIVE_FRAMES_H

/*
 * Private to this folder: the decompressed content of a range of zstd frames, frame by frame, with
 * pread only.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <zstd.h>

#include "formats/archive/archive.h"
#include "formats/base/sha256.h"

struct erg_frames {
	int fd;
	const char *path;   /* for messages */
	uint64_t next, end; /* bytes of the file still to be fetched */
	uint64_t frame;     /* byte where the current frame begins */
	bool inside;        /* of a frame */
	bool ended;         /* the frame's last bytes were given, its end not yet told */
	bool cut;           /* the last failure was the end of the range inside a frame */
	ZSTD_DStream *zstd;
	unsigned char *buffer;
	ZSTD_inBuffer in;
};

int erg_frames_init(struct erg_frames *f, int fd, const char *path, struct erg_err *err);
void erg_frames_release(struct erg_frames *f);

/* Continues at the frame that begins at byte BEGIN; nothing at or behind END is read. */
void erg_frames_seek(struct erg_frames *f, uint64_t begin, uint64_t end);
/* Byte of the file after what was consumed; the next frame's beginning when not inside one. */
uint64_t erg_frames_tell(const struct erg_frames *f);

/*
 * Up to LEN > 0 bytes of the current frame. Returns their number; 0 once at the end of each frame,
 * its checksum found right; -ENODATA when no frame is left in the range; -EBADMSG when the frame is
 * damaged, cut off, or no zstd frame.
 */
ssize_t erg_frames_read(struct erg_frames *f, void *buf, size_t len, struct erg_err *err);

/* Reads exactly LEN bytes at byte POS of the file. */
int erg_pread_exactly(int fd, void *buf, size_t len, uint64_t pos);

/* The SHA-256 of the first END bytes of A's file, as they are now (digest.c). */
int erg_archive_hash_until(const struct erg_archive *a, uint64_t end,
	unsigned char ret[ERG_SHA256_SIZE]);

/* ---- the archive as read.c keeps it ---- */

struct erg_seek_entry {
	uint32_t compressed, content, checksum;
};

struct erg_archive {
	char *path;
	int fd;
	uint64_t size; /* of the file */
	char *top;     /* first component of every member's path in the tar */
	struct erg_archive_member *members;
	size_t n_members, members_alloc;
	size_t *by_name;             /* indices sorted by name */
	struct erg_seek_entry *seek; /* NULL when the table is missing or wrong */
	size_t n_seek;
	bool ended; /* the tar's end was found */
	char *damage;
};

/* Gives TAKE the member's data piece by piece; it counts as good only when 0 is returned. */
int erg_archive_stream(const struct erg_archive *a, size_t member,
	int (*take)(void *data, const void *bytes, size_t len, struct erg_err *err), void *data,
	struct erg_err *err);

#endif
