/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_SLIM_H
#define ERG_ANALYZE_RENDER_SLIM_H

/* A page opens at once: what it does not show is taken out of its document. */
#include <stddef.h>

#include <jansson.h>

/*
 * Of the rows of each run ("runs"[]."by") only what the page shows is kept, and of all runs MAX_ROWS at
 * most: first runs of a setting have theirs before repetitions do; a run whose rows are left out has
 * "rows_left_out", how many. So it is with the layers of a sweep. The documents have them all.
 */
void erg_page_slim(json_t *doc, size_t max_rows);

#endif
