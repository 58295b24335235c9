/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_SELECT_H
#define ERG_ANALYZE_SELECT_H

/* Which rows of a document's list are shown, and in which order: --sort, --top, --phase, --match. */
#include <jansson.h>

struct erg_select {
	const char *sort;  /* energy, time, power, share or name; NULL: as they come */
	unsigned int top;  /* so many at most; 0: all */
	const char *match; /* a glob that the name, or that of a merged one, fits; NULL: all */
	const char *phase; /* a phase's name; NULL: all */
};

/*
 * Leaves in LIST what is asked for. Largest first, names from A; rows without a figure come last, and rows
 * that are equal keep their order. The first KEEP rows stay where they are (the whole run). ENERGY and
 * POWER: the keys of a row. Returns how many rows were left out.
 */
size_t erg_select_rows(const struct erg_select *s, json_t *list, size_t keep, const char *energy,
	const char *power);

#endif
