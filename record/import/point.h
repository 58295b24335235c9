/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_POINT_H
#define ERG_RECORD_IMPORT_POINT_H

/*
 * The decimal point of a table: what --decimal says, else the first that a number of it has. "6.500" may be six
 * and a half or some thousands where commas are not between the cells, and so may "6,500" anywhere. Any number
 * that thousands do not look like ("0.5", "1234.567") tells for all of them. Where none does, it is an error if
 * the column has whole numbers below a thousand beside such, or its unit is a small one, of which there are
 * thousands; and else it is told.
 */
#include <stdbool.h>

#include <jansson.h>

#include "record/import/import.h"

#define ERG_POINT_COLUMNS 64 /* of more, the further ones are not looked at */
#define ERG_POINT_TIME (-1)  /* no channel: the column of times */

struct erg_import_point {
	char point;  /* NUL: no number had one yet */
	bool told;   /* by --decimal: thousands may be grouped */
	bool sure;   /* by a number that can be nothing else */
	bool commas; /* they are between the cells */
	bool grouped[ERG_POINT_COLUMNS],
		whole[ERG_POINT_COLUMNS]; /* of a channel: such numbers, and whole ones */
	size_t line;   /* of the row at hand, which the reader says while nothing is sure */
	char text[24]; /* the first that may be thousands, and its line */
	size_t text_line;
};

/* Of a table whose cells are apart by SEPARATOR. TOLD: by --decimal, or NUL. */
struct erg_import_point erg_import_point_begin(char separator, char told);
/* The decimal point for the number CELL of COLUMN, the index of its channel. Marks between thousands are cut out of
 * CELL where it is told. */
char erg_import_point_look(struct erg_import_point *p, char *cell, int column);

static inline char erg_import_point(struct erg_import_point *p, char *cell, int column)
{
	return p->sure && !p->told ? p->point : erg_import_point_look(p, cell, column);
}

/* Once all was read. -EINVAL: the numbers may be something else. */
int erg_import_point_judge(const struct erg_import_point *p, const struct erg_import_log *log,
	json_t *notes, struct erg_err *err);

#endif
