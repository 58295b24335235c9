/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_COLUMNS_H
#define ERG_ANALYZE_READER_COLUMNS_H

/*
 * What joined chunks put into a timeline, to a file and back: definitions, happenings, readings,
 * instances. Not the documents of the archive, its path and its damage. The layout is that of this
 * build's structures: a file is for the program that wrote it.
 */
#include <stdint.h>

#include "analyze/timeline/timeline.h"

/* From where FD is on. WARNINGS: index of the first of TL's that came with the columns. 0 or a negative
 * errno; -EFBIG when that would be more than MOST bytes. */
int erg_columns_write(int fd, const struct erg_timeline *tl, size_t warnings, uint64_t most);

/*
 * Fills TL, which has no columns yet, and appends the warnings. Everything is read into memory and
 * checked by its checksums, so that a file that is cut or changed meanwhile does no harm. 0, -EBADMSG
 * for anything odd, or -ENOMEM; when it fails, TL is to be freed.
 */
int erg_columns_read(int fd, struct erg_timeline *tl);

#endif
