/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `nsys export --type sqlite` writes, as layers: NVTX ranges on their threads, kernels, graphs as a
 * whole (--cuda-graph-trace=graph), copies and fills on their streams. Times are ns since the capture
 * began; the export says when that was, since 1970. Tables and columns depend on what was traced and on
 * the version, so each is asked for.
 *
 * Schema: Nsight Systems, "SQLite Export Schema Reference".
 */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/import.h"

enum { NVTX_PUSH_POP = 59, NVTX_START_END = 60 };

struct nsys {
	sqlite3 *db;
	struct erg_import_layers *layers;
	const char *path;
	int64_t begin_ns; /* of the capture, since 1970 */
	size_t unfinished, unnamed;
};

static void db_closep(sqlite3 **db)
{
	sqlite3_close(*db);
}

static void statement_endp(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}

static int fail_database(const struct nsys *n, struct erg_err *err)
{
	if (sqlite3_errcode(n->db) == SQLITE_NOTADB)
		return erg_fail(err, -EINVAL,
			"%s: no SQLite database; what nsys export --type sqlite writes was "
			"expected",
			n->path);
	return erg_fail(err, -EIO, "%s: %s", n->path, sqlite3_errmsg(n->db));
}

static int prepare(const struct nsys *n, const char *query, sqlite3_stmt **ret, struct erg_err *err)
{
	return sqlite3_prepare_v2(n->db, query, -1, ret, NULL) == SQLITE_OK ? 0
									    : fail_database(n, err);
}

/* 1 when the table has the column; any, if COLUMN is NULL. */
static int has_column(const struct nsys *n, const char *table, const char *column,
	struct erg_err *err)
{
	_cleanup_(statement_endp) sqlite3_stmt *s = NULL;
	int r = prepare(n,
		"SELECT count(*) FROM pragma_table_info(?1) WHERE ?2 IS NULL OR name = ?2", &s,
		err);

	if (r < 0)
		return r;
	sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, column, -1, SQLITE_STATIC);
	if (sqlite3_step(s) != SQLITE_ROW)
		return fail_database(n, err);
	return sqlite3_column_int(s, 0) > 0;
}

/* ---- rows: start, end, name, track ---- */

static int add_row(struct nsys *n, sqlite3_stmt *s, const char *type, struct erg_err *err)
{
	const char *name = (const char *)sqlite3_column_text(s, 2);
	const char *track = (const char *)sqlite3_column_text(s, 3);
	int64_t begin = sqlite3_column_int64(s, 0), end = sqlite3_column_int64(s, 1);
	struct erg_import_span *span;
	uint32_t layer, id;

	if (sqlite3_column_type(s, 1) == SQLITE_NULL || end < begin) {
		n->unfinished++;
		return 0;
	}
	n->unnamed += !name || !*name;
	if (begin < 0 || __builtin_add_overflow(begin, n->begin_ns, &begin) ||
		__builtin_add_overflow(end, n->begin_ns, &end) || end > ERG_IMPORT_TIME_MAX)
		return erg_fail(err, -ERANGE, "%s: '%.60s' is at a time that cannot be", n->path,
			name ? name : type);
	layer = erg_import_layers_define(n->layers, 2, 0, name && *name ? name : "unnamed", type,
		"");
	id = erg_import_layers_track(n->layers, track ? track : type);
	span = layer && id ? erg_import_layers_add(n->layers) : NULL;
	if (!span)
		return erg_fail_errno(err, -ENOMEM, "%s", n->path);
	*span = (struct erg_import_span){.begin = begin,
		.end = end,
		.layer = layer - 1,
		.track = id,
		.iteration = n->layers->defs[layer - 1].seen++};
	return 0;
}

static int take_rows(struct nsys *n, const char *query, const char *type, struct erg_err *err)
{
	_cleanup_(statement_endp) sqlite3_stmt *s = NULL;
	int r = prepare(n, query, &s, err), got = SQLITE_ROW;

	while (r == 0 && (got = sqlite3_step(s)) == SQLITE_ROW)
		r = add_row(n, s, type, err);
	if (r == 0 && got != SQLITE_DONE)
		r = fail_database(n, err);
	return r;
}

/* Ranges that are started and ended may overlap those that are pushed: they have tracks of their own. */
static int take_nvtx(struct nsys *n, struct erg_err *err)
{
	int ids = has_column(n, "NVTX_EVENTS", "textId", err);
	int names = has_column(n, "ThreadNames", "nameId", err);
	_cleanup_(erg_freep) char *query = NULL;

	if (ids < 0 || names < 0)
		return ids < 0 ? ids : names;
	if (asprintf(&query,
		    "SELECT e.start, e.end, %s, %s || CASE e.eventType WHEN %d THEN '' ELSE ' ranges' "
		    "END FROM NVTX_EVENTS AS e %s %s WHERE e.eventType IN (%d, %d) ORDER BY e.start",
		    ids ? "COALESCE(e.text, t.value)" : "e.text",
		    names ? "COALESCE(w.value || ' ', '') || 'thread ' || (e.globalTid & 16777215)"
			  : "'thread ' || (e.globalTid & 16777215)",
		    NVTX_PUSH_POP, ids ? "LEFT JOIN StringIds AS t ON t.id = e.textId" : "",
		    names ? "LEFT JOIN (SELECT globalTid, MIN(nameId) AS nameId FROM ThreadNames GROUP BY globalTid) "
			    "AS m ON m.globalTid = e.globalTid LEFT JOIN StringIds AS w ON w.id = m.nameId"
			  : "",
		    NVTX_PUSH_POP, NVTX_START_END) < 0) {
		query = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", n->path);
	}
	return take_rows(n, query, "nvtx", err);
}

