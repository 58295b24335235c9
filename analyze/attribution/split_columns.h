/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SPLIT_COLUMNS_H
#define ERG_ANALYZE_ATTRIBUTION_SPLIT_COLUMNS_H

/* Columns that become several each, which share its time. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr_view;

/* What becomes of a column: its first new one, and how many. */
struct attr_split {
	uint16_t first;
	uint8_t n; /* 1: as it was */
};

/* The entries of a view, and what is known of its columns, anew. */
struct attr_columns {
	uint32_t *first, *col_class;
	uint16_t *col, *col_base;
	float *share, *z;
	bool *col_apart;
	double *col_time, *col_share, *col_on;
};
/* Room for ENTRIES of SEGMENTS, and COLS columns. */
bool attr_columns_alloc(const struct attr_view *v, size_t segments, size_t entries, size_t cols,
	struct attr_columns *ret);
void attr_columns_free(struct attr_columns *n);
/* Puts N, whose first, col, share, z and col_time are filled, in the place of V's; N becomes what was there.
 * The times of new columns are in proportion. S: per old column. */
void attr_columns_install(struct attr_view *v, const struct attr_split *s, struct attr_columns *n,
	size_t cols);

#endif
