/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples.csv: a time and a column for each channel. Numbers become integers without rounding: the
 * unit of a column is refined as soon as a number has more digits behind the point, up to nine, so a
 * log goes into the archive as it was written. A line that is no row (too few cells, a word where a
 * number should be) is counted and told; a header that comes again is passed over.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/import.h"

#define DECIMALS_MAX 9
#define COLUMNS_MAX 512
#define ROWS_TOLD 16384 /* rows between two words on progress */

enum time_form { TIME_NUMBER, TIME_DATE };

struct reader {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	char *header; /* the line, to know it again */
	char separator;
	struct erg_import_point point;
	enum time_form form;
	int time_decimals; /* of a number: to ns */
	size_t n;          /* columns, with that of times */
	size_t headers;    /* that came again */
	int last_decimals; /* of the last cell of the row before, to tell one that was cut */
	size_t last_len;
	int64_t values[COLUMNS_MAX];
};

/* "VDD_IN [mW]" and "VDD_IN (mW)" are VDD_IN, mW. */
static int split_name(const char *path, const char *column, char name[64], char unit[16],
	struct erg_err *err)
{
	const char *square = strrchr(column, '['), *round = strrchr(column, '(');
	const char *open = square ? square : round, *close = strrchr(column, square ? ']' : ')');
	size_t len = open ? (size_t)(open - column) : 0;

	while (len > 0 && (column[len - 1] == ' ' || column[len - 1] == '\t'))
		len--;
	if (!open || !close || close < open || close[1] || len == 0 || len >= 64 ||
		close - open - 1 >= 16 || close - open < 2)
		return erg_fail(err, -EINVAL,
			"%s: column '%s': a name and a unit, like "
			"'VDD_IN [mW]', were expected (one of %s; --column takes some columns of a table)",
			path, column, erg_unit_names());
	snprintf(name, 64, "%.*s", (int)len, column);
	snprintf(unit, 16, "%.*s", (int)(close - open - 1), open + 1);
	return 0;
}

/* A name that says "energy" above watts is more likely a slip than a rail. */
static void compare_name_with_unit(const struct erg_import_channel *c, json_t *notes)
{
	for (int q = 0; q <= ERG_Q_FREQUENCY; q++) {
		const char *word = erg_quantity_name((enum erg_quantity)q);

		if (q != (int)c->def.quantity && strcasestr(c->def.rail, word))
			erg_import_note(notes, "unit",
				"column '%s [%s]': the name says %s, the unit "
				"says %s; the unit is believed",
				c->def.rail, c->def.unit, word, erg_quantity_name(c->def.quantity));
	}
}

/* ---- the header ---- */

/* Decimals from the column's unit to ns; -1: dates, -2: no column of times. */
static int time_form(const char *name)
{
	static const struct {
		const char *name;
		int decimals;
	} forms[] = {{"time_s", 9}, {"time_ms", 6}, {"time_us", 3}, {"time_ns", 0}, {"time [s]", 9},
		{"time (s)", 9}, {"time [ms]", 6}, {"time (ms)", 6}, {"time [us]", 3},
		{"time (us)", 3}, {"time [ns]", 0}, {"time (ns)", 0}, {"time_iso", -1},
		{"time", -1}, {"timestamp", -1}, {"datetime", -1}, {"date", -1}};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(forms); i++)
		if (!strcasecmp(name, forms[i].name))
			return forms[i].decimals;
	return -2;
}

static int make_channels(struct reader *r, char **names, json_t *notes, struct erg_err *err)
{
	for (size_t i = 1; i < r->n; i++) {
		char name[64], unit[16];
		int c = split_name(r->log->path, names[i], name, unit, err);

		if (c == 0)
			c = erg_import_channel(r->log, name, unit, 0, err);
		if (c < 0)
			return c;
		if ((size_t)c != i - 1)
			return erg_fail(err, -EINVAL, "%s: two columns give the %s of '%s'",
				r->log->path, erg_quantity_name(r->log->channels[c].def.quantity),
				name);
		compare_name_with_unit(&r->log->channels[c], notes);
	}
	return 0;
}

