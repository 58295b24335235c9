/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs as a database, for questions that no verb asks. One transaction into a new file; the tables are
 * those of erg-analyze-export(1), and what is not known is NULL.
 */
#include "analyze/export/sqlite.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/result/estimate.h"
#include "analyze/result/merged.h"
#include "formats/base/util.h"

/*
 * A column takes a key of the row's JSON object: a text, a number, a boolean as 0 or 1, or anything else
 * as JSON text. One that ends in '~' is an estimate: KEY, KEY_lo, KEY_hi, KEY_method, KEY_reason.
 */
struct table {
	const char *name;
	const char *lead; /* columns that the caller gives, with their types */
	const char *columns[32];
};

static const struct table runs_table = {"runs", "run INTEGER PRIMARY KEY",
	{"archive", "workload", "machine", "host", "rail", "simulated", "time_s", "ets_j~",
		"edp_js~", "ed2p_js2~", "idle_w~", "mean_w", "peak_w", "coverage", "lost_events",
		"iterations", "throttled_share"}};
static const struct table layers_table = {"layers", "run INTEGER REFERENCES runs, layer INTEGER",
	{"name", "type", "network", "module", "calls", "macs", "params", "bytes_in", "bytes_out",
		"bytes_params", "merged_with", "coverage", "time_s~", "energy_j~", "above_idle_j~",
		"power_w~", "share~", "per_call_j~", "inclusive_j~"}};
static const struct table phases_table = {"phases", "run INTEGER REFERENCES runs, phase INTEGER",
	{"name", "calls", "time_s~", "energy_j~", "above_idle_j~", "power_w~", "per_call_j~"}};
static const struct table points_table = {"points", "point INTEGER PRIMARY KEY",
	{"group", "factors", "repetitions", "left_out", "time_s~", "ets_j~", "edp_js~", "mean_w",
		"peak_w", "pareto", "throttled"}};
static const struct table warnings_table = {"warnings", "warning INTEGER PRIMARY KEY",
	{"code", "text"}};
/* kind: factor or tag; number: the value, where it is one */
static const struct table factors_table = {"factors", "run INTEGER REFERENCES runs, factor INTEGER",
	{"kind", "name", "value", "number"}};
static const struct table counters_table = {"counters",
	"run INTEGER REFERENCES runs, layer INTEGER", {"name", "count"}};

struct erg_export_db {
	sqlite3 *db;
	char *name;
	sqlite3_int64 runs;
	struct erg_err *err; /* of the call that is being made */
};

static int db_fail(const struct erg_export_db *d)
{
	return erg_fail(d->err, -EIO, "%s: %s", d->name, sqlite3_errmsg(d->db));
}

