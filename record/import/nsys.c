/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `nsys export --type sqlite` writes, as layers: NVTX ranges on their threads, kernels, graphs as a
 * whole (--cuda-graph-trace=graph), copies and fills on their streams, and there the ranges that launched
 * them, as their modules: a launch is the CUDA call of the same correlationId and process. Times are ns since the capture
 * began; the export says when that was, since 1970. Tables and columns depend on what was traced and on
 * the version, so each is asked for.
 *
 * Schema: Nsight Systems, "SQLite Export Schema Reference".
 */
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "formats/base/util.h"
#include "record/import/nsys.h"

enum { NVTX_PUSH_POP = 59, NVTX_START_END = 60 };

struct nsys {
	sqlite3 *db;
	struct erg_import_layers *layers;
	const char *path;
	int64_t begin_ns; /* of the capture, since 1970 */
	size_t unfinished, unnamed;
	uint32_t rows;
	int processes;      /* that ran kernels */
	bool contexts;      /* several of one process have streams of the same number */
	bool mapped, uuids; /* it is told which GPUs a process has, also by UUID */
	bool launches;      /* CUDA's calls were traced */
	struct erg_nsys_ranges ranges;
	size_t operations, unlaunched, outside,
		apart; /* apart: ranges that are started and ended */
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

static int prepare_query(const struct nsys *n, const char *query, sqlite3_stmt **ret,
	struct erg_err *err)
{
	return sqlite3_prepare_v2(n->db, query, -1, ret, NULL) == SQLITE_OK ? 0
									    : fail_database(n, err);
}

/* 1 when the table has the column; any, if COLUMN is NULL. */
static int has_column(const struct nsys *n, const char *table, const char *column,
	struct erg_err *err)
{
	_cleanup_(statement_endp) sqlite3_stmt *s = NULL;
	int r = prepare_query(n,
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

/* ---- rows: start, end, name, track, thread; of a device also the time of the launch, of NVTX the event's kind ---- */

enum { START, END, NAME, TRACK, THREAD, LAUNCHED, KIND = LAUNCHED };

/* The range that launched what the row is of, if there is one. */
static size_t launcher_of(struct nsys *n, sqlite3_stmt *s)
{
	size_t range;

	n->operations++;
	if (!n->launches || sqlite3_column_type(s, LAUNCHED) == SQLITE_NULL) {
		n->unlaunched++;
		return ERG_NSYS_NONE;
	}
	range = erg_nsys_range_at(&n->ranges, sqlite3_column_int64(s, THREAD),
		sqlite3_column_int64(s, LAUNCHED));
	n->outside += range == ERG_NSYS_NONE;
	return range;
}

/* Its module is the range that launched it. 0: no memory. */
static uint32_t define_row(struct nsys *n, const char *name, const char *type, size_t range,
	uint32_t track, int64_t begin, int64_t end)
{
	uint32_t module = 0;

	if (range != ERG_NSYS_NONE) {
		if (erg_nsys_launched(&n->ranges, n->layers, range, track, begin, end) < 0)
			return 0;
		module = n->ranges.ranges[range].module;
	}
	return erg_import_layers_define(n->layers, 2, module, name && *name ? name : "unnamed",
		type, "");
}

static int add_row(struct nsys *n, sqlite3_stmt *s, const char *type, bool device,
	struct erg_err *err)
{
	const char *name = (const char *)sqlite3_column_text(s, NAME);
	const char *track = (const char *)sqlite3_column_text(s, TRACK);
	int64_t begin = sqlite3_column_int64(s, START), end = sqlite3_column_int64(s, END);
	struct erg_import_span *span;
	uint32_t layer, id;
	size_t range = ERG_NSYS_NONE;

	if (sqlite3_column_type(s, END) == SQLITE_NULL || end < begin) {
		n->unfinished++;
		return 0;
	}
	n->unnamed += !name || !*name;
	if (begin < 0 || __builtin_add_overflow(begin, n->begin_ns, &begin) ||
		__builtin_add_overflow(end, n->begin_ns, &end) || end > ERG_IMPORT_TIME_MAX)
		return erg_fail(err, -ERANGE, "%s: '%.60s' is at a time that cannot be", n->path,
			name ? name : type);
	if (device)
		range = launcher_of(n, s);
	id = erg_import_layers_track(n->layers, track ? track : type);
	layer = id ? define_row(n, name, type, range, id, begin, end) : 0;
	span = layer ? erg_import_layers_add(n->layers) : NULL;
	if (!span)
		return erg_fail_errno(err, -ENOMEM, "%s", n->path);
	*span = (struct erg_import_span){.begin = begin,
		.end = end,
		.layer = layer - 1,
		.track = id,
		.line = ++n->rows, /* behind those of its ranges */
		.iteration = n->layers->defs[layer - 1].seen++};
	return 0;
}

/* One that is pushed and popped may have launched something; the others' threads may differ at either end. */
static int keep_range(struct nsys *n, sqlite3_stmt *s, struct erg_err *err)
{
	const char *name = (const char *)sqlite3_column_text(s, NAME);

	if (sqlite3_column_type(s, END) == SQLITE_NULL ||
		sqlite3_column_int64(s, END) < sqlite3_column_int64(s, START))
		return 0;
	if (sqlite3_column_int(s, KIND) != NVTX_PUSH_POP) {
		n->apart++;
		return 0;
	}
	return erg_nsys_add_range(&n->ranges, sqlite3_column_int64(s, THREAD),
		       sqlite3_column_int64(s, START), sqlite3_column_int64(s, END),
		       name && *name ? name : "unnamed") < 0
		? erg_fail_errno(err, -ENOMEM, "%s", n->path)
		: 0;
}

static int take_rows(struct nsys *n, const char *query, const char *type, bool device,
	struct erg_err *err)
{
	_cleanup_(statement_endp) sqlite3_stmt *s = NULL;
	int r = prepare_query(n, query, &s, err), got = SQLITE_ROW;

	while (r == 0 && (got = sqlite3_step(s)) == SQLITE_ROW) {
		r = add_row(n, s, type, device, err);
		if (r == 0 && !device)
			r = keep_range(n, s, err);
	}
	if (r == 0 && got != SQLITE_DONE)
		r = fail_database(n, err);
	return r;
}

/* Ranges that are started and ended may overlap those that are pushed: they have tracks of their own. */
static int take_nvtx(struct nsys *n, struct erg_err *err)
{
	int ids = has_column(n, "NVTX_EVENTS", "textId", err);
	int names = has_column(n, "ThreadNames", "nameId", err), r;
	_cleanup_(erg_freep) char *query = NULL;

	if (ids < 0 || names < 0)
		return ids < 0 ? ids : names;
	if (asprintf(&query,
		    "SELECT e.start, e.end, %s, %s || CASE e.eventType WHEN %d THEN '' ELSE ' ranges' "
		    "END, e.globalTid, e.eventType FROM NVTX_EVENTS AS e %s %s WHERE e.eventType IN (%d, %d) ORDER BY e.start",
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
	r = take_rows(n, query, "nvtx", false, err);
	erg_nsys_sort_ranges(&n->ranges);
	return r;
}

static const struct kind {
	const char *table, *name, *join, *type;
} kinds[] = {
	{"CUPTI_ACTIVITY_KIND_KERNEL", "x.value",
		"LEFT JOIN StringIds AS x ON x.id = k.demangledName", "kernel"},
	{"CUPTI_ACTIVITY_KIND_MEMCPY", "'memcpy'", "", "memcpy"},
	{"CUPTI_ACTIVITY_KIND_GRAPH_TRACE", "'graph ' || k.graphId", "", "graph"},
	{"CUPTI_ACTIVITY_KIND_MEMSET", "'memset'", "", "memset"},
};

/* What ran on a device, and by which call it was launched. */
#define LAUNCHES                                                                                   \
	"LEFT JOIN (SELECT correlationId, globalTid, globalTid / 16777216 AS process, "            \
	"MIN(start) AS start FROM CUPTI_ACTIVITY_KIND_RUNTIME GROUP BY correlationId, "            \
	"globalTid / 16777216) AS r ON r.correlationId = k.correlationId"

/* CUDA counts the GPUs of each process from 0. Which these are: their number by PCI address, which is nvidia-smi's
 * index, and their UUID. */
#define PID "(k.globalPid >> 24 & 16777215)"
#define GPUS                                                                                       \
	" LEFT JOIN (SELECT c.pid AS pid, c.cudaId AS cudaId, MIN(g.number) AS number, "           \
	"MIN(%s) AS uuid FROM TARGET_INFO_CUDA_DEVICE AS c JOIN (SELECT id, (SELECT COUNT(*) "     \
	"FROM TARGET_INFO_GPU AS o WHERE o.busLocation < a.busLocation) AS number "                \
	"FROM TARGET_INFO_GPU AS a) AS g ON g.id = c.gpuId GROUP BY c.pid, c.cudaId) AS d "        \
	"ON d.cudaId = k.deviceId AND d.pid = " PID

static int take_kind(struct nsys *n, const struct kind *k, struct erg_err *err)
{
	int processes = has_column(n, k->table, "globalPid", err);
	int ids = has_column(n, k->table, "correlationId", err);
	int contexts = has_column(n, k->table, "contextId", err);
	const bool launches = n->launches && ids > 0, mapped = n->mapped && processes > 0;
	_cleanup_(erg_freep) char *query = NULL, *gpus = NULL;

	if (processes < 0 || ids < 0 || contexts < 0)
		return processes < 0 ? processes : ids < 0 ? ids : contexts;
	if (asprintf(&gpus, GPUS, n->uuids ? "c.uuid" : "NULL") < 0) {
		gpus = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", n->path);
	}
	if (asprintf(&query,
		    "SELECT k.start, k.end, %s, 'gpu ' || %s%s%s || ' stream ' || k.streamId%s, %s "
		    "FROM %s AS k %s %s%s%s ORDER BY k.start",
		    k->name, mapped ? "COALESCE(d.number, k.deviceId)" : "k.deviceId",
		    n->processes > 1 && processes ? " || ' process ' || " PID : "",
		    n->contexts && contexts ? " || ' context ' || k.contextId" : "",
		    mapped ? " || CASE length(d.uuid) WHEN 40 THEN ' ' || d.uuid WHEN 36 THEN ' GPU-' || "
			     "d.uuid ELSE '' END"
			   : "",
		    launches ? "r.globalTid, r.start" : "NULL, NULL", k->table, k->join,
		    launches ? LAUNCHES : "",
		    launches && processes ? " AND r.process = k.globalPid / 16777216" : "",
		    mapped ? gpus : "") < 0) {
		query = NULL;
		return erg_fail_errno(err, -ENOMEM, "%s", n->path);
	}
	return take_rows(n, query, k->type, true, err);
}

/* The number that QUERY asks for. */
static int ask_number(const struct nsys *n, const char *query, int *ret, struct erg_err *err)
{
	_cleanup_(statement_endp) sqlite3_stmt *s = NULL;
	int r = prepare_query(n, query, &s, err);

	if (r == 0 && sqlite3_step(s) != SQLITE_ROW)
		r = fail_database(n, err);
	if (r == 0)
		*ret = sqlite3_column_int(s, 0);
	return r;
}

/* Streams have numbers of their own in each process and context: whether there are several, and what tells which GPU
 * a process calls what. */
static int find_owners(struct nsys *n, struct erg_err *err)
{
	const char *table = "CUPTI_ACTIVITY_KIND_KERNEL";
	const int processes = has_column(n, table, "globalPid", err),
		  contexts = has_column(n, table, "contextId", err),
		  cuda = has_column(n, "TARGET_INFO_CUDA_DEVICE", "pid", err),
		  gpus = has_column(n, "TARGET_INFO_GPU", "busLocation", err),
		  uuids = has_column(n, "TARGET_INFO_CUDA_DEVICE", "uuid", err);
	const int asked[] = {processes, contexts, cuda, gpus, uuids};
	int several = 0, r = 0;

	for (size_t i = 0; i < ERG_ARRAY_SIZE(asked); i++)
		if (asked[i] < 0)
			return asked[i];
	if (processes)
		r = ask_number(n,
			"SELECT COUNT(DISTINCT globalPid) FROM CUPTI_ACTIVITY_KIND_KERNEL",
			&n->processes, err);
	if (r == 0 && processes && contexts)
		r = ask_number(n,
			"SELECT COUNT(*) FROM (SELECT 1 FROM CUPTI_ACTIVITY_KIND_KERNEL GROUP BY globalPid, "
			"deviceId, streamId HAVING COUNT(DISTINCT contextId) > 1 LIMIT 1)",
			&several, err);
	n->contexts = several > 0;
	n->mapped = cuda && gpus;
	n->uuids = uuids;
	return r;
}

static int take_device(struct nsys *n, struct erg_err *err)
{
	int r = has_column(n, "CUPTI_ACTIVITY_KIND_RUNTIME", "correlationId", err);

	n->launches = r > 0;
	if (r >= 0)
		r = find_owners(n, err);
	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(kinds); i++) {
		r = has_column(n, kinds[i].table, NULL, err);
		if (r > 0)
			r = take_kind(n, &kinds[i], err);
	}
	if (r >= 0 && erg_nsys_add_modules(&n->ranges, n->layers) < 0)
		r = erg_fail_errno(err, -ENOMEM, "%s", n->path);
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
		r = prepare_query(n, "SELECT utcEpochNs FROM TARGET_INFO_SESSION_START_TIME", &s,
			err);
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

/* What has no module that could have one. */
static void note_projection(const struct nsys *n, json_t *notes)
{
	if (n->operations == 0 || n->ranges.n + n->apart == 0)
		return;
	if (!n->launches) {
		erg_import_note(notes, "projection",
			"%s: there is no table CUPTI_ACTIVITY_KIND_RUNTIME (nsys profile -t cuda,nvtx makes "
			"it), which says what launched the %zu kernels and copies: the ranges are of threads "
			"alone",
			n->path, n->operations);
		return;
	}
	if (n->unlaunched || n->outside || n->apart)
		erg_import_note(notes, "projection",
			"%s: of %zu kernels and copies %zu were launched outside of all ranges and of %zu it "
			"is not known by which call; %zu ranges that are started and ended have no thread to "
			"launch on: these are not part of what ranges are on streams",
			n->path, n->operations, n->outside, n->unlaunched, n->apart);
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
	note_projection(&n, notes);
	erg_nsys_release_ranges(&n.ranges);
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
