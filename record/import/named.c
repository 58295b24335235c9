/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A table of which the person names the columns: Joulescope, Otii, PPK2, PowerJoular, Power Gadget,
 * EnergiBridge, turbostat, a Yokogawa's file. They agree in nothing but that a line names the columns
 * and lines of values follow. What stands before that line is the tool's own and is passed over; the
 * separator is the one that makes the named column a cell of it; a decimal comma is one where the
 * separator is none. A line that is no row is counted and shown, never half taken.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/utf8.h"
#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/import.h"
#include "record/import/cells.h"
#include "record/import/named.h"
#include "record/import/named_header.h"
#include "record/import/named_time.h"
#include "record/import/turns.h"
#include "record/import/units.h"

#define HEADER_LINES_MAX 1000
#define FOREIGN_SHARE 0.5 /* what tools print below a table may be much */

struct place {
	int decimals; /* of the raw values, while they are read */
	int needed;   /* of these, so many are used */
	int channel;
	size_t values;
};

/* A column that may tell devices apart. */
struct teller {
	char *name;
	int cell;
	struct erg_import_turns *turns;
};

#define TELLERS_MAX 16

struct reader {
	const struct erg_import_named *how;
	const struct erg_import_how *import;
	struct erg_import_log *log;
	struct erg_lines *lines;
	char *text; /* the line */
	uint64_t interval_ns;
	struct erg_named_header header; /* its cells are of the line that is looked at */
	struct erg_import_point point;
	size_t n_row; /* cells of the row */
	struct erg_named_time when;
	struct teller tellers[TELLERS_MAX];
	size_t n_tellers;
	struct erg_import_kept wide;  /* rows of more cells than the header has */
	struct erg_import_kept words; /* cells that say there is no reading */
	struct place *places;
	size_t repeated, unselected, rows;
	size_t cells_before,
		last_before; /* of the line before: how many, and the digits that end it */
};

/* ---- the header ---- */

static int add_teller(struct reader *r, const char *name, size_t cell)
{
	struct teller *t = &r->tellers[r->n_tellers++];

	*t = (struct teller){strdup(name), (int)cell, erg_import_turns_new()};
	return t->name && t->turns ? 0 : -ENOMEM;
}

/* Columns that name devices, but for those that are read or chosen by. -ENOMEM. */
static int find_tellers(struct reader *r, char **names, size_t n)
{
	int got = 0;

	for (size_t i = 0; i < n && r->n_tellers < TELLERS_MAX && !got; i++)
		if (!r->how->sparse && erg_import_names_devices(names[i]) &&
			!erg_named_header_uses(&r->header, i))
			got = add_teller(r, names[i], i);
	return got;
}

/* The names of the header's cells, in COPY. */
static size_t names_of(struct reader *r, char *copy, char **names)
{
	return copy ? erg_named_header_cells(copy, r->header.separator, names) : 0;
}

static int tell_by_names(struct reader *r, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = erg_utf8_from(r->header.line);
	size_t n = names_of(r, copy, r->header.cells);

	return !copy || find_tellers(r, r->header.cells, n) < 0
		? erg_fail_errno(err, -ENOMEM, "%s", r->log->path)
		: 0;
}

/* The first line that names all columns, since a tool may name some of them before, in what it says of itself;
 * where there is none, the one that names most: 1 when one names any. */
