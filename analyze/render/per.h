/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_PER_H
#define ERG_ANALYZE_RENDER_PER_H

/* Energy per unit of work, beside the other figures of a row and below a table. */
#include <stdbool.h>

#include <jansson.h>

#include "analyze/render/table.h"
#include "analyze/result/csv.h"

/* The unit that the rows of LIST have: "token"; NULL where they have none. */
const char *erg_per_unit(const json_t *list);

/* Column titles and cells of a table. RATE: also how many in a second. */
void erg_per_columns(struct erg_rtable *t, const char *unit, bool rate);
void erg_per_cells(struct erg_rtable *t, const json_t *row, const char *unit, bool rate);
/* Without power: how many there were, and in a second. */
void erg_per_work_columns(struct erg_rtable *t, const char *unit);
void erg_per_work_cells(struct erg_rtable *t, const json_t *row);

/* The time to a first token and energy against context of RUN, where it has them. */
void erg_per_below(const json_t *run, FILE *out);

/* Columns per_unit, per_count, per_energy_j…, per_rate_per_s of a CSV. */
void erg_per_csv_titles(struct erg_csv *c);
void erg_per_csv(struct erg_csv *c, const json_t *row);

#endif