static int execute(const struct erg_export_db *d, const char *sql)
{
	return sqlite3_exec(d->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : db_fail(d);
}

/* What an estimate's columns are called behind its name, which keys they take, and their types. */
static const struct {
	const char *suffix, *key, *type;
} parts[] = {{"", "value", "REAL"}, {"_lo", "lo", "REAL"}, {"_hi", "hi", "REAL"},
	{"_method", "method", "TEXT"}, {"_reason", "reason", "TEXT"}};

/* "KEY", or for an estimate its columns with their types. */
static void column_write(FILE *out, const char *column)
{
	int n = (int)strcspn(column, "~");

	if (!column[n])
		fprintf(out, ", \"%s\"", column);
	for (size_t i = 0; column[n] && i < ERG_ARRAY_SIZE(parts); i++)
		fprintf(out, ", \"%.*s%s\" %s", n, column, parts[i].suffix, parts[i].type);
}

static int create(const struct erg_export_db *d, const struct table *t)
{
	_cleanup_(erg_freep) char *sql = NULL;
	size_t len;
	FILE *f = open_memstream(&sql, &len);

	if (!f)
		return erg_fail(d->err, -ENOMEM, "out of memory");
	fprintf(f, "CREATE TABLE %s(%s", t->name, t->lead);
	for (size_t i = 0; t->columns[i]; i++)
		column_write(f, t->columns[i]);
	fprintf(f, ")");
	return fclose(f) ? erg_fail(d->err, -ENOMEM, "out of memory") : execute(d, sql);
}

static int prepare_insert(const struct erg_export_db *d, const struct table *t, size_t keys,
	sqlite3_stmt **ret)
{
	_cleanup_(erg_freep) char *sql = NULL;
	size_t len, n = keys;
	FILE *f = open_memstream(&sql, &len);

	if (!f)
		return erg_fail(d->err, -ENOMEM, "out of memory");
	for (size_t i = 0; t->columns[i]; i++)
		n += strchr(t->columns[i], '~') ? ERG_ARRAY_SIZE(parts) : 1;
	fprintf(f, "INSERT INTO %s VALUES(?", t->name);
	for (size_t i = 1; i < n; i++)
		fprintf(f, ",?");
	fprintf(f, ")");
	if (fclose(f))
		return erg_fail(d->err, -ENOMEM, "out of memory");
	return sqlite3_prepare_v2(d->db, sql, -1, ret, NULL) == SQLITE_OK ? 0 : db_fail(d);
}

static void bind(sqlite3_stmt *s, int at, const json_t *v)
{
	char *text;

	if (json_is_string(v))
		sqlite3_bind_text(s, at, json_string_value(v), -1, SQLITE_TRANSIENT);
	else if (json_is_integer(v))
		sqlite3_bind_int64(s, at, json_integer_value(v));
	else if (json_is_real(v))
		sqlite3_bind_double(s, at, json_real_value(v));
	else if (json_is_boolean(v))
		sqlite3_bind_int(s, at, json_is_true(v));
	else if (v && !json_is_null(v) && (text = json_dumps(v, JSON_COMPACT)))
		sqlite3_bind_text(s, at, text, -1, free);
}

static void bind_column(sqlite3_stmt *s, int *at, const json_t *row, const char *column)
{
	char key[64];
	const json_t *v;

	snprintf(key, sizeof(key), "%.*s", (int)strcspn(column, "~"), column);
	v = erg_merged_get(row, key);
	if (!strchr(column, '~')) {
		bind(s, (*at)++, v);
		return;
	}
	for (size_t i = 0; i < ERG_ARRAY_SIZE(parts); i++)
		bind(s, (*at)++, json_object_get(v, parts[i].key));
}

/* One row: KEYS numbers, then what ROW has. */
static int insert(const struct erg_export_db *d, sqlite3_stmt *s, const struct table *t,
	size_t keys, const sqlite3_int64 *key, const json_t *row)
{
	int at = 1;

	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	for (size_t i = 0; i < keys; i++)
		sqlite3_bind_int64(s, at++, key[i]);
	for (size_t i = 0; t->columns[i]; i++)
		bind_column(s, &at, row, t->columns[i]);
	return sqlite3_step(s) == SQLITE_DONE ? 0 : db_fail(d);
}

/* The rows of LIST, numbered from 1 behind the number RUN (0: there is none). */
static int insert_list(const struct erg_export_db *d, const struct table *t, sqlite3_int64 run,
	const json_t *list)
{
	sqlite3_int64 key[2] = {run, 0};
	size_t keys = run ? 2 : 1, i;
	sqlite3_stmt *s = NULL;
	int r = prepare_insert(d, t, keys, &s);
	json_t *row;

	json_array_foreach (list, i, row) {
		key[keys - 1] = (sqlite3_int64)i + 1;
		if (r >= 0)
			r = insert(d, s, t, keys, key, row);
	}
	sqlite3_finalize(s);
	return r;
}

static void add_settings(const json_t *settings, const char *kind, json_t *list)
{
	const char *name;
	json_t *v;

	json_object_foreach ((json_t *)settings, name, v) {
		const char *text = json_string_value(v);
		char *end = NULL;
		double number = json_is_number(v) ? json_number_value(v)
			: text                    ? strtod(text, &end)
						  : NAN;

		if (text && (end == text || *end))
			number = NAN;
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:O, s:o}", "kind", kind, "name", name, "value", v,
				"number", erg_num_json(number)));
	}
}

