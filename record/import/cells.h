/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_CELLS_H
#define ERG_RECORD_IMPORT_CELLS_H

/* Cells and numbers of text logs whose rows are no table, for formats/lines.h. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* Lines of one kind: counted, the first one kept to be shown. */
struct erg_import_kept {
	size_t n, line;
	char text[80];
};

void erg_import_keep(struct erg_import_kept *k, size_t line, const char *text);

/*
 * A decimal number at the beginning of TEXT, "1.5e-3", times 10^decimals, rounded; POINT is the
 * decimal point. *ret_digits: how many of the decimals it needs. False when there is none or it does
 * not fit.
 */
bool erg_import_scaled(const char *text, char point, int decimals, int64_t *ret, int *ret_digits,
	const char **ret_end);

/*
 * The same for the usual form alone, and quickly: TEXT is "-12.50" and nothing else, and needs no
 * rounding. *ret_written: digits behind the point, 2. False when it must be read by erg_import_scaled().
 */
bool erg_import_plain(const char *text, char point, int decimals, int64_t *ret, int *ret_written);

/* What the cells of a table are apart by, from its first LINE: comma, semicolon or tabulator. */
char erg_import_separator(const char *line);
/*
 * Splits TEXT in place into at most MAX cells: at SEPARATOR, with the quotes of RFC 4180, or, if it
 * is a blank, at any run of blanks and tabulators. Blanks around cells go. Returns how many cells
 * there are, which may be more than MAX.
 */
size_t erg_import_cells(char *text, char separator, char **cells, size_t max);
/* 1 of a TEXT that begins with "Jan", in letters of any size, to 12; 0: with no month. */
int erg_import_month(const char *text);
/* "Tue Nov 14 12:13:14 2023" with a zone before the year or behind it, as date(1) and ctime(3) write
 * it, as "2023-11-14 12:13:14 ZONE", with AM or PM before the zone where it has that. */
bool erg_import_unix_date(const char *text, char *ret, size_t size);
/* Whether the cell says that there is no reading: "", N/A, nan, … */
bool erg_import_missing_cell(const char *cell);
/* Tells how many of a table's cells said so in words, if any did. */
void erg_import_note_words(const struct erg_import_kept *words, const char *path, json_t *notes);

#endif