static int take_header(struct reader *r, char *line, json_t *notes, struct erg_err *err)
{
	char *names[COLUMNS_MAX];
	int form;

	r->header = strdup(line);
	if (!r->header)
		return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	r->separator = erg_import_separator(line);
	r->point = erg_import_point_begin(r->separator);
	r->n = erg_lines_split(line, r->separator, names, COLUMNS_MAX);
	if (r->n == 0 || r->n > COLUMNS_MAX)
		return erg_fail(err, -EINVAL,
			"%s: a line of at most %d column names was expected, with their "
			"quotes closed",
			r->log->path, COLUMNS_MAX);
	form = time_form(names[0]);
	if (form == -2)
		return erg_fail(err, -EINVAL,
			"%s: the first column is '%.60s'; time_s or time_ns, time_ms, "
			"time_us, or time with dates was expected (--time names another column)",
			r->log->path, names[0]);
	r->form = form < 0 ? TIME_DATE : TIME_NUMBER;
	r->time_decimals = form;
	if (r->n < 2)
		return erg_fail(err, -EINVAL, "%s: a column of readings beside %s was expected",
			r->log->path, names[0]);
	return make_channels(r, names, notes, err);
}

/* ---- rows ---- */

/* 1; 0: it is no time. */
static int take_time(struct reader *r, const char *cell, int64_t *ret, struct erg_err *err)
{
	const char *end;
	int digits, got;

	if (r->form == TIME_NUMBER) {
		const char point = erg_import_point(&r->point, cell);

		return erg_import_plain(cell, point, r->time_decimals, ret, &digits) ||
			(erg_import_scaled(cell, point, r->time_decimals, ret, &digits, &end) &&
				!*end);
	}
	got = erg_import_when(r->log, r->how, cell, false, ret, &end, err);
	return got > 0 && *end ? 0 : got;
}

/* All earlier readings, and all to come, get MORE digits. */
static bool refine(struct erg_import_log *log, struct erg_import_channel *c, int more)
{
	int64_t by = 1;

	for (int i = 0; i < more; i++)
		by *= 10;
	for (size_t i = 0; erg_import_has_row(log, i); i++)
		if (c->raw[i] != ERG_IMPORT_MISSING && llabs(c->raw[i]) > ERG_IMPORT_RAW_MAX / by)
			return false;
	for (size_t i = 0; erg_import_has_row(log, i); i++)
		if (c->raw[i] != ERG_IMPORT_MISSING)
			c->raw[i] *= by;
	c->decimals += more;
	c->def.scale /= (double)by;
	return true;
}

/* Digits behind the point, as written: "5.00" has two, "1.50e-3" five. */
static int written_decimals(const char *cell, char point)
{
	const char *p = strchr(cell, point), *e = strpbrk(cell, "eE");
	long n = p ? (long)strspn(p + 1, "0123456789") : 0;

	n -= e ? strtol(e + 1, NULL, 10) : 0;
	return n < 0 ? 0 : n < DECIMALS_MAX ? (int)n : DECIMALS_MAX;
}

static bool take_number(struct reader *r, const char *cell, struct erg_import_channel *c,
	int64_t *ret, int *ret_digits)
{
	const char point = erg_import_point(&r->point, cell), *end;
	int more;

	if (erg_import_plain(cell, point, c->decimals, ret, ret_digits))
		return true;
	*ret_digits = 0;
	*ret = ERG_IMPORT_MISSING;
	if (erg_import_missing_cell(cell))
		return true;
	if (!erg_import_scaled(cell, point, c->decimals, ret, ret_digits, &end) || *end)
		return false;
	*ret_digits = written_decimals(cell, point);
	more = *ret_digits - c->decimals;
	return more <= 0 || !refine(r->log, c, more) ||
		erg_import_scaled(cell, point, c->decimals, ret, &more, &end);
}

