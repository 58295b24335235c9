/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `amd-smi monitor -p -t -u -w S --csv`, `amd-smi metric --csv` and `rocm-smi -P -t -u --csv`, also in
 * a loop that repeats the header. Columns are known by name; each GPU has its own rails. Without a
 * time stamp the time is that of a line of date(1) before a poll, else readings are --interval apart,
 * and a GPU that comes again begins the next.
 */
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/import.h"

#define CELLS_MAX 256
#define DECIMALS 3

enum amd_role { AMD_NONE, AMD_TIME, AMD_GPU, AMD_PART, AMD_VALUE };

struct amd_column {
	enum amd_role role;
	const char *suffix, *unit;
};

static const struct {
	const char *name; /* in lower case */
	struct amd_column column;
} amd_columns[] = {
	{"timestamp", {AMD_TIME, NULL, NULL}},
	{"gpu", {AMD_GPU, NULL, NULL}},
	{"device", {AMD_GPU, NULL, NULL}},
	{"xcp", {AMD_PART, NULL, NULL}},
	{"power_usage", {AMD_VALUE, "", "W"}},
	{"socket_power", {AMD_VALUE, "", "W"}},
	{"current_socket_power", {AMD_VALUE, "", "W"}},
	{"average_socket_power", {AMD_VALUE, ".average", "W"}},
	{"current socket graphics package power (w)", {AMD_VALUE, "", "W"}},
	{"average graphics package power (w)", {AMD_VALUE, ".average", "W"}},
	{"total_energy_consumption", {AMD_VALUE, "", "J"}},
	{"hotspot_temperature", {AMD_VALUE, ".hotspot", "degC"}},
	{"hotspot", {AMD_VALUE, ".hotspot", "degC"}},
	{"edge", {AMD_VALUE, ".edge", "degC"}},
	{"memory_temperature", {AMD_VALUE, ".memory", "degC"}},
	{"temperature (sensor edge) (c)", {AMD_VALUE, ".edge", "degC"}},
	{"temperature (sensor junction) (c)", {AMD_VALUE, ".hotspot", "degC"}},
	{"temperature (sensor memory) (c)", {AMD_VALUE, ".memory", "degC"}},
	{"gfx", {AMD_VALUE, "", "%"}},
	{"gfx_activity", {AMD_VALUE, "", "%"}},
	{"gpu use (%)", {AMD_VALUE, "", "%"}},
};

struct amd_log {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	struct erg_lines *lines;
	struct amd_column columns[CELLS_MAX];
	size_t n, polls;
	int time, gpu, part; /* columns; -1: there is none */
	size_t parts;        /* rows of further partitions of a GPU */
	bool known;          /* there was a header */
	bool told;           /* a line told the time of the poll below it, which has no row yet */
	int64_t t;           /* that time */
	size_t dated;        /* such lines */
	struct erg_import_kept unread; /* powers that could not be read, of GPUs that have one */
	struct erg_import_kept odd;    /* cells that are no number, of what is no power */
};

/* ---- the header ---- */

static struct amd_column amd_column_of(const char *name)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(amd_columns); i++)
		if (!strcasecmp(amd_columns[i].name, name))
			return amd_columns[i].column;
	return (struct amd_column){AMD_NONE, NULL, NULL};
}

