/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_ARCHIVE_DIGEST_H
#define ERG_FORMATS_ARCHIVE_DIGEST_H

#include <sys/stat.h>

#include "formats/base/err.h"

#define ERG_ARCHIVE_DIGEST_SIZE 65u

/*
 * What tells the content of the archive PATH from any other: 64 hexadecimal digits. Of a whole archive
 * it is the SHA-256 that its writer put into the digest frame, which costs two reads of any size of
 * file; of one that was cut, and of any other file, the SHA-256 of all its bytes. Nothing is verified.
 */
int erg_archive_digest(const char *path, char ret[ERG_ARCHIVE_DIGEST_SIZE], struct erg_err *err);

struct erg_archive;

/* The SHA-256 of all bytes of A as they are now; -errno when they cannot be read. */
int erg_archive_hash(const struct erg_archive *a, char ret[ERG_ARCHIVE_DIGEST_SIZE]);
/* Size, inode and times of A's file. */
int erg_archive_stat(const struct erg_archive *a, struct stat *ret);

#endif
