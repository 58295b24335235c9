/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_RUNS_MIXED_H
#define ERG_ANALYZE_ACCOUNT_RUNS_MIXED_H

/*
 * Runs whose results were computed differently: by other options, or by another version. What they differ in
 * may be the analysis's and not the runs'.
 */
#include <jansson.h>

/* Notes in each run of the document RESULT by what it was made. */
void erg_runs_note_origin(json_t *result);
/* Warns in DOC where RUNS were made by several analyses, and takes the notes out of them. */
void erg_runs_tell_mixed(const json_t *runs, json_t *doc);

#endif
