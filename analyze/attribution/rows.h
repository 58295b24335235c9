/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_ROWS_H
#define ERG_ANALYZE_ATTRIBUTION_ROWS_H

/* The rows of a run for a sensor: a kernel's, weighed, with the further columns. */
#include <stdbool.h>
#include <stddef.h>

#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/kernel.h"

struct attr_run;

/* Share of the readings' squares that is of rounding (of stamps, of digits): 3e-5 of a reading. */
#define ATTR_EXACT 1e-9

struct attr_rows {
	struct attr_run *r;
	struct attr_shape shape;
	struct attr_kernel k;
	struct attr_sensor_columns x;
	bool with_sensor;
	const double *power; /* by which the rows are weighed, and the further columns are */
	size_t n, change;
};
/* Readings that the rows of R are of. */
size_t attr_rows_count(const struct attr_run *r);
/* POWER: of the further columns; NULL: without them. */
int attr_rows_open(struct attr_rows *w, struct attr_run *r, const struct attr_shape *shape,
	const double *power);
/* The same rows, but all further columns are 0: for about half of the time. */
int attr_rows_open_plain(struct attr_rows *w, struct attr_run *r, const struct attr_shape *shape,
	const double *power);
void attr_rows_close(struct attr_rows *w);
/* 1 and a row, 0 at the end. */
int attr_rows_next(struct attr_rows *w, struct attr_row **ret);
/* What the fit leaves of a row. */
double attr_row_residual(const struct attr_run *r, const struct attr_row *row);

#endif
