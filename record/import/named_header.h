/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_NAMED_HEADER_H
#define ERG_RECORD_IMPORT_NAMED_HEADER_H

/* The line of a table that names its columns, and at which cells those are that the person named. */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"
#include "record/import/named.h"

#define ERG_NAMED_CELLS_MAX 4096

struct erg_named_header {
	const struct erg_import_named *how;
	const char *path;
	char **cells; /* ERG_NAMED_CELLS_MAX, of the line that was split last; whoever splits one has them */
	char *line; /* as it stands in the file; NULL: none yet */
	char separator;
	size_t before; /* lines above it */
	size_t named;  /* how many of the columns that were asked for are in it */
	size_t n;      /* cells, but for empty ones behind the last name */
	int time;      /* cell; -1: rows are an interval apart */
	int date;      /* cell of the dates that belong to times of a day; -1: none */
	bool entity;   /* its first cell is two of a row's: "GPU 0" */
	int *column;   /* per column of HOW: its cell */
	int *where;    /* the same of what rows are chosen by */
};

/* -ENOMEM */
int erg_named_header_init(struct erg_named_header *h, const struct erg_import_named *how,
	const char *path, struct erg_err *err);
void erg_named_header_release(struct erg_named_header *h);

/* Keeps TEXT, line NUMBER of the file, if it names more of the columns than the line that is kept. -ENOMEM. */
int erg_named_header_look(struct erg_named_header *h, const char *text, size_t number);
/* Whether the line that is kept names all that was asked for. */
bool erg_named_header_full(const struct erg_named_header *h);
/* At which cells the columns are, by the line that is kept; its cells. An error where one is not there, or twice. */
int erg_named_header_place(struct erg_named_header *h, struct erg_err *err);
/* Whether TEXT names all columns as well; *RET_SAME: at the same cells. */
bool erg_named_header_again(struct erg_named_header *h, const char *text, bool *ret_same);

/* Splits TEXT, which it writes into, as a header. */
size_t erg_named_header_cells(char *text, char separator, char **cells);
/* "#time" is time. */
const char *erg_named_plain(const char *cell);
/* Behind the last cell that has something there may be separators. */
size_t erg_named_without_empty(char **cells, size_t n);
/* Whether a cell is read or chosen by. */
bool erg_named_header_uses(const struct erg_named_header *h, size_t cell);

#endif
