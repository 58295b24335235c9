/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_NAMED_TIME_H
#define ERG_RECORD_IMPORT_NAMED_TIME_H

/* Private to named.c: the column that --time names. What its cells are the first row tells, where --time does not. */
#include <stdbool.h>

#include "record/import/cells.h"
#include "record/import/point.h"
#include "record/import/named.h"

struct erg_named_time {
	const struct erg_import_how *how;
	struct erg_import_log *log;
	struct erg_import_point *point; /* of the table's numbers */
	enum erg_import_time_kind kind;
	bool dated;      /* there is a column of dates, which belong to times of a day */
	bool settled;    /* by the first row */
	bool other_size; /* the number is of this century, in another unit than it is told to have */
	bool by_size;    /* a number since 1970, which only its size says */
	int decimals;    /* of a number; epochs by their first */
	char day[32];    /* of the row before, where the dates are of no order that is known */
	size_t days;     /* how often that changed */
};

void erg_named_time_init(struct erg_named_time *t, const struct erg_import_how *how,
	struct erg_import_log *log, struct erg_import_point *point);
/* The time of CELL in line LINE; DATE: its cell in the column of dates, NULL where the row has none. 1; 0: it is no
 * time; negative: a zone that is none, or a time that may be several things. */
int erg_named_time_read(struct erg_named_time *t, char *cell, const char *date, size_t line,
	int64_t *ret, struct erg_err *err);
/* Once all rows were read: whether the times are what they were taken for. */
int erg_named_time_judge(const struct erg_named_time *t, json_t *notes, struct erg_err *err);

#endif
