/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPORT_SQLITE_H
#define ERG_ANALYZE_EXPORT_SQLITE_H

#include <jansson.h>

#include "formats/base/err.h"

/* -ENOTSUP where this program was built without SQLite: to be asked before the runs are read. */
int erg_export_sqlite_check(struct erg_err *err);

/*
 * Writes the database PATH (an empty file, or none) of RUNS as of erg_runs_load_tables by layer and by
 * phase, of the points of a SWEEP document (or NULL), and of WARNINGS.
 */
int erg_export_sqlite(const char *path, const json_t *runs, const json_t *sweep,
	const json_t *warnings, struct erg_err *err);

/* The rows of RUN by phase: its own, or those of one of its "tables"; NULL where it has none, as the
 * result of another table has. */
const json_t *erg_export_phases(const json_t *run);

#endif
