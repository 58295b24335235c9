/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ARCHIVE_H
#define ERG_FORMATS_ARCHIVE_H

/*
 * run.erg: a pax tar in zstd, one frame per member, with a seek table. formats/FORMAT.md is the
 * normative text. Writing and reading share nothing but the constants of layout.h.
 *
 * Inside the tar every member is TOP/NAME, where TOP is the file name of the archive without
 * ".erg" when it was written (run.erg unpacks to run/). Names in this interface are without TOP,
 * and an archive that was renamed reads the same.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

/* ---- writing ---- */

struct erg_archive_writer;

/* The unfinished file: HIDDEN, 16 digits, PART. It is locked (flock) while a writer lives: an unlocked
 * one was left by a program that was killed. KEEP: see erg_archive_sync(). */
#define ERG_ARCHIVE_HIDDEN ".erg-"
#define ERG_ARCHIVE_PART ".part"
#define ERG_ARCHIVE_KEEP ".keep"

struct erg_archive_options {
	bool force;        /* replace an existing file; otherwise -EEXIST */
	int level;         /* zstd level, 0: default */
	uint64_t mtime_ns; /* CLOCK_REALTIME of the run: mtime of every member */
};

/* An early answer, before a run is recorded in vain; commit has the last word. -EEXIST, unless FORCE;
 * -EINVAL for what cannot be replaced; -ELIBACC without libarchive. */
int erg_archive_may_create(const char *path, bool force, struct erg_err *err);

/*
 * Nothing appears under PATH before erg_archive_commit(); until then the bytes go to a temporary
 * file beside it, which free() removes. Members are added in the order of formats/FORMAT.md:
 * manifest.json, trace/NNNN/…, summary.json; SHA256SUMS and the seek table are added by commit.
 */
int erg_archive_create(const char *path, const struct erg_archive_options *opt,
	struct erg_archive_writer **ret, struct erg_err *err);
/* BYTES more are about to be added: from here on progress is told, against the sum of these. */
void erg_archive_expect(struct erg_archive_writer *w, uint64_t bytes);
int erg_archive_add_mem(struct erg_archive_writer *w, const char *name, const void *data,
	size_t len, struct erg_err *err);
int erg_archive_add_file(struct erg_archive_writer *w, const char *name, const char *path,
	struct erg_err *err);
/* Every regular file below DIR as PREFIX/relative-name, sorted by name. */
int erg_archive_add_tree(struct erg_archive_writer *w, const char *prefix, const char *dir,
	struct erg_err *err);
/*
 * Syncs what was added so far; once that is done the unfinished file stays, also after free() or a
 * crash, until it is committed. *ret: its path, to be freed. Opened as an archive it is one that was
 * cut, with every member that had been added by then.
 */
int erg_archive_sync(struct erg_archive_writer *w, char **ret, struct erg_err *err);
/* Adds SHA256SUMS and the seek table, syncs, and gives the file its name. Where the folder cannot be synced then,
 * the name is taken back; after FORCE, which has removed what had it, it stays. */
int erg_archive_commit(struct erg_archive_writer *w, struct erg_err *err);
void erg_archive_writer_free(struct erg_archive_writer *w);
void erg_archive_writer_freep(struct erg_archive_writer **w);

/* ---- reading ---- */

struct erg_archive;

struct erg_archive_member {
	char *name;          /* relative, without "..": others are refused */
	uint64_t size;       /* bytes of the member's data */
	uint64_t frame;      /* byte in the archive where its first frame begins */
	uint64_t frame_size; /* compressed bytes of all its frames, which follow each other */
	uint64_t header;     /* bytes of tar header before the data, in the decompressed frames */
};

/*
 * Opens PATH and finds its members: by the seek table, or, when that is missing (a cut archive),
 * by walking the frames. A damaged or incomplete archive still opens as long as its first member
 * can be read; erg_archive_damage() then says what is wrong, and the members are those whose
 * frames are all there. Fails with a message that names file and place: -ENODATA for an empty
 * file, -EBADMSG for what is no archive or has no readable first member, -EPERM for hostile
 * members (absolute paths, "..", links, devices, two of one name, impossible sizes), -ELIBACC without
 * libarchive.
 */
int erg_archive_open(const char *path, struct erg_archive **ret, struct erg_err *err);
void erg_archive_free(struct erg_archive *a);
void erg_archive_freep(struct erg_archive **a);

size_t erg_archive_members(const struct erg_archive *a, const struct erg_archive_member **ret);
/* Index of the member NAME, or -ENOENT. The array is in the order of the archive. */
int erg_archive_find(const struct erg_archive *a, const char *name);
/* NULL for a complete archive, else one line. */
const char *erg_archive_damage(const struct erg_archive *a);

/* The member's data, malloc'ed, with a NUL behind it; refuses members larger than MAX (-E2BIG);
 * -EBADMSG when a checksum or the size is wrong. Uses pread only: safe in processes forked after
 * the open. */
int erg_archive_read(const struct erg_archive *a, size_t member, size_t max, char **ret,
	size_t *ret_len, struct erg_err *err);
/* Writes the member's data to a new file NAME under DIRFD, making its directories. Never follows a
 * link and never replaces a file (-EEXIST). What was written of a damaged member stays. */
int erg_archive_extract(const struct erg_archive *a, size_t member, int dirfd, const char *name,
	struct erg_err *err);

/*
 * Checks every member against SHA256SUMS, every frame's checksum and the seek table. Calls REPORT
 * with one line for each thing found wrong. Returns the number of such things, or a negative errno.
 */
int erg_archive_verify(const struct erg_archive *a, void (*report)(void *data, const char *line),
	void *data, struct erg_err *err);

#endif
