/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_EXPLAIN_H
#define ERG_ANALYZE_RENDER_EXPLAIN_H

/* What stands below a table of layers: the words of the column "by", members of merged rows, how much
 * longer to record, and what is not in the table. ENERGY is NULL of a table without energy and "by". */
#include <stdio.h>

#include <jansson.h>

/* The line that says how many rows --top, --match or --phase left out, of which SHOWN are in the table; none where
 * nothing was. WHAT: "row". */
void erg_explain_left_out(const json_t *run, const char *what, size_t shown, FILE *out);
void erg_explain_layers(const json_t *run, const char *energy, FILE *out);

#endif
