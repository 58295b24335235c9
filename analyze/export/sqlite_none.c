/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Without SQLite's library there is no database. */
#include "analyze/export/sqlite.h"

#include <errno.h>

int erg_export_sqlite_check(struct erg_err *err)
{
	return erg_fail(err, -ENOTSUP, "--to sqlite: built without SQLite (libsqlite3-dev)");
}

int erg_export_sqlite_open(const char *path, const char *name, struct erg_export_db **ret,
	struct erg_err *err)
{
	return erg_export_sqlite_check(err);
}

int erg_export_sqlite_run(struct erg_export_db *db, const json_t *run, struct erg_err *err)
{
	return erg_export_sqlite_check(err);
}

int erg_export_sqlite_end(struct erg_export_db *db, const json_t *sweep, const json_t *warnings,
	struct erg_err *err)
{
	return erg_export_sqlite_check(err);
}

void erg_export_sqlite_close(struct erg_export_db *db)
{
}

const json_t *erg_export_rows(const json_t *run, const char *what)
{
	return NULL;
}
