/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples.csv: a time and a column for each channel. Numbers become integers without rounding: the
 * unit of a column is refined as soon as a number has more digits behind the point, up to nine that count, so a
 * log goes into the archive as it was written. A line that is no row (too few cells, a word where a
 * number should be) is counted and told; a header that comes again is passed over.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "formats/base/utf8.h"
#include "formats/base/util.h"
#include "formats/lines.h"
#include "formats/samples_head.h"
#include "record/import/cells.h"
#include "record/import/import.h"
#include "record/import/point.h"
#include "record/import/units.h"

#define DECIMALS_MAX 9
#define DECIMALS_TINY 15 /* of what is far below one */
#define COLUMNS_MAX 512
#define ROWS_TOLD 16384 /* rows between two words on progress */

/* TIME_GUESS: by the first row. */
enum time_form { TIME_NUMBER, TIME_DATE, TIME_OF_DAY, TIME_GUESS };

struct reader {
	struct erg_import_log *log;
	const struct erg_import_how *how;
	char *header; /* the line, to know it again */
	char separator;
	struct erg_import_point point;
	enum time_form form;
	int time_decimals; /* of a number: to ns */
	bool by_size;      /* of a number since 1970: which its size said */
	bool other_size;   /* as a number since 1970 it has another unit than its name says */
	char time_name[64];
	size_t n;                     /* columns, with that of times */
	size_t line;                  /* of the row */
	size_t headers;               /* that came again */
	struct erg_import_kept words; /* cells that say there is no reading */
	int last_decimals; /* of the last cell of the row before, to tell one that was cut */
	size_t last_len;
	int channel[COLUMNS_MAX]; /* of each column; -1: it is no reading */
	int64_t values[COLUMNS_MAX];
};

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

/* Decimals from the column's unit to ns; -1: as the first row is, -2: no column of times. */
static int time_form(const char *name)
{
	static const char *const plain[] = {"time_iso", "time", "timestamp", "datetime", "date",
		"date_time", "date time"};
	int decimals = erg_import_time_unit(name);

	for (size_t i = 0; decimals < 0 && i < ERG_ARRAY_SIZE(plain); i++)
		if (!strcasecmp(name, plain[i]))
			return -1;
	return decimals < 0 ? -2 : decimals;
}

static bool is_limit(const char *name, json_t *notes, const char *path)
{
	if (!erg_import_says_limit(name))
		return false;
	erg_import_note(notes, "limit",
		"%s: column '%s' is a limit by its name, and no reading: it was left out (--column takes it)",
		path, name);
	return true;
}

/* The greatest or least power of an interval is none of it, beside another column that is: "power_max" beside
 * "power_avg". */
static bool is_extreme(const struct reader *r, char **names, size_t column, const char *name,
	const char *of_name, json_t *notes)
{
	enum erg_quantity q;
	double scale;

	if (!erg_import_says_extreme(name) || !erg_unit_parse(of_name, &q, &scale) ||
		q != ERG_Q_POWER)
		return false;
	for (size_t i = 1; i < r->n; i++) {
		char other[64], unit[16];
		struct erg_err unused = {0};

		if (i == column ||
			erg_import_split_unit(r->log->path, names[i], other, unit, &unused) < 0 ||
			!erg_unit_parse(unit, &q, &scale) || q != ERG_Q_POWER ||
			erg_import_says_extreme(other) || !erg_import_same_stem(name, other))
			continue;
		erg_import_note(notes, "limit",
			"%s: column '%s' is by its name an extreme of what '%s' is, and no reading: it was left out "
			"(--column takes it)",
			r->log->path, name, other);
		return true;
	}
	return false;
}

static int make_channels(struct reader *r, char **names, json_t *notes, struct erg_err *err)
{
	size_t made = 0;

	for (size_t i = 1; i < r->n; i++) {
		char name[64], unit[16];
		int c = erg_import_split_unit(r->log->path, names[i], name, unit, err);

		r->channel[i] = -1;
		if (c == 0 &&
			(is_limit(name, notes, r->log->path) ||
				is_extreme(r, names, i, name, unit, notes)))
			continue;
		if (c == 0 && !strncmp(name, "power.draw", 10))
			return erg_fail(err, -EINVAL,
				"%s: column '%s' is of nvidia-smi, whose powers are no means since the reading "
				"before",
				r->log->path, names[i]);
		if (c == 0)
			c = erg_import_channel(r->log, name, unit, 0, err);
		if (c < 0)
			return c;
		if ((size_t)c != made++)
			return erg_fail(err, -EINVAL, "%s: two columns give the %s of '%s'",
				r->log->path, erg_quantity_name(r->log->channels[c].def.quantity),
				name);
		r->channel[i] = c;
		compare_name_with_unit(&r->log->channels[c], notes);
	}
	return made ? 0
		    : erg_fail(err, -EINVAL, "%s: a column of readings beside %s was expected",
			      r->log->path, names[0]);
}

