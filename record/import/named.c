/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of which the person names the columns: Joulescope, Otii, PPK2, PowerJoular, Power Gadget,
 * EnergiBridge, turbostat, a Yokogawa's file. They agree in nothing but that a line names the columns
 * and lines of values follow. What stands before that line is the tool's own and is passed over; the
 * separator is the one that makes the named column a cell of it; a decimal comma is one where the
 * separator is none. A line that is no row is counted and shown, never half taken.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/import.h"
#include "record/import/cells.h"
#include "record/import/named.h"

#define CELLS_MAX 4096
#define HEADER_LINES_MAX 1000
#define APART_S 3600      /* no power log's rows are more */
#define FOREIGN_SHARE 0.5 /* what tools print below a table may be much */

struct place {
	int decimals; /* of the raw values, while they are read */
	int needed;   /* of these, so many are used */
	int cell, channel;
	size_t values;
};

struct reader {
	const struct erg_import_named *how;
	const struct erg_import_how *all;
	struct erg_import_log *log;
	struct erg_lines *lines;
	char *text; /* the line */
	uint64_t interval_ns;
	char separator;
	struct erg_import_point point;
	char *header; /* the line as it stands in the file */
	char **cells;
	int time; /* cell; -1: rows are interval_ns apart */
	enum erg_import_time_kind kind;
	bool by_size;      /* a number since 1970, which only its size says */
	int time_decimals; /* of a number; epochs by their first */
	int *where;
	struct place *places;
	size_t before, repeated, unselected, rows;
	size_t cells_before,
		last_before; /* of the line before: how many, and the digits that end it */
};

/* ---- the header ---- */

/* "#time" is time, and a byte order mark or a quote is nobody's name. */
static const char *plain_name(const char *cell)
{
	while (*cell == '#' || *cell == ' ')
		cell++;
	return cell;
}

static int cell_named(char **cells, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(cells[i], name) || !strcmp(plain_name(cells[i]), plain_name(name)))
			return (int)i;
	return -1;
}

/* How many of the columns the line names, if it is split at SEPARATOR. */
static size_t named_in(struct reader *r, char separator)
{
	_cleanup_(erg_freep) char *copy = strdup(r->text);
	size_t n = copy ? erg_import_cells(copy, separator, r->cells, CELLS_MAX) : 0, found = 0;

	n = n < CELLS_MAX ? n : CELLS_MAX;
	found += r->how->time && cell_named(r->cells, n, r->how->time) >= 0;
	for (size_t i = 0; i < r->how->n_columns; i++)
		found += cell_named(r->cells, n, r->how->columns[i].name) >= 0;
	return found;
}

static int header_missing(struct reader *r, const char *name, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(r->header);
	size_t n = copy ? erg_import_cells(copy, r->separator, r->cells, CELLS_MAX) : 0, len = 0;
	char list[512] = "";

	for (size_t i = 0; i < n && i < CELLS_MAX && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
			r->cells[i]);
	return erg_fail(err, -EINVAL, "%s: line %zu: no column '%s'; there are: %s", r->log->path,
		erg_lines_number(r->lines), name, list);
}

/* What stands in a row twice under one name is two things, of which nobody said which. */
static int check_single(struct reader *r, char **cells, size_t n, int at, struct erg_err *err)
{
	for (size_t i = (size_t)at + 1; i < n; i++)
		if (!strcmp(cells[i], cells[at]))
			return erg_fail(err, -EINVAL,
				"%s: line %zu: columns %d and %zu are both called '%s': which one is meant?",
				r->log->path, erg_lines_number(r->lines), at + 1, i + 1, cells[i]);
	return 0;
}