#define ON_STREAM "'gpu ' || deviceId || ' stream ' || streamId"

static int take_device(struct nsys *n, struct erg_err *err)
{
	static const struct {
		const char *table, *query, *type;
	} kinds[] = {
		{"CUPTI_ACTIVITY_KIND_KERNEL",
			"SELECT start, end, value, " ON_STREAM " FROM "
			"CUPTI_ACTIVITY_KIND_KERNEL LEFT JOIN StringIds ON id = demangledName ORDER BY start",
			"kernel"},
		{"CUPTI_ACTIVITY_KIND_MEMCPY",
			"SELECT start, end, 'memcpy', " ON_STREAM " FROM "
			"CUPTI_ACTIVITY_KIND_MEMCPY ORDER BY start",
			"memcpy"},
		{"CUPTI_ACTIVITY_KIND_GRAPH_TRACE",
			"SELECT start, end, 'graph ' || graphId, " ON_STREAM " FROM "
			"CUPTI_ACTIVITY_KIND_GRAPH_TRACE ORDER BY start",
			"graph"},
		{"CUPTI_ACTIVITY_KIND_MEMSET",
			"SELECT start, end, 'memset', " ON_STREAM " FROM "
			"CUPTI_ACTIVITY_KIND_MEMSET ORDER BY start",
			"memset"},
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(kinds); i++) {
		r = has_column(n, kinds[i].table, NULL, err);
		if (r > 0)
			r = take_rows(n, kinds[i].query, kinds[i].type, err);
	}
	return r < 0 ? r : 0;
}

/* ---- the file ---- */

static int find_begin(struct nsys *n, json_t *notes, struct erg_err *err)
{
	_cleanup_(statement_endp) sqlite3_stmt *s = NULL;
	int r = has_column(n, "TARGET_INFO_SESSION_START_TIME", "utcEpochNs", err);

	if (r < 0)
		return r;
	if (r > 0)
		r = prepare(n, "SELECT utcEpochNs FROM TARGET_INFO_SESSION_START_TIME", &s, err);
	if (r < 0)
		return r;
	if (s && sqlite3_step(s) == SQLITE_ROW)
		n->begin_ns = sqlite3_column_int64(s, 0);
	else
		erg_import_note(notes, "begin",
			"%s: it does not say when the capture began: its times are ns since "
			"then",
			n->path);
	return 0;
}

static int read_database(struct nsys *n, json_t *notes, struct erg_err *err)
{
	int nvtx, kernels, r;

	if (sqlite3_open_v2(n->path, &n->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		return access(n->path, R_OK) < 0 ? erg_fail_errno(err, -errno, "%s", n->path)
						 : fail_database(n, err);
	nvtx = has_column(n, "NVTX_EVENTS", NULL, err);
	kernels = nvtx < 0 ? nvtx : has_column(n, "CUPTI_ACTIVITY_KIND_KERNEL", NULL, err);
	if (kernels < 0)
		return kernels;
	if (!nvtx && !kernels)
		return erg_fail(err, -EINVAL,
			"%s: neither NVTX_EVENTS nor CUPTI_ACTIVITY_KIND_KERNEL is in it; what "
			"nsys export --type sqlite writes of nsys profile -t nvtx,cuda was expected",
			n->path);
	r = find_begin(n, notes, err);
	if (r == 0 && nvtx)
		r = take_nvtx(n, err);
	return r < 0 ? r : take_device(n, err);
}

static int read_nsys(const char *path, struct erg_import_layers *ret, json_t *notes,
	struct erg_err *err)
{
	_cleanup_(db_closep) sqlite3 *db = NULL;
	struct nsys n = {.layers = ret, .path = path};
	int r;

	erg_import_layers_init(ret);
	r = read_database(&n, notes, err);
	db = n.db;
	if (r < 0)
		return r;
	if (n.unfinished)
		erg_import_note(notes, "unfinished",
			"%s: %zu ranges have no end, or end before they begin, and were "
			"left out",
			path, n.unfinished);
	if (n.unnamed)
		erg_import_note(notes, "unnamed",
			"%s: %zu ranges or kernels have no name: they are called "
			"'unnamed'",
			path, n.unnamed);
	return erg_import_layers_finish(ret, path, notes, err);
}

const struct erg_import_layers_reader erg_import_nsys = {
	.name = "nsys",
	.about = "Nsight Systems: nsys export --type sqlite",
	.read = read_nsys,
};
