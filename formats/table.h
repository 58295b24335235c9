/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_TABLE_H
#define ERG_FORMATS_TABLE_H

/*
 * Tables to import: comma-separated values with one header line, UTF-8 or UTF-16, RFC 4180 quotes, CRLF or
 * LF, the decimal point whatever the locale. Cells stay text; a number is asked for by cell, so
 * that an error names file, line and column.
 */
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

struct erg_table; /* the whole file in memory, cells as offsets */

int erg_table_read(const char *path, struct erg_table **ret, struct erg_err *err);
void erg_table_free(struct erg_table *t);
void erg_table_freep(struct erg_table **t);

/* Of the bytes as they were read, in hex digits. */
const char *erg_table_sha256(const struct erg_table *t);
size_t erg_table_rows(const struct erg_table *t);
size_t erg_table_columns(const struct erg_table *t);
const char *erg_table_column_name(const struct erg_table *t, size_t column);
/* Index of the column, or -ENOENT with a message that lists the columns there are. */
int erg_table_find(const struct erg_table *t, const char *name, struct erg_err *err);
/* "" for an empty cell. */
const char *erg_table_cell(const struct erg_table *t, size_t row, size_t column);
/* The line of the file that ROW came from, counted from 1. */
size_t erg_table_line(const struct erg_table *t, size_t row);
/* -EINVAL for a cell that is empty or not a finite number. */
int erg_table_number(const struct erg_table *t, size_t row, size_t column, double *ret,
	struct erg_err *err);
/* A decimal number times 10^DECIMALS as an exact integer: "12.3456789" s to ns by 9. */
int erg_table_scaled(const struct erg_table *t, size_t row, size_t column, int decimals,
	int64_t *ret, struct erg_err *err);

#endif
