/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_CACHE_H
#define ERG_ANALYZE_READER_CACHE_H

/*
 * Columns of archives that were decoded before, in $XDG_CACHE_HOME/ergtrace (~/.cache/ergtrace), as
 * files of this user alone. A file belongs to the bytes of an archive, all of which are hashed each
 * time, and to this build of the program and of libbabeltrace2. Only what was decoded without any
 * damage is kept. The file is written beside its place and renamed; the ones that were not used for
 * the longest time go when all of them are larger than ERG_CACHE_SIZE. Whatever does not work means
 * that archives are decoded, as without.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "analyze/timeline/timeline.h"
#include "formats/archive/archive.h"
#include "formats/base/sha256.h"

#define ERG_CACHE_SIZE_DEFAULT (2ull << 30)

struct erg_cache {
	int dir;                    /* -1: there is none */
	uint64_t most;              /* bytes of all files */
	char name[ERG_SHA256_TEXT]; /* the key; also the file's name */
	struct stat archive;        /* as it was when it was hashed */
};

#define ERG_CACHE_NONE                                                                             \
	{                                                                                          \
		.dir = -1                                                                          \
	}

/* For the archive A. Fails only for an ERG_CACHE_SIZE that is no size. */
int erg_cache_open(const struct erg_archive *a, struct erg_cache *ret, struct erg_err *err);
void erg_cache_close(struct erg_cache *c);

/* Whether the columns were there, and are in TL. -EBADMSG: there was something odd; TL is to be freed. */
int erg_cache_load(const struct erg_cache *c, struct erg_timeline *tl);
/* WARNINGS: index of the first that came with the columns. */
void erg_cache_store(const struct erg_cache *c, const struct erg_archive *a,
	const struct erg_timeline *tl, size_t warnings);

#endif