static int insert_counters(const struct erg_export_db *d, sqlite3_int64 run, const json_t *layers)
{
	sqlite3_stmt *s = NULL;
	int r = prepare_insert(d, &counters_table, 2, &s);
	const char *name;
	json_t *layer, *v;
	size_t i;

	json_array_foreach (layers, i, layer) {
		const sqlite3_int64 key[2] = {run, (sqlite3_int64)i + 1};

		json_object_foreach (json_object_get(layer, "counters"), name, v) {
			json_auto_t *row = json_pack("{s:s, s:O}", "name", name, "count", v);

			if (r >= 0)
				r = insert(d, s, &counters_table, 2, key, row);
		}
	}
	sqlite3_finalize(s);
	return r;
}

static bool is_by(const json_t *table, const char *what)
{
	return !strcmp(erg_text_of(table, "by"), what);
}

const json_t *erg_export_rows(const json_t *run, const char *what)
{
	json_t *table;
	size_t i;

	if (is_by(run, what))
		return json_object_get(run, "layers");
	json_array_foreach (json_object_get(run, "tables"), i, table)
		if (is_by(table, what))
			return json_object_get(table, "layers");
	return NULL;
}

static int insert_one(const struct erg_export_db *d, const struct table *t, sqlite3_int64 key,
	const json_t *row)
{
	sqlite3_stmt *s = NULL;
	int r = prepare_insert(d, t, 1, &s);

	if (r >= 0)
		r = insert(d, s, t, 1, &key, row);
	sqlite3_finalize(s);
	return r;
}

int erg_export_sqlite_run(struct erg_export_db *d, const json_t *run, struct erg_err *err)
{
	json_auto_t *settings = json_array();
	const json_t *layers = erg_export_rows(run, "layer");
	const sqlite3_int64 id = ++d->runs;
	int r;

	d->err = err;
	add_settings(json_object_get(run, "factors"), "factor", settings);
	add_settings(json_object_get(run, "tags"), "tag", settings);
	r = insert_one(d, &runs_table, id, run);
	if (r >= 0)
		r = insert_list(d, &factors_table, id, settings);
	if (r >= 0)
		r = insert_list(d, &layers_table, id, layers);
	if (r >= 0)
		r = insert_list(d, &phases_table, id, erg_export_rows(run, "phase"));
	return r < 0 ? r : insert_counters(d, id, layers);
}

/* {"points": …} of every group, each with its group. */
static json_t *all_points(const json_t *sweep)
{
	json_t *list = json_array(), *group, *point;
	size_t g, i;

	json_array_foreach (json_object_get(sweep, "groups"), g, group)
		json_array_foreach (json_object_get(group, "points"), i, point) {
			json_object_set(point, "group", json_object_get(group, "group"));
			json_array_append(list, point);
		}
	return list;
}

int erg_export_sqlite_check(struct erg_err *err)
{
	return 0;
}

static int begin_database(const struct erg_export_db *d)
{
	static const struct table *const tables[] = {&runs_table, &factors_table, &layers_table,
		&counters_table, &phases_table, &points_table, &warnings_table};
	int r = execute(d, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; BEGIN");

	for (size_t i = 0; r >= 0 && i < ERG_ARRAY_SIZE(tables); i++)
		r = create(d, tables[i]);
	return r;
}

int erg_export_sqlite_open(const char *path, const char *name, struct erg_export_db **ret,
	struct erg_err *err)
{
	struct erg_export_db *d = calloc(1, sizeof(*d));
	int r;

	if (!d || !(d->name = strdup(name))) {
		free(d);
		return erg_fail(err, -ENOMEM, "out of memory");
	}
	d->err = err;
	r = sqlite3_open_v2(path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	r = r == SQLITE_OK ? begin_database(d) : db_fail(d);
	if (r < 0)
		erg_export_sqlite_close(d);
	else
		*ret = d;
	return r;
}

int erg_export_sqlite_end(struct erg_export_db *d, const json_t *sweep, const json_t *warnings,
	struct erg_err *err)
{
	json_auto_t *points = all_points(sweep);
	int r;

	d->err = err;
	r = insert_list(d, &points_table, 0, points);
	if (r >= 0)
		r = insert_list(d, &warnings_table, 0, warnings);
	return r < 0 ? r : execute(d, "COMMIT");
}

void erg_export_sqlite_close(struct erg_export_db *d)
{
	if (!d)
		return;
	sqlite3_close(d->db);
	free(d->name);
	free(d);
}