/* A number at the end of a line without an end: whole if it has the digits that the last one had. */
static bool may_be_cut(const struct reader *r, int digits, size_t len)
{
	return r->last_decimals > 0 ? digits < r->last_decimals : digits > 0 || len < r->last_len;
}

/* 1: a row; 0: none, *ret_odd is what is not understood; or an error. */
static int take_row(struct reader *r, char **cells, size_t line, bool cut, const char **ret_odd,
	struct erg_err *err)
{
	int64_t t;
	int digits = 0, got;
	size_t len = strlen(cells[r->n - 1]);

	*ret_odd = cells[0];
	got = take_time(r, cells[0], &t, err);
	if (got <= 0)
		return got;
	for (size_t i = 1; i < r->n; i++) {
		*ret_odd = cells[i];
		if (!take_number(r, cells[i], &r->log->channels[i - 1], &r->values[i - 1], &digits))
			return 0;
	}
	if (cut && may_be_cut(r, digits, len))
		return 0;
	r->last_decimals = digits;
	r->last_len = len;
	got = erg_import_row(r->log, t, line, err);
	for (size_t i = 1; got == 0 && i < r->n; i++)
		r->log->channels[i - 1].raw[r->log->n - 1] = r->values[i - 1];
	return got < 0 ? got : 1;
}

static int take_line(struct reader *r, char *text, size_t line, bool cut, struct erg_err *err)
{
	char *cells[COLUMNS_MAX];
	char kept[sizeof(r->log->foreign.text)];
	const char *odd = kept;
	size_t n;
	int got = 0;

	if (*text == *r->header && !strcmp(text, r->header)) {
		r->headers++;
		return 0;
	}
	*(char *)mempcpy(kept, text, strnlen(text, sizeof(kept) - 1)) = '\0';
	n = erg_lines_split(text, r->separator, cells, COLUMNS_MAX);
	if (n == r->n)
		got = take_row(r, cells, line, cut, &odd, err);
	if (got == 0)
		erg_import_foreign(r->log, line, odd);
	return got < 0 ? got : 0;
}

static int read_lines(struct reader *r, struct erg_lines *lines, json_t *notes, struct erg_err *err)
{
	char *text;
	int got = erg_lines_next(lines, &text, err);

	if (got == 0)
		return erg_fail(err, -ENODATA,
			"%s: the file is empty, a line of column names was expected", r->log->path);
	if (got > 0)
		got = take_header(r, text, notes, err) < 0 ? -EINVAL : 1;
	while (got > 0 && (got = erg_lines_next(lines, &text, err)) > 0) {
		int taken = take_line(r, text, erg_lines_number(lines), erg_lines_cut(lines), err);

		if (taken < 0)
			return taken;
		if (r->log->n % ROWS_TOLD == 0)
			erg_lines_progress(lines);
	}
	erg_lines_progress(lines);
	return got < 0 ? got : erg_lines_sha256(lines, r->log->sha256, err);
}

static int read_csv(const char *path, const struct erg_import_how *how, struct erg_import_log *ret,
	json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_lines_freep) struct erg_lines *lines = NULL;
	struct reader r = {.log = ret, .how = how};
	int got = erg_lines_open(path, &lines, err);

	if (got < 0)
		return got;
	ret->path = path;
	got = read_lines(&r, lines, notes, err);
	free(r.header);
	if (got == 0)
		erg_import_point_note(&r.point, path, notes);
	if (got == 0 && r.headers)
		erg_import_note(notes, "header",
			"%s: the line of column names stands there %zu times more", path,
			r.headers);
	return got;
}

const struct erg_import_reader erg_import_csv = {
	.name = "csv",
	.about = "time_s or time_ns, then columns NAME [UNIT]",
	.read = read_csv,
};
