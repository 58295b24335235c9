/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_SLIM_H
#define ERG_ANALYZE_RENDER_SLIM_H

/* A page opens at once: what it does not show is taken out of its document. */
#include <stddef.h>

#include <jansson.h>

/*
 * How many rows a page holds. First runs of a setting have theirs before repetitions do, and the first of
 * all in any case; a run whose rows are left out has "rows_left_out", how many. The documents have them all.
 */
struct erg_page_rows {
	size_t max, left; /* equal at the beginning */
};

/* RUN is the next one of the page: of its rows ("by") there is no more than what the page shows, as copies. */
void erg_page_slim_run(json_t *run, struct erg_page_rows *rows);
/* All "runs" are there: repetitions get the rows that are left. Of a sweep the layers are taken out. */
void erg_page_slim(json_t *doc, struct erg_page_rows *rows);

#endif
