/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Without SQLite's library there is no database. */
#include "analyze/export/sqlite.h"

#include <errno.h>

int erg_export_sqlite_check(struct erg_err *err)
{
	return erg_fail(err, -ENOTSUP, "--to sqlite: built without SQLite (libsqlite3-dev)");
}

int erg_export_sqlite(const char *path, const json_t *runs, const json_t *sweep,
	const json_t *warnings, struct erg_err *err)
{
	return erg_export_sqlite_check(err);
}

const json_t *erg_export_phases(const json_t *run)
{
	return NULL;
}