static int find_header(struct reader *r, struct erg_err *err)
{
	struct erg_named_header *h = &r->header;
	int got = 0;

	while (!erg_named_header_full(h) && erg_lines_number(r->lines) < HEADER_LINES_MAX &&
		(got = erg_lines_next(r->lines, &r->text, err)) > 0)
		if (erg_named_header_look(h, r->text, erg_lines_number(r->lines)) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	if (got < 0 || !h->line)
		return got < 0 ? got : 0;
	r->point = erg_import_point_begin(h->separator, r->import->point);
	got = erg_named_header_place(h, err);
	r->when.dated = h->date >= 0;
	if (got == 0)
		got = tell_by_names(r, err);
	return got < 0 ? got : 1;
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
	const char *in = open ? NULL : erg_import_unit_in(c->name);
	enum erg_quantity in_name, told;
	double scale, said;
	char unit[16];

	if (close && close - open <= (int)sizeof(unit))
		snprintf(unit, sizeof(unit), "%.*s", (int)(close - open - 1), open + 1);
	else if (in)
		snprintf(unit, sizeof(unit), "%s", in);
	else
		return;
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

/* A value, which its unit may follow, or another of its quantity; false when it is none. */
static bool read_value(struct reader *r, size_t i, char *cell, int64_t *ret, int *ret_digits)
{
	const int decimals = r->places[i].decimals;
	const char *end;
	char point;
	int shift;

	*ret = ERG_IMPORT_MISSING;
	*ret_digits = 0;
	if (erg_import_missing_cell(cell)) {
		if (*cell && !r->how->sparse)
			erg_import_keep(&r->words, erg_lines_number(r->lines), cell);
		return true;
	}
	point = erg_import_point(&r->point, cell, (int)i);
	if (!erg_import_scaled(cell, point, decimals, ret, ret_digits, &end) ||
		!erg_import_unit_of_cell(end, r->how->columns[i].unit, &shift))
		return false;
	if (shift == 0)
		return true;
	if (!erg_import_scaled(cell, point, decimals + shift, ret, ret_digits, &end))
		return false;
	*ret_digits = *ret_digits > shift ? *ret_digits - shift : 0;
	return true;
}

static bool is_selected(const struct reader *r, size_t n)
{
	for (size_t i = 0; i < r->how->n_where; i++)
		if ((size_t)r->header.where[i] >= n ||
			strcmp(r->header.cells[r->header.where[i]], r->how->where[i].value))
			return false;
	return true;
}

static const char *date_of(const struct reader *r)
{
	return r->header.date >= 0 && (size_t)r->header.date < r->n_row
		? r->header.cells[r->header.date]
		: NULL;
}

/* 1: values[] are the row's; 0: the line is no row. */
static int parse_row(struct reader *r, size_t n, int64_t *t, int64_t *values, int *digits,
	struct erg_err *err)
{
	char none[1] = "", *cell = r->header.time < 0 ? none : r->header.cells[r->header.time];
	int got = 1;

	r->point.line = erg_lines_number(r->lines);
	*t = (int64_t)(r->rows * r->interval_ns);
	r->log->spaced |= r->header.time < 0;
	if (r->header.time >= 0)
		got = erg_named_time_read(&r->when, cell, date_of(r), erg_lines_number(r->lines), t,
			err);
	if (got <= 0)
		return got;
	for (size_t i = 0; i < r->how->n_columns; i++) {
		size_t at = (size_t)r->header.column[i];

		cell = at < n ? r->header.cells[at] : none;
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
		r->header.separator != ' ' &&
		erg_import_cells(copy, r->header.separator, r->header.cells, ERG_NAMED_CELLS_MAX) ==
		r->cells_before;
}

/* "GPU 0" of a row is the first cell of dcgmi's table. */
static size_t join_entity(char **cells, size_t n)
{
	char *end = cells[0] + strlen(cells[0]);

	memmove(end + 1, cells[1], strlen(cells[1]) + 1);
	*end = ' ';
	memmove(cells + 1, cells + 2, (n - 2) * sizeof(*cells));
	return n - 1;
}

/* A line that names all columns again: at the same places, or there are two tables. 1; 0: it does not. */
static int take_header_again(struct reader *r, struct erg_err *err)
{
	bool same;

	if (!erg_named_header_again(&r->header, r->text, &same))
		return 0;
	if (!same)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%.60s': the columns are other ones from here on: two logs in one "
			"file? Import the parts one by one",
			r->log->path, erg_lines_number(r->lines), r->text);
	r->repeated++;
	return 1;
}

/* A column of words may tell devices apart, too, whatever it is called: the first row shows which are. */
static int find_words(struct reader *r, size_t n)
{
	_cleanup_(erg_freep) char **names = calloc(ERG_NAMED_CELLS_MAX, sizeof(*names));
	_cleanup_(erg_freep) char *copy = erg_utf8_from(r->header.line);
	const size_t named = names ? names_of(r, copy, names) : 0;
	int got = names && copy ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && i < named && r->n_tellers < TELLERS_MAX && !got; i++) {
		bool used = !isalpha((unsigned char)*r->header.cells[i]) ||
			erg_import_missing_cell(r->header.cells[i]) || (int)i == r->header.date ||
			r->how->sparse || erg_named_header_uses(&r->header, i);

		for (size_t k = 0; k < r->n_tellers && !used; k++)
			used = r->tellers[k].cell == (int)i;
		if (!used)
			got = add_teller(r, names[i], i);
	}
	return got;
}

static int watch_devices(struct reader *r, size_t n, struct erg_err *err)
{
	if (r->rows == 0 && find_words(r, n) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	for (size_t i = 0; i < r->n_tellers; i++)
		if ((size_t)r->tellers[i].cell < n &&
			erg_import_turns_add(r->tellers[i].turns,
				r->header.cells[r->tellers[i].cell]) < 0)
			return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	return 0;
}

/* The same of a line that --where leaves out. */
static int take_other_table(struct reader *r, struct erg_err *err)
{
	int got = take_header_again(r, err);

	return got < 0 ? got : 0;
}

/* A line that is no row: a header again, or one that is not understood. */
static int take_other(struct reader *r, struct erg_err *err)
{
	int got = take_header_again(r, err);

	if (got == 0)
		erg_import_foreign(r->log, erg_lines_number(r->lines), r->text);
	return got < 0 ? got : 0;
}

/* The cells of LINE; 0: it cannot be a row. */
static size_t row_cells(struct reader *r, char *line)
{
	size_t n =
		erg_import_cells(line, r->header.separator, r->header.cells, ERG_NAMED_CELLS_MAX);

	r->cells_before = n;
	if (r->header.entity && n == r->header.n + 1 && n <= ERG_NAMED_CELLS_MAX)
		n = join_entity(r->header.cells, n);
	if (n > ERG_NAMED_CELLS_MAX || (r->header.time >= 0 && (size_t)r->header.time >= n))
		return 0;
	if (n > r->header.n && erg_named_without_empty(r->header.cells, n) > r->header.n) {
		erg_import_keep(&r->wide, erg_lines_number(r->lines), r->text);
		return 0;
	}
	r->n_row = n;
	return n;
}

static int take_line(struct reader *r, int64_t *values, int *digits, struct erg_err *err)
{
	const char *text = r->text + strspn(r->text, " \t");
	_cleanup_(erg_freep) char *copy = NULL;
	int64_t t;
	size_t n;
	int got;

	if (!*text || (*text == '#' && r->header.line[0] != '#'))
		return 0;
	if (!strcmp(r->text, r->header.line)) {
		r->repeated++;
		return 0;
	}
	copy = strdup(r->text);
	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	n = row_cells(r, copy);
	if (n > 0 && !is_selected(r, n)) {
		r->unselected++;
		return r->how->time && strstr(r->text, erg_named_plain(r->how->time))
			? take_other_table(r, err)
			: 0;
	}
	got = n > 0 ? parse_row(r, n, &t, values, digits, err) : 0;
	if (got == 0)
		return take_other(r, err);
	if (got > 0)
		got = watch_devices(r, n, err);
	return got < 0 ? got : keep_row(r, t, values, digits, err);
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

/* What the header does not fit, and devices of which several are in the rows. */
static int judge_table(const struct reader *r, struct erg_err *err)
{
	const char *a, *b;

	if (r->wide.n > r->log->n)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s' has more cells than the %zu that line %zu names, as %zu lines "
			"have",
			r->log->path, r->wide.line, r->wide.text, r->header.n, r->header.before + 1,
			r->wide.n);
	for (size_t i = 0; i < r->n_tellers; i++) {
		size_t n = erg_import_turns_count(r->tellers[i].turns, &a, &b);

		if (n > 0)
			return erg_fail(err, -EINVAL,
				"%s: the rows are of %zu devices in turn, by column '%s': '%.40s', '%.40s'%s; "
				"--where '%s=%.40s' takes those of one",
				r->log->path, n, r->tellers[i].name, a, b, n > 2 ? ", …" : "",
				r->tellers[i].name, a);
	}
	return 0;
}

static int judge(struct reader *r, json_t *notes, struct erg_err *err)
{
	if (judge_table(r, err) < 0 || erg_named_time_judge(&r->when, notes, err) < 0)
		return -EINVAL;
	if (r->log->n == 0 && r->log->foreign.n == 0)
		return erg_fail(err, -ENODATA,
			"%s: no row below line %zu, which names the columns%s", r->log->path,
			r->header.before + 1, r->unselected ? ", for which --where holds" : "");
	if (r->repeated)
		erg_import_note(notes, "header",
			"%s: the line of column names stands there %zu times more", r->log->path,
			r->repeated);
	erg_import_note_words(&r->words, r->log->path, notes);
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
	got = erg_import_point_judge(&r->point, r->log, notes, err);
	if (got < 0)
		return got;
	reduce_decimals(r);
	if (!r->how->sparse)
		erg_import_known_wholes(r->log, notes);
	return erg_lines_sha256(r->lines, r->log->sha256, err);
}

static int read_named(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	struct reader r = {.how = how->named,
		.import = how,
		.log = ret,
		.interval_ns = how->interval_ns};
	int got;

	ret->path = path;
	ret->foreign_share = FOREIGN_SHARE;
	ret->clock = how->named->time ? ERG_CLOCK_NUMBERS : ERG_CLOCK_NONE;
	erg_named_time_init(&r.when, how, ret, &r.point);
	got = erg_named_header_init(&r.header, how->named, path, err);
	r.places = calloc(how->named->n_columns + 1, sizeof(*r.places));
	if (got == 0 && !r.places)
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
	erg_named_header_release(&r.header);
	free(r.places);
	for (size_t i = 0; i < r.n_tellers; i++) {
		free(r.tellers[i].name);
		erg_import_turns_free(r.tellers[i].turns);
	}
	return got;
}

/* Not in the table of forms: --column asks for it. */
const struct erg_import_reader erg_import_named_reader = {
	.name = "columns",
	.about = "a table whose columns --time and --column name",
	.read = read_named,
};
