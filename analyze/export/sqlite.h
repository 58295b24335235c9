/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPORT_SQLITE_H
#define ERG_ANALYZE_EXPORT_SQLITE_H

#include <jansson.h>

#include "formats/base/err.h"

/* -ENOTSUP where this program was built without SQLite: to be asked before the runs are read. */
int erg_export_sqlite_check(struct erg_err *err);

/* A database that is being written, one run after another. */
struct erg_export_db;

/* Begins the database PATH (an empty file, or none), which errors call NAME. */
int erg_export_sqlite_open(const char *path, const char *name, struct erg_export_db **ret,
	struct erg_err *err);
/* Adds a RUN as of erg_runs_load by layer and by phase. */
int erg_export_sqlite_run(struct erg_export_db *db, const json_t *run, struct erg_err *err);
/* Adds the points of a SWEEP document (or NULL), and WARNINGS; then it is whole. */
int erg_export_sqlite_end(struct erg_export_db *db, const json_t *sweep, const json_t *warnings,
	struct erg_err *err);
void erg_export_sqlite_close(struct erg_export_db *db);

/* The rows of RUN by WHAT (layer, phase): its own, or those of one of its "tables"; NULL where it has none, as the
 * result of another table has. */
const json_t *erg_export_rows(const json_t *run, const char *what);

#endif
