/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_STORE_H
#define ERG_RECORD_IMPORT_STORE_H

/*
 * Private to import_log.c: where one column of a log's rows is. A short one is in memory; a long one
 * in a file without a name that is mapped, so that a log may be longer than memory.
 */
#include <stdbool.h>
#include <stddef.h>

struct erg_import_store {
	size_t bytes; /* of the column */
	bool mapped;  /* FD is its file; else it is of malloc() */
	int fd;       /* -1 once it grows no more */
};

/* Room for BYTES, more than before, in *COLUMN; what stood there stays. A file is made in FOLDER, where
 * one is told and can be mapped. -ENOMEM, -EBADF when it was closed, or what the folder's disk says, -ENOSPC for one: then *COLUMN
 * is as it was. */
int erg_import_store_grow(struct erg_import_store *s, const char *folder, void **column,
	size_t bytes);
/* Of a file, the BYTES at FROM are not kept in memory until they are asked for again; nothing is lost. */
void erg_import_store_let_go(const struct erg_import_store *s, void *column, size_t from,
	size_t bytes);
/* It grows no more: its file keeps the first BYTES, which alone may be touched from now on, and is no
 * longer held open beside the mapping. */
void erg_import_store_close(struct erg_import_store *s, size_t bytes);
void erg_import_store_release(struct erg_import_store *s, void *column);

#endif
