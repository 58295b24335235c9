/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_NAMED_H
#define ERG_RECORD_IMPORT_NAMED_H

/* Columns that the person names: --time, --column and --where. */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"
#include "record/import/import.h"

enum erg_import_time_kind {
	ERG_TIME_GUESS, /* by the column's name, or a date, or a number of 1970 and on */
	ERG_TIME_S,
	ERG_TIME_MS,
	ERG_TIME_US,
	ERG_TIME_NS,
	ERG_TIME_ISO,
	ERG_TIME_OF_DAY, /* "10:20:30.5"; told by the first row */
	ERG_TIME_DATED,  /* the same, with the date in a column of its own; told by the first row */
	ERG_TIME_EPOCH,  /* since 1970, in s, ms, us or ns, told by its size */
};

struct erg_import_named_column {
	char *name, *unit, *rail;
	double volts; /* a current is power at this voltage; 0: no */
};

struct erg_import_where {
	char *name, *value;
};

struct erg_import_named {
	char *time;
	enum erg_import_time_kind kind;
	enum erg_import_date date; /* the order of its dates */
	struct erg_import_named_column *columns;
	size_t n_columns;
	struct erg_import_where *where;
	size_t n_where;
	bool sparse; /* a column may be empty */
};

/* COL[:ms|us|s|ns|iso|mdy|dmy|epoch]; -EINVAL with what was expected. */
int erg_import_named_time(struct erg_import_named *n, const char *text, struct erg_err *err);
/* NAME=UNIT[*VOLTSV][:RAIL] */
int erg_import_named_column(struct erg_import_named *n, const char *text, struct erg_err *err);
/* NAME=VALUE: only rows in which it is so */
int erg_import_named_where(struct erg_import_named *n, const char *text, struct erg_err *err);
void erg_import_named_release(struct erg_import_named *n);

#endif
