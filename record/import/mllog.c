/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines of MLPerf Training's logger, ":::MLLOG {…}", with the key power_reading: W at time_ms since
 * 1970. A node that the metadata names is a rail. init_start to init_stop and run_start to run_stop
 * are phases. Other keys, and lines of the program between them, are passed over.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/import.h"

#define MARK ":::MLLOG"
#define DECIMALS 6

static const char *node_of(const json_t *e)
{
	static const char *const keys[] = {"node", "node_id", "node_name", "host", "hostname",
		"name"};
	const json_t *metadata = json_object_get(e, "metadata");

	for (size_t i = 0; i < ERG_ARRAY_SIZE(keys); i++) {
		const char *text = json_string_value(json_object_get(metadata, keys[i]));

		if (text && *text)
			return text;
	}
	return "node";
}

/* A number, or an object with one as its value. */
static bool reading_of(const json_t *e, double *ret)
{
	const json_t *v = json_object_get(e, "value");

	if (json_is_object(v))
		v = json_object_get(v, "value");
	if (!json_is_number(v))
		return false;
	*ret = json_number_value(v);
	return isfinite(*ret) && fabs(*ret) < 1e9;
}

static int take_reading(struct erg_import_log *log, const json_t *e, int64_t t, size_t line,
	struct erg_err *err)
{
	double watts;
	int i, r = 0;

	if (!reading_of(e, &watts))
		return 0;
	if (log->n == 0 || log->t[log->n - 1] != t)
		r = erg_import_row(log, t, line, err);
	i = r < 0 ? r : erg_import_channel(log, node_of(e), "W", DECIMALS, err);
	r = i < 0 ? i : erg_import_put(log, (size_t)i, llround(watts * 1e6), err);
	return r < 0 ? r : 1;
}

/* "run_start" begins the phase run, "run_stop" ends it. */
static int take_phase(struct erg_import_log *log, const char *key, int64_t t)
{
	static const char *const phases[] = {"init", "run"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(phases); i++) {
		size_t len = strlen(phases[i]);

		if (!strncmp(key, phases[i], len) &&
			(!strcmp(key + len, "_start") || !strcmp(key + len, "_stop")))
			return erg_import_phase(log, phases[i], t);
	}
	return 0;
}

/* 1: understood; 0: not. */
static int take_mllog(struct erg_import_log *log, const char *text, size_t line, size_t *others,
	struct erg_err *err)
{
	json_auto_t *e = json_loads(text + strspn(text, " :\t"), JSON_DISABLE_EOF_CHECK, NULL);
	const char *key = json_string_value(json_object_get(e, "key"));
	const json_t *ms = json_object_get(e, "time_ms");
	double time_ms = json_number_value(ms);
	int64_t t;

	if (!key || !json_is_number(ms) || !(time_ms >= 0) || time_ms > 4e12)
		return 0;
	t = json_is_integer(ms) ? json_integer_value(ms) * 1000000 : llround(time_ms * 1e6);
	if (!strcmp(key, "power_reading"))
		return take_reading(log, e, t, line, err);
	++*others;
	return take_phase(log, key, t) < 0 ? erg_fail_errno(err, -ENOMEM, "%s", log->path) : 1;
}

static int read_mllog(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_lines_freep) struct erg_lines *lines = NULL;
	size_t others = 0;
	char *text;
	int r, got = 0;

	ret->path = path;
	ret->apart = "a node in the metadata of each reading";
	ret->clock = ERG_CLOCK_ZONED;
	r = erg_lines_open(path, &lines, err);
	while (r == 0 && (got = erg_lines_next(lines, &text, err)) > 0) {
		const char *mark = strstr(text, MARK);

		if (!mark)
			continue;
		got = take_mllog(ret, mark + strlen(MARK), erg_lines_number(lines), &others, err);
		r = got < 0 ? got : 0;
		if (got == 0)
			erg_import_foreign(ret, erg_lines_number(lines), text);
	}
	if (r < 0 || got < 0)
		return r < 0 ? r : got;
	if (ret->n == 0)
		return erg_fail(err, ret->foreign.n || others ? -ENODATA : -EINVAL,
			"%s: %s%zu lines :::MLLOG, none "
			"with the key power_reading and a number",
			path, ret->foreign.n ? "damaged: " : "", others + ret->foreign.n);
	return erg_lines_sha256(lines, ret->sha256, err);
}

const struct erg_import_reader erg_import_mllog = {
	.name = "mllog",
	.about = "MLPerf Training: :::MLLOG lines with power_reading",
	.read = read_mllog,
};