/* A line is a header when it names a GPU's column and a value of it. */
static bool take_amd_header(struct amd_log *a, char **cells, size_t n)
{
	size_t values = 0;
	int time = -1, gpu = -1, part = -1;

	for (size_t i = 0; i < n; i++) {
		struct amd_column c = amd_column_of(cells[i]);

		values += c.role == AMD_VALUE;
		time = c.role == AMD_TIME ? (int)i : time;
		gpu = c.role == AMD_GPU ? (int)i : gpu;
		part = c.role == AMD_PART ? (int)i : part;
	}
	if (gpu < 0 || values == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		a->columns[i] = amd_column_of(cells[i]);
	a->n = n;
	a->time = time;
	a->gpu = gpu;
	a->part = part;
	a->known = true;
	return true;
}

/* ---- rows ---- */

/* "0", "card0" and "GPU[0]" are 0; -1 for no number. */
static long amd_gpu_of(const char *cell)
{
	const char *digits = cell + strcspn(cell, "0123456789");
	char *end;
	long v = strtol(digits, &end, 10);

	return end == digits || v < 0 || v > 4095 ? -1 : v;
}

static int amd_time(struct amd_log *a, const char *cell, int64_t *ret, struct erg_err *err)
{
	const char *end;
	int r;

	if (erg_import_epoch(a->log, cell, ret, &end) && !*end)
		return 1;
	r = erg_import_when(a->log, a->how, cell, ERG_DATE_YEAR_FIRST, ret, &end, err);
	return r > 0 && *end ? 0 : r;
}

/* The row of T, or of this poll, which the GPU has no reading in yet. */
static int amd_row(struct amd_log *a, long gpu, int64_t t, struct erg_err *err)
{
	struct erg_import_log *log = a->log;
	bool fresh = log->n == 0 || erg_import_was_read(log, (uint32_t)gpu, log->n - 1);

	if (a->time < 0 && a->dated) {
		fresh |= a->told;
		a->told = false;
		t = a->t;
	} else if (a->time < 0) {
		a->polls += fresh;
		t = (int64_t)((a->polls - 1) * a->how->interval_ns);
		log->spaced = true;
	} else if (!fresh && log->t[log->n - 1] != t) {
		fresh = true;
	}
	return fresh ? erg_import_row(log, t, erg_lines_number(a->lines), err) : 0;
}

/* A list of a unit's parts, as of what is no power there are: 1, and told; a power: 0. */
static int not_a_number(struct amd_log *a, const struct amd_column *c, const char *cell)
{
	if (!strcmp(c->unit, "W") || !strcmp(c->unit, "J"))
		return 0;
	erg_import_keep(&a->odd, erg_lines_number(a->lines), cell);
	return 1;
}

static int amd_value(struct amd_log *a, const struct amd_column *c, long gpu, const char *cell,
	struct erg_err *err)
{
	const char *end;
	char rail[64];
	int64_t v;
	int digits, i;

	snprintf(rail, sizeof(rail), "gpu%ld%s", gpu, c->suffix);
	if (erg_import_missing_cell(cell) || !strncmp(cell, "N/A ", 4)) { /* N/A (Secondary die) */
		if (*c->unit == 'W' && erg_import_find_channel(a->log, rail, ERG_Q_POWER) >= 0)
			erg_import_keep(&a->unread, erg_lines_number(a->lines), cell);
		return 1;
	}
	if (!erg_import_scaled(cell, '.', DECIMALS, &v, &digits, &end))
		return not_a_number(a, c, cell);
	while (*end == ' ')
		end++;
	end += strncmp(end, "\xc2\xb0", 2) ? 0 : 2; /* °C */
	if (*end && strcmp(end, c->unit) && strcmp(end, "C"))
		return not_a_number(a, c, cell);
	i = erg_import_channel(a->log, rail, c->unit, DECIMALS, err);
	if (i < 0)
		return i;
	a->log->channels[i].group = (uint32_t)gpu;
	i = erg_import_put(a->log, (size_t)i, v, err);
	return i < 0 ? i : 1;
}

/* 1: a row; 0: not understood. */
static int take_amd_row(struct amd_log *a, char **cells, size_t n, struct erg_err *err)
{
	long gpu = a->known && n == a->n ? amd_gpu_of(cells[a->gpu]) : -1;
	int64_t t = 0;
	int r;

	if (gpu < 0)
		return 0;
	if (a->part >= 0 &&
		amd_gpu_of(cells[a->part]) > 0) { /* its power is in the first one's row */
		a->parts++;
		return 1;
	}
	r = a->time < 0 ? 1 : amd_time(a, cells[a->time], &t, err);
	if (r <= 0)
		return r;
	r = amd_row(a, gpu, t, err);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (a->columns[i].role != AMD_VALUE)
			continue;
		r = amd_value(a, &a->columns[i], gpu, cells[i], err);
		if (r == 0)
			erg_import_foreign(a->log, erg_lines_number(a->lines), cells[i]);
	}
	return r < 0 ? r : 1;
}