static int take_header(struct reader *r, char *line, json_t *notes, struct erg_err *err)
{
	char *names[COLUMNS_MAX];
	int form;

	r->separator = erg_import_separator(line);
	r->point = erg_import_point_begin(r->separator, r->how->point);
	r->n = erg_lines_split(line, r->separator, names, COLUMNS_MAX);
	if (r->n == 0 || r->n > COLUMNS_MAX)
		return erg_fail(err, -EINVAL,
			"%s: a line of at most %d column names was expected, with their "
			"quotes closed",
			r->log->path, COLUMNS_MAX);
	while (r->n > 2 && !*names[r->n - 1])
		r->n--; /* a separator behind the last column */
	form = time_form(names[0]);
	if (form == -2)
		return erg_fail(err, -EINVAL,
			"%s: the first column is '%.60s'; time_s or time_ns, time_ms, "
			"time_us, or time with dates was expected (--time names another column)",
			r->log->path, names[0]);
	r->form = form < 0 ? TIME_GUESS : TIME_NUMBER;
	r->time_decimals = form;
	snprintf(r->time_name, sizeof(r->time_name), "%s", names[0]);
	if (r->n < 2)
		return erg_fail(err, -EINVAL, "%s: a column of readings beside %s was expected",
			r->log->path, names[0]);
	return make_channels(r, names, notes, err);
}

/* ---- rows ---- */

/* What the first row's time is: 1; 0: the line is no row. */
static int settle_time(struct reader *r, char *cell, size_t line, struct erg_err *err)
{
	const char *end;
	int64_t t;
	int digits;

	if (erg_import_time(cell, ERG_DATE_YEAR_FIRST, &t, &end)) {
		r->form = TIME_DATE;
		return 1;
	}
	if (erg_import_time_of_day(r->log, cell, &t, &end) && !*end) {
		r->form = TIME_OF_DAY;
		return 1;
	}
	if (erg_import_time(cell, ERG_DATE_MONTH_FIRST, &t, &end) ||
		erg_import_time(cell, ERG_DATE_DAY_FIRST, &t, &end))
		return erg_fail(err, -EINVAL,
			"%s: line %zu: the date '%.40s': which is its month? --time '%s:mdy' or :dmy, and "
			"--column, say it",
			r->log->path, line, cell, r->time_name);
	if (!erg_import_scaled(cell, erg_import_point(&r->point, cell, ERG_POINT_TIME), 0, &t,
		    &digits, &end) ||
		*end)
		return 0;
	r->time_decimals = erg_import_epoch_decimals(t, false);
	if (r->time_decimals < 0)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: the time '%.40s' of column '%s' has no unit: a name like time_s, "
			"time_ms, time_us or time_ns, or dates like 2023-11-14 12:13:14, were expected",
			r->log->path, line, cell, r->time_name);
	r->form = TIME_NUMBER;
	r->by_size = true;
	r->log->clock = ERG_CLOCK_ZONED;
	return 1;
}

/* The first number of a column whose name says its unit: by its size it may be of 1970 in another. */
static int look_at_size(struct reader *r, char *cell, size_t line, struct erg_err *err)
{
	static const char *const names[] = {[9] = "s", [6] = "ms", [3] = "us", [0] = "ns"};
	const char point = erg_import_point(&r->point, cell, ERG_POINT_TIME), *end;
	const int other = erg_import_other_epoch(cell, point, r->time_decimals);
	int64_t t;
	int digits;

	r->other_size = other >= 0;
	if (other < 0 ||
		(erg_import_scaled(cell, point, r->time_decimals, &t, &digits, &end) &&
			llabs(t) <= ERG_IMPORT_TIME_MAX))
		return 0;
	return erg_fail(err, -EINVAL,
		"%s: line %zu: the time '%.40s' of column '%s': it is one of this century in %s: --time '%s:%s', and "
		"--column, say so",
		r->log->path, line, cell, r->time_name, names[other], r->time_name, names[other]);
}

