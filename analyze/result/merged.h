/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RESULT_MERGED_H
#define ERG_ANALYZE_RESULT_MERGED_H

/* Rows of a document that stand for several layers, of which only the sum is known. */
#include <stddef.h>

#include <jansson.h>

/* Others that a table names; of more it shows their number. */
#define ERG_MERGED_SHOWN 2

/* The row's name with those that it is merged with: "a + b"; of more than MOST others their number, "a + 5 more".
 * Free it; NULL: no memory. */
char *erg_merged_name(const json_t *row, size_t most);
/* KEY of the row, of one call of all that its energy is of where that is known: macs, params, bytes. */
const json_t *erg_merged_get(const json_t *row, const char *key);

#endif
