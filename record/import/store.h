/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_STORE_H
#define ERG_RECORD_IMPORT_STORE_H

/*
 * Private to log.c: where one column of a log's rows is. A short one is in memory; a long one
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
/* A pass over rows of SIZE bytes has come to ROW: of a file, those before it are not kept in memory until
 * they are asked for again. 0: it begins, and none is. */
void erg_import_store_let_go(const struct erg_import_store *s, void *column, size_t row,
	size_t size);
/* It grows no more: its file keeps the first BYTES, which alone may be touched from now on, and is no
 * longer held open beside the mapping. */
void erg_import_store_close(struct erg_import_store *s, size_t bytes);
void erg_import_store_release(struct erg_import_store *s, void *column);

#define ERG_IMPORT_ROWS_HELD ((size_t)16384)

/* Rows of one kind, beside a log, as many as there are. Begins as {.size = sizeof(row), .folder = …}. */
struct erg_import_column {
	void *rows;
	size_t n, alloc, size; /* rows; bytes of one */
	const char *folder;    /* NULL: in memory */
	struct erg_import_store store;
};

/* Appends a copy of the row; the errors of erg_import_store_grow(). */
int erg_import_column_add(struct erg_import_column *c, const void *row);
void erg_import_column_release(struct erg_import_column *c);

/* Whether there is a row I: the condition of every pass over all of them. */
static inline bool erg_import_column_has(const struct erg_import_column *c, size_t i)
{
	if (i >= c->n)
		return false;
	if (i % ERG_IMPORT_ROWS_HELD == 0)
		erg_import_store_let_go(&c->store, c->rows, i, c->size);
	return true;
}

#endif