/* 1; 0: it is no time. */
static int take_time(struct reader *r, char *cell, size_t line, int64_t *ret, struct erg_err *err)
{
	const char *end;
	int digits, got = 1;

	if (r->form == TIME_GUESS)
		got = settle_time(r, cell, line, err);
	if (got <= 0)
		return got;
	if (r->form == TIME_OF_DAY)
		return erg_import_time_of_day(r->log, cell, ret, &end) && !*end;

	if (r->form == TIME_NUMBER) {
		const char point = erg_import_point(&r->point, cell, ERG_POINT_TIME);

		if (r->log->n == 0 && !r->by_size && look_at_size(r, cell, line, err) < 0)
			return -EINVAL;
		got = erg_import_plain(cell, point, r->time_decimals, ret, &digits) ||
			(erg_import_scaled(cell, point, r->time_decimals, ret, &digits, &end) &&
				!*end);
		*ret = got ? erg_import_unwrap(r->log, r->time_decimals, *ret) : 0;
		return got;
	}
	got = erg_import_when(r->log, r->how, cell, ERG_DATE_YEAR_FIRST, ret, &end, err);
	return got > 0 && *end ? 0 : got;
}

/* All earlier readings, and all to come, get MORE digits. */
static bool refine_digits(struct erg_import_log *log, struct erg_import_channel *c, int more)
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

/* Digits behind the point, as written: "5.00" has two, "1.50e-3" five; at most nine from the first that is not 0 on. */
static int written_decimals(const char *cell, char point)
{
	const char *p = strchr(cell, point), *e = strpbrk(cell, "eE"),
		   *first = cell + strspn(cell, "+-0");
	long n = p ? (long)strspn(p + 1, "0123456789") : 0;
	long most = DECIMALS_MAX + (p && first == p ? (long)strspn(p + 1, "0") : 0);

	if (e) {
		const long exponent = strtol(e + 1, NULL, 10);

		n -= exponent < -DECIMALS_TINY ? -DECIMALS_TINY : exponent > n ? n : exponent;
		most -= exponent < -DECIMALS_TINY ? -DECIMALS_TINY : exponent < 0 ? exponent : 0;
	}
	most = most < DECIMALS_TINY ? most : DECIMALS_TINY;
	return n < 0 ? 0 : n < most ? (int)n : (int)most;
}

static bool take_number(struct reader *r, char *cell, size_t channel, int64_t *ret, int *ret_digits)
{
	const char point = erg_import_point(&r->point, cell, (int)channel), *end;
	struct erg_import_channel *c = &r->log->channels[channel];
	int more, shift;

	if (erg_import_plain(cell, point, c->decimals, ret, ret_digits))
		return true;
	*ret_digits = 0;
	*ret = ERG_IMPORT_MISSING;
	if (erg_import_missing_cell(cell)) {
		if (*cell)
			erg_import_keep(&r->words, r->line, cell);
		return true;
	}
	if (!erg_import_scaled(cell, point, c->decimals, ret, ret_digits, &end) ||
		!erg_import_unit_of_cell(end, c->def.unit, &shift))
		return false;
	*ret_digits = written_decimals(cell, point);
	more = *ret_digits - shift - c->decimals;
	if (more > DECIMALS_TINY - c->decimals)
		more = DECIMALS_TINY - c->decimals;
	if (shift == 0 && (more <= 0 || !refine_digits(r->log, c, more)))
		return true;
	if (shift && more > 0)
		refine_digits(r->log, c, more);
	return erg_import_scaled(cell, point, c->decimals + shift, ret, &more, &end);
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

	if (!r->point.sure)
		r->point.line = line;
	r->line = line;
	*ret_odd = cells[0];
	got = take_time(r, cells[0], line, &t, err);
	if (got <= 0)
		return got;
	for (size_t i = 1; i < r->n; i++) {
		const int c = r->channel[i];

		*ret_odd = cells[i];
		if (c >= 0 && !take_number(r, cells[i], (size_t)c, &r->values[c], &digits))
			return 0;
	}
	if (cut && may_be_cut(r, digits, len))
		return 0;
	r->last_decimals = digits;
	r->last_len = len;
	got = erg_import_row(r->log, t, line, err);
	for (size_t c = 0; got == 0 && c < r->log->n_channels; c++)
		r->log->channels[c].raw[r->log->n - 1] = r->values[c];
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
	while (n > r->n && n <= COLUMNS_MAX && !*cells[n - 1])
		n--;
	if (n == r->n)
		got = take_row(r, cells, line, cut, &odd, err);
	if (got == 0 && n > 1 && n <= COLUMNS_MAX && !strcasecmp(cells[0], r->time_name))
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s': the columns are other ones from here on: two logs in one "
			"file? Import the parts one by one",
			r->log->path, line, kept);
	if (got == 0 && r->log->foreign.n == 0) {
		r->log->foreign.cells = n == r->n;
		r->log->foreign.has = n == r->n ? 0 : n;
		r->log->foreign.named = r->n;
	}
	if (got == 0)
		erg_import_foreign(r->log, line, odd);
	return got < 0 ? got : 0;
}

