/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPORT_SQLITE_H
#define ERG_ANALYZE_EXPORT_SQLITE_H

#include <jansson.h>

#include "formats/base/err.h"

/*
 * Writes the database PATH (an empty file, or none) of RUNS as of erg_runs_load, of the same runs by
 * phase (PHASES, or NULL), of the points of a SWEEP document (or NULL), and of WARNINGS. -ENOTSUP where
 * this program was built without SQLite.
 */
int erg_export_sqlite(const char *path, const json_t *runs, const json_t *phases,
	const json_t *sweep, const json_t *warnings, struct erg_err *err);

#endif
