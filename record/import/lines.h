/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_LINES_H
#define ERG_RECORD_IMPORT_LINES_H

/*
 * The lines of a log as text, whatever wrote it: LF or CRLF, UTF-8 with a mark or without, UTF-16
 * (what a Windows shell redirects to a file). Nothing is held but the line, except for UTF-16.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "formats/base/err.h"
#include "record/import/import.h"

struct erg_import_lines {
	const char *path;
	FILE *file;
	char *text;    /* the line, without its end */
	size_t alloc, len;
	size_t number; /* of the line, from 1 */
	bool ended;    /* the line has an end: the last one of a file that was cut has none */
	char *utf8;    /* of a file of UTF-16 */
};

int erg_import_lines_open(const char *path, struct erg_import_lines *ret, struct erg_err *err);
/* 1: there is a line; 0: there is none; negative: the file cannot be read. */
int erg_import_lines_next(struct erg_import_lines *l, struct erg_err *err);
void erg_import_lines_close(struct erg_import_lines *l);

/* Counts the line among those that are no data of the log. */
void erg_import_foreign_add(struct erg_import_foreign *f, const struct erg_import_lines *l);

/*
 * A decimal number at the beginning of TEXT, "1.5e-3", times 10^decimals, rounded; POINT is the
 * decimal point. *ret_digits: how many of the decimals it needs. False when there is none or it does
 * not fit.
 */
bool erg_import_scaled(const char *text, char point, int decimals, int64_t *ret, int *ret_digits,
	const char **ret_end);

/*
 * Splits TEXT in place into at most MAX cells: at SEPARATOR, with the quotes of RFC 4180, or, if it
 * is a blank, at any run of blanks and tabulators. Blanks around cells go. Returns how many cells
 * there are, which may be more than MAX.
 */
size_t erg_import_cells(char *text, char separator, char **cells, size_t max);
/* Whether the cell says that there is no reading: "", N/A, nan, … */
bool erg_import_missing_cell(const char *cell);

#endif