static int find_cells(struct reader *r, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = strdup(r->header);
	size_t n = copy ? erg_import_cells(copy, r->separator, r->cells, CELLS_MAX) : 0;

	if (n > CELLS_MAX)
		return erg_fail(err, -EINVAL, "%s: line %zu: %zu columns, at most %d were expected",
			r->log->path, erg_lines_number(r->lines), n, CELLS_MAX);
	r->time = r->how->time ? cell_named(r->cells, n, r->how->time) : -1;
	if (r->how->time && r->time < 0)
		return header_missing(r, r->how->time, err);
	for (size_t i = 0; i < r->how->n_columns; i++) {
		r->places[i].cell = cell_named(r->cells, n, r->how->columns[i].name);
		if (r->places[i].cell < 0)
			return header_missing(r, r->how->columns[i].name, err);
		if (check_single(r, r->cells, n, r->places[i].cell, err) < 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < r->how->n_where; i++) {
		r->where[i] = cell_named(r->cells, n, r->how->where[i].name);
		if (r->where[i] < 0)
			return header_missing(r, r->how->where[i].name, err);
	}
	return 0;
}

/* The first line that names a column: 1 when there is one. */
static int find_header(struct reader *r, struct erg_err *err)
{
	static const char separators[] = ",;\t| ";
	size_t most = 0;
	int got = 0;

	while (most == 0 && erg_lines_number(r->lines) < HEADER_LINES_MAX &&
		(got = erg_lines_next(r->lines, &r->text, err)) > 0)
		for (const char *s = separators; *s; s++) {
			size_t found = named_in(r, *s);

			if (found <= most)
				continue;
			most = found;
			r->separator = *s;
		}
	if (got < 0 || most == 0)
		return got;
	r->point = erg_import_point_begin(r->separator);
	r->before = erg_lines_number(r->lines) - 1;
	r->header = strdup(r->text);
	if (!r->header)
		return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	got = find_cells(r, err);
	return got < 0 ? got : 1;
}

/* ---- times ---- */

static enum erg_import_time_kind kind_of_decimals(int decimals)
{
	switch (decimals) {
	case 9:
		return ERG_TIME_S;
	case 6:
		return ERG_TIME_MS;
	case 3:
		return ERG_TIME_US;
	case 0:
		return ERG_TIME_NS;
	default:
		return ERG_TIME_GUESS;
	}
}

static int decimals_of(enum erg_import_time_kind kind)
{
	return kind == ERG_TIME_S ? 9 : kind == ERG_TIME_MS ? 6 : kind == ERG_TIME_US ? 3 : 0;
}

/* What the first row's time is. */
static int settle_kind(struct reader *r, const char *cell, struct erg_err *err)
{
	enum erg_import_time_kind kind = r->how->kind;
	int64_t whole = 0, date;
	const char *end;
	int digits;

	if (kind == ERG_TIME_GUESS && erg_import_time(cell, ERG_DATE_YEAR_FIRST, &date, &end))
		kind = ERG_TIME_ISO;
	if (kind == ERG_TIME_GUESS &&
		(erg_import_time(cell, ERG_DATE_MONTH_FIRST, &date, &end) ||
			erg_import_time(cell, ERG_DATE_DAY_FIRST, &date, &end)))
		return erg_fail(err, -EINVAL,
			"%s: line %zu: the date '%.40s': say --time '%s:mdy' if its month is first, or :dmy if "
			"its day is",
			r->log->path, erg_lines_number(r->lines), cell, r->how->time);
	if (kind == ERG_TIME_GUESS && erg_import_time_of_day(r->log, cell, &date, &end) && !*end)
		kind = ERG_TIME_OF_DAY;
	if (kind == ERG_TIME_GUESS)
		kind = kind_of_decimals(erg_import_time_unit(r->how->time));
	if (kind == ERG_TIME_GUESS || kind == ERG_TIME_EPOCH) {
		if (!erg_import_scaled(cell, erg_import_point(&r->point, cell), 0, &whole, &digits,
			    &end))
			return 0; /* no row */
		r->by_size = kind == ERG_TIME_GUESS;
		kind = kind_of_decimals(erg_import_epoch_decimals(whole, !r->by_size));
		if (kind == ERG_TIME_GUESS)
			return erg_fail(err, -EINVAL,
				"%s: line %zu: the time '%.40s': say --time '%s:s', "
				":ms, :us or :ns, since neither the column's name nor a date like "
				"2023-11-14 12:13:14 tells",
				r->log->path, erg_lines_number(r->lines), cell, r->how->time);
	}
	r->kind = kind;
	r->time_decimals = decimals_of(kind);
	return 1;
}

/* 1; 0: it is no time; negative: a zone that is none. */
static int read_time(struct reader *r, const char *cell, int64_t *ret, struct erg_err *err)
{
	const char *end;
	int digits;

	if (r->kind == ERG_TIME_OF_DAY)
		return erg_import_time_of_day(r->log, cell, ret, &end) && !*end;
	if (r->kind == ERG_TIME_ISO) {
		int got = erg_import_when(r->log, r->all, cell, r->how->date, ret, &end, err);

		return got > 0 && end[strspn(end, " ")] ? 0 : got;
	}
	return erg_import_scaled(cell, erg_import_point(&r->point, cell), r->time_decimals, ret,
		       &digits, &end) &&
		!*end;
}

/* ---- values ---- */

/* Enough for what meters give, and room in 64 bits for what counters reach. */
static int decimals_for(const char *unit)
{
	return *unit == 'n' ? 3 : *unit == 'u' ? 3 : *unit == 'm' ? 6 : 9;
}

/* "Current(uA)" that is said to be in mA is more likely a slip than not. */
static void compare_units(const struct reader *r, const struct erg_import_named_column *c,
	json_t *notes)
{
	const char *open = strpbrk(c->name, "[("), *close = open ? strpbrk(open, "])") : NULL;
	enum erg_quantity in_name, told;
	double scale, said;
	char unit[16];

	if (!close || close - open > (int)sizeof(unit))
		return;
	snprintf(unit, sizeof(unit), "%.*s", (int)(close - open - 1), open + 1);
	if (!erg_unit_parse(unit, &in_name, &scale) || !erg_unit_parse(c->unit, &told, &said) ||
		(scale == said && (in_name == told || c->volts > 0)))
		return;
	erg_import_note(notes, "unit",
		"%s: column '%s': its name says %s, --column another unit; that one is believed",
		r->log->path, c->name, unit);
}

static int make_channels(struct reader *r, json_t *notes, struct erg_err *err)
{
	for (size_t i = 0; i < r->how->n_columns; i++) {
		const struct erg_import_named_column *c = &r->how->columns[i];
		struct place *p = &r->places[i];

		compare_units(r, c, notes);
		p->decimals = decimals_for(c->unit);
		p->channel = erg_import_channel(r->log, c->rail, c->unit, p->decimals, err);
		if (p->channel < 0)
			return p->channel;
		if ((size_t)p->channel != i)
			return erg_fail(err, -EINVAL,
				"%s: two columns give the %s of '%s'; say "
				"--column NAME=UNIT:RAIL",
				r->log->path,
				erg_quantity_name(r->log->channels[p->channel].def.quantity),
				c->rail);
		if (c->volts > 0)
			r->log->channels[p->channel].def.scale *= c->volts;
	}
	return 0;
}

/* A value, which its unit may follow; false when it is none. */
static bool read_value(struct reader *r, size_t i, const char *cell, int64_t *ret, int *ret_digits)
{
	const char *end;

	*ret = ERG_IMPORT_MISSING;
	*ret_digits = 0;
	if (erg_import_missing_cell(cell))
		return true;
	if (!erg_import_scaled(cell, erg_import_point(&r->point, cell), r->places[i].decimals, ret,
		    ret_digits, &end))
		return false;
	while (*end == ' ')
		end++;
	return !*end || !strcmp(end, r->how->columns[i].unit);
}

static bool is_selected(const struct reader *r, size_t n)
{
	for (size_t i = 0; i < r->how->n_where; i++)
		if ((size_t)r->where[i] >= n ||
			strcmp(r->cells[r->where[i]], r->how->where[i].value))
			return false;
	return true;
}

/* 1: values[] are the row's; 0: the line is no row. */
static int parse_row(struct reader *r, size_t n, int64_t *t, int64_t *values, int *digits,
	struct erg_err *err)
{
	const char *cell = r->time < 0 ? "" : r->cells[r->time];
	int got = 1;

	*t = (int64_t)(r->rows * r->interval_ns);
	if (r->time >= 0 && r->kind == ERG_TIME_GUESS)
		got = settle_kind(r, cell, err);
	if (got <= 0)
		return got;
	if (r->time >= 0)
		got = read_time(r, cell, t, err);
	if (got <= 0)
		return got;
	for (size_t i = 0; i < r->how->n_columns; i++) {
		size_t at = (size_t)r->places[i].cell;

		cell = at < n ? r->cells[at] : "";
		if (!read_value(r, i, cell, &values[i], &digits[i]))
			return 0;
	}
	return 1;
}

static int keep_row(struct reader *r, int64_t t, const int64_t *values, const int *digits,
	struct erg_err *err)
{
	bool any = false;
	int got;

	for (size_t i = 0; i < r->how->n_columns; i++)
		any |= values[i] != ERG_IMPORT_MISSING;
	r->rows++;
	if (!any && !r->how->sparse)
		return 0;
	got = erg_import_row(r->log, t, erg_lines_number(r->lines), err);
	for (size_t i = 0; got == 0 && i < r->how->n_columns; i++) {
		struct place *p = &r->places[i];

		r->log->channels[p->channel].raw[r->log->n - 1] = values[i];
		p->values += values[i] != ERG_IMPORT_MISSING;
		p->needed = digits[i] > p->needed ? digits[i] : p->needed;
	}
	return got;
}

/* Digits behind the point that end a line. */
static size_t last_digits(const char *text)
{
	const char *point = strrchr(text, '.'), *comma = strrchr(text, ',');
	const char *p = point > comma ? point : comma;

	return p && !p[1 + strspn(p + 1, "0123456789")] ? strlen(p + 1) : 0;
}

/* A last line without an end is whole if it has as many cells as the one before, and ends in as many digits
 * behind a point, of which the writer gives always the same number. */
static bool is_whole(const struct reader *r)
{
	_cleanup_(erg_freep) char *copy = strdup(r->text);

	return copy && r->last_before > 0 && last_digits(r->text) >= r->last_before &&
		r->separator != ' ' &&
		erg_import_cells(copy, r->separator, r->cells, CELLS_MAX) == r->cells_before;
}

static int take_line(struct reader *r, int64_t *values, int *digits, struct erg_err *err)
{
	const char *text = r->text + strspn(r->text, " \t");
	_cleanup_(erg_freep) char *copy = NULL;
	int64_t t;
	size_t n;
	int got;

	if (!*text || (*text == '#' && r->header[0] != '#'))
		return 0;
	if (!strcmp(r->text, r->header)) {
		r->repeated++;
		return 0;
	}
	copy = strdup(r->text);
	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	n = erg_import_cells(copy, r->separator, r->cells, CELLS_MAX);
	r->cells_before = n;
	got = n == 0 || n > CELLS_MAX || (r->time >= 0 && (size_t)r->time >= n) ? 0 : 1;
	if (got && !is_selected(r, n)) {
		r->unselected++;
		return 0;
	}
	got = got ? parse_row(r, n, &t, values, digits, err) : 0;
	if (got == 0)
		erg_import_foreign(r->log, erg_lines_number(r->lines), r->text);
	return got <= 0 ? got : keep_row(r, t, values, digits, err);
}

/* ---- the end ---- */

/* Digits that no value of a column has are taken away again, so that a step is a step. */
static void reduce_decimals(struct reader *r)
{
	for (size_t i = 0; i < r->how->n_columns; i++) {
		struct place *p = &r->places[i];
		struct erg_import_channel *c = &r->log->channels[p->channel];
		int64_t by = 1;

		for (; c->decimals > p->needed; c->decimals--)
			by *= 10;
		c->def.scale *= (double)by;
		for (size_t k = 0; by > 1 && erg_import_has_row(r->log, k); k++)
			if (c->raw[k] != ERG_IMPORT_MISSING)
				c->raw[k] /= by;
	}
}

static double mean_distance_s(const struct erg_import_log *log)
{
	return fabs((double)(log->t[log->n - 1] - log->t[0])) * 1e-9 / (double)(log->n - 1);
}

static int judge(struct reader *r, json_t *notes, struct erg_err *err)
{
	if (r->log->n == 0 && r->log->foreign.n == 0)
		return erg_fail(err, -ENODATA,
			"%s: no row below line %zu, which names the columns%s", r->log->path,
			r->before + 1, r->unselected ? ", for which --where holds" : "");
	if (r->by_size && r->log->n > 1 && mean_distance_s(r->log) > APART_S)
		return erg_fail(err, -EINVAL,
			"%s: column '%s': as times since 1970, by their size, the rows are %.6g s apart: "
			"say --time '%s:s', :ms, :us or :ns",
			r->log->path, r->how->time, mean_distance_s(r->log), r->how->time);
	if (r->by_size && r->log->n > 0)
		erg_import_note_epoch(r->log, r->how->time, notes);
	if (r->repeated)
		erg_import_note(notes, "header",
			"%s: the line of column names stands there %zu times more", r->log->path,
			r->repeated);
	for (size_t i = 0; r->log->n > 0 && i < r->how->n_columns; i++)
		if (r->places[i].values == 0 && !r->how->sparse)
			return erg_fail(err, -ENODATA, "%s: column '%s' has no reading in %zu rows",
				r->log->path, r->how->columns[i].name, r->rows);
	return 0;
}

static int read_rows(struct reader *r, json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_freep) int64_t *values = calloc(r->how->n_columns, sizeof(*values));
	_cleanup_(erg_freep) int *digits = calloc(r->how->n_columns, sizeof(*digits));
	int got;

	if (!values || !digits)
		return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	while ((got = erg_lines_next(r->lines, &r->text, err)) > 0) {
		if (erg_lines_cut(r->lines) && !is_whole(r)) {
			erg_import_note(notes, "cut",
				"%s: line %zu: '%.60s' has no end: the last line was "
				"left out, its last number may be cut",
				r->log->path, erg_lines_number(r->lines), r->text);
			break;
		}
		if (r->rows == 0)
			r->last_before = last_digits(r->text);
		else if (last_digits(r->text) != r->last_before)
			r->last_before =
				SIZE_MAX; /* of no number that can be told from a cut one */
		got = take_line(r, values, digits, err);
		if (got < 0)
			break;
	}
	return got < 0 ? got : 0;
}