/* The first line that is neither a comment nor Excel's "sep=;"; comments of erg-analyze are taken. */
static int next_header(struct reader *r, struct erg_lines *lines, char **ret, struct erg_err *err)
{
	int got;

	do {
		got = erg_lines_next(lines, ret, err);
		if (got > 0 && !strncmp(*ret, ERG_SAMPLES_HEAD, strlen(ERG_SAMPLES_HEAD)) &&
			erg_import_samples_head(r->log, *ret, erg_lines_number(lines), err) < 0)
			return -EINVAL;
	} while (got > 0 &&
		(!strncmp(*ret, ERG_SAMPLES_HEAD, strlen(ERG_SAMPLES_HEAD)) ||
			(**ret == '#' && time_form(*ret + 1 + strspn(*ret + 1, " ")) == -2 &&
				!strpbrk(*ret, ",;\t")) ||
			(!strncasecmp(*ret, "sep=", 4) && strlen(*ret) == 5)));
	return got;
}

/* The line of names, and that of units which may be below it. *ret_text: a line that is none of these. */
static int read_header(struct reader *r, struct erg_lines *lines, char **ret_text, json_t *notes,
	struct erg_err *err)
{
	char *text, *names[COLUMNS_MAX], *units[COLUMNS_MAX], joined[4096];
	_cleanup_(erg_freep) char *header = NULL, *copy = NULL, *below = NULL, *raw = NULL;
	int got = next_header(r, lines, &text, err);
	char separator;
	size_t n;

	*ret_text = NULL;
	if (got == 0)
		return erg_fail(err, -ENODATA,
			"%s: the file is empty, a line of column names was expected", r->log->path);
	if (got < 0)
		return got;
	header = erg_utf8_from(text);
	copy = erg_utf8_from(text);
	raw = strdup(text);
	if (!header || !copy || !raw)
		return erg_fail_errno(err, -ENOMEM, "%s", r->log->path);
	separator = erg_import_separator(header);
	n = erg_lines_split(copy, separator, names, COLUMNS_MAX);
	r->header = erg_steal_ptr(&raw);
	if (strpbrk(header, "[(") || n < 2 || n > COLUMNS_MAX)
		return take_header(r, header, notes, err);
	got = erg_lines_next(lines, ret_text, err);
	below = got > 0 ? erg_utf8_from(*ret_text) : NULL;
	if (below &&
		erg_import_add_units(names, n, units,
			erg_lines_split(below, separator, units, COLUMNS_MAX), joined,
			sizeof(joined), separator)) {
		*ret_text = NULL;
		return take_header(r, joined, notes, err);
	}
	return got < 0 ? got : take_header(r, header, notes, err);
}

static int read_lines(struct reader *r, struct erg_lines *lines, json_t *notes, struct erg_err *err)
{
	char *text;
	int got = read_header(r, lines, &text, notes, err);

	if (got < 0)
		return got;
	while (text || (got = erg_lines_next(lines, &text, err)) > 0) {
		int taken = take_line(r, text, erg_lines_number(lines), erg_lines_cut(lines), err);

		if (taken < 0)
			return taken;
		if (r->log->n % ROWS_TOLD == 0)
			erg_lines_progress(lines);
		text = NULL;
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
		got = erg_import_point_judge(&r.point, ret, notes, err);
	if (got == 0 && r.by_size && ret->n > 0)
		erg_import_note_epoch(ret, r.time_name, notes);
	if (got == 0 && r.other_size)
		erg_import_note(notes, "unit",
			"%s: column '%s': as times since 1970 its numbers have another unit than its name says; that one is "
			"believed (--time, and --column, say another)",
			path, r.time_name);
	if (got == 0) {
		erg_import_note_words(&r.words, path, notes);
		erg_import_known_wholes(ret, notes);
	}
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