/* A line of date(1) before a poll, in a log without a column of times: 1; 0: it is none. */
static int take_amd_date(struct amd_log *a, const char *text, struct erg_err *err)
{
	char iso[64];
	int r;

	if (a->known && a->time >= 0)
		return 0;
	if (erg_import_unix_date(text, iso, sizeof(iso)))
		text = iso;
	r = amd_time(a, text, &a->t, err);
	if (r <= 0)
		return r;
	for (size_t i = 0; a->dated == 0 && i < a->log->n; i++)
		erg_import_foreign(a->log, a->log->line[i], "(a poll before the first date)");
	a->log->n = a->dated ? a->log->n : 0;
	a->told = true;
	a->dated++;
	return 1;
}

static int take_amd_line(struct amd_log *a, char *text, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(text);
	char *cells[CELLS_MAX];
	size_t n;
	int r;

	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "%s", a->log->path);
	n = erg_lines_split(copy, ',', cells, CELLS_MAX);
	if (n > 0 && n <= CELLS_MAX && take_amd_header(a, cells, n))
		return 0;
	r = n > 0 && n <= CELLS_MAX && !erg_lines_cut(a->lines) ? take_amd_row(a, cells, n, err)
								: 0;
	if (r == 0)
		r = take_amd_date(a, text, err);
	if (r == 0)
		erg_import_foreign(a->log, erg_lines_number(a->lines), text);
	return r < 0 ? r : 0;
}

static int read_amd_smi(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	struct amd_log a = {.log = ret, .how = how};
	char *text;
	int r, got = 0;

	ret->path = path;
	ret->foreign_share = 0.5; /* rocm-smi warns at each poll of GPUs that sleep */
	r = erg_lines_open(path, &a.lines, err);
	while (r == 0 && (got = erg_lines_next(a.lines, &text, err)) > 0)
		r = take_amd_line(&a, text, err);
	r = r == 0 && got < 0 ? got : r;
	if (r == 0 && !a.known)
		r = erg_fail(err, -EINVAL,
			"%s: no line names a column gpu or device beside power; amd-smi monitor "
			"-p --csv or rocm-smi -P --csv was expected",
			path);
	if (r == 0 && a.time < 0 && how->interval_ns == 0 && !a.dated)
		r = erg_fail(err, -EINVAL,
			"%s: no column timestamp (amd-smi monitor -w S): --interval, or a line of date +%%s "
			"before each poll, was expected",
			path);
	if (r == 0 && a.time < 0 && !a.dated)
		ret->clock = ERG_CLOCK_NONE;
	if (r == 0 && a.unread.n)
		erg_import_note(notes, "no-reading",
			"%s: line %zu: '%.40s' is no power; it could not be read in %zu rows, and was left out there",
			path, a.unread.line, a.unread.text, a.unread.n);
	if (r == 0 && a.parts)
		erg_import_note(notes, "partitions",
			"%s: %zu rows are of further partitions of a GPU (column xcp), whose power is in the row of "
			"the first, and were left out",
			path, a.parts);
	if (r == 0 && a.odd.n)
		erg_import_note(notes, "unknown",
			"%s: line %zu: '%.40s' is no number; %zu such cells, of no power, were left out",
			path, a.odd.line, a.odd.text, a.odd.n);
	if (r == 0)
		r = erg_lines_sha256(a.lines, ret->sha256, err);
	erg_lines_free(a.lines);
	return r;
}

const struct erg_import_reader erg_import_amd_smi = {
	.name = "amd-smi",
	.about = "amd-smi monitor -p --csv, amd-smi metric --csv, rocm-smi -P --csv",
	.read = read_amd_smi,
};