static int read_named_table(struct reader *r, json_t *notes, struct erg_err *err)
{
	int got = erg_lines_open(r->log->path, &r->lines, err);

	if (got == 0)
		got = find_header(r, err);
	if (got == 0)
		return erg_fail(err, -EINVAL, "%s: no line in the first %zu has a cell '%s'",
			r->log->path, erg_lines_number(r->lines),
			r->how->time ? r->how->time : r->how->columns[0].name);
	if (got > 0)
		got = make_channels(r, notes, err);
	if (got == 0)
		got = read_rows(r, notes, err);
	if (got == 0)
		got = judge(r, notes, err);
	if (got < 0)
		return got;
	reduce_decimals(r);
	erg_import_point_note(&r->point, r->log->path, notes);
	return erg_lines_sha256(r->lines, r->log->sha256, err);
}

static int read_named(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	struct reader r = {.how = how->named,
		.log = ret,
		.all = how,
		.interval_ns = how->interval_ns,
		.kind = how->named->kind};
	int got = 0;

	ret->path = path;
	ret->foreign_share = FOREIGN_SHARE;
	ret->clock = how->named->time ? ERG_CLOCK_NUMBERS : ERG_CLOCK_NONE;
	if (r.kind == ERG_TIME_EPOCH)
		r.kind = ERG_TIME_GUESS;
	r.time_decimals = decimals_of(r.kind);
	r.cells = calloc(CELLS_MAX, sizeof(*r.cells));
	r.places = calloc(how->named->n_columns + 1, sizeof(*r.places));
	r.where = calloc(how->named->n_where + 1, sizeof(*r.where));
	if (!r.cells || !r.places || !r.where)
		got = erg_fail_errno(err, -ENOMEM, "%s", path);
	if (got == 0 && how->named->n_columns == 0)
		got = erg_fail(err, -EINVAL,
			"%s: '%s': which columns hold readings, by --column "
			"NAME=UNIT, was expected too",
			how->named->time ? "--time" : "--where",
			how->named->time ? how->named->time : how->named->where[0].name);
	if (got == 0 && !how->named->time && how->interval_ns == 0)
		got = erg_fail(err, -EINVAL,
			"--column: '%s': which column holds the time, by --time, or "
			"--interval, was expected too",
			how->named->columns[0].name);
	if (got == 0)
		got = read_named_table(&r, notes, err);
	erg_lines_free(r.lines);
	free(r.header);
	free(r.cells);
	free(r.places);
	free(r.where);
	return got;
}

/* Not in the table of forms: --column asks for it. */
const struct erg_import_reader erg_import_named_reader = {
	.name = "columns",
	.about = "a table whose columns --time and --column name",
	.read = read_named,
};
