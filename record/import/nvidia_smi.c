/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The logs of nvidia-smi:
 *
 *	--query-gpu=timestamp,… --format=csv[,nounits][,noheader]
 *	dmon [-o DT], with blanks or commas: "#Date Time gpu pwr gtemp …", a line of units, "-" for none
 *
 * Headers may come again (a file that was appended to, dmon's page heads), and drivers and shells
 * write between the lines: what is no row is counted and told. Without a header the units behind the
 * numbers tell the columns. What cannot be read is in brackets, [N/A], and is missing.
 *
 * nvidia_rows.c tells the GPUs apart and makes the log's rows. power.draw is a mean over a time that
 * depends on the GPU (from 25 ms to 1 s); which one is for --sensor to say.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/cells.h"
#include "record/import/nvidia.h"

#define COLUMNS_MAX 64

enum role { NONE, TIME, DATE, CLOCK, IDENTITY, VALUE, PROCESS };

struct column {
	enum role role;
	const char
		*suffix; /* of the rail: gpu0, gpu0.sm; of an identity its rank among identities */
	const char *unit;
	int decimals;
};

static const struct known {
	const char *name; /* what the column's name is, or is before a blank and a unit */
	struct column column;
} known[] = {
	{"timestamp", {TIME, NULL, NULL, 0}},
	{"date", {DATE, NULL, NULL, 0}},
	{"time", {CLOCK, NULL, NULL, 0}},
	{"index", {IDENTITY, "0", NULL, 0}},
	{"gpu", {IDENTITY, "1", NULL, 0}},
	{"minor_number", {IDENTITY, "2", NULL, 0}},
	{"pci.bus_id", {IDENTITY, "3", NULL, 0}},
	{"gpu_bus_id", {IDENTITY, "3", NULL, 0}},
	{"uuid", {IDENTITY, "4", NULL, 0}},
	{"gpu_uuid", {IDENTITY, "4", NULL, 0}},
	{"serial", {IDENTITY, "5", NULL, 0}},
	{"gpu_serial", {IDENTITY, "5", NULL, 0}},
	{"pci.bus", {IDENTITY, "6", NULL, 0}},
	{"name", {IDENTITY, "7", NULL, 0}},
	{"gpu_name", {IDENTITY, "7", NULL, 0}},
	{"pid", {PROCESS, NULL, NULL, 0}},
	{"power.draw.instant", {VALUE, ".instant", "W", 3}},
	{"power.draw.average", {VALUE, ".average", "W", 3}},
	{"power.draw", {VALUE, "", "W", 3}},
	{"pwr", {VALUE, "", "W", 3}},
	{"gpu_power", {VALUE, "", "W", 3}},
	{"module.power.draw.instant", {VALUE, ".module.instant", "W", 3}},
	{"module.power.draw.average", {VALUE, ".module.average", "W", 3}},
	{"module.power.draw", {VALUE, ".module", "W", 3}},
	{"temperature.gpu", {VALUE, "", "degC", 0}},
	{"gtemp", {VALUE, "", "degC", 0}},
	{"temperature.memory", {VALUE, ".memory", "degC", 0}},
	{"mtemp", {VALUE, ".memory", "degC", 0}},
	{"utilization.gpu", {VALUE, "", "%", 0}},
	{"sm", {VALUE, "", "%", 0}},
	{"utilization.memory", {VALUE, ".memory", "%", 0}},
	{"mem", {VALUE, ".memory", "%", 0}},
	{"clocks.current.sm", {VALUE, ".sm", "MHz", 0}},
	{"clocks.sm", {VALUE, ".sm", "MHz", 0}},
	{"clocks.current.memory", {VALUE, ".memory", "MHz", 0}},
	{"clocks.mem", {VALUE, ".memory", "MHz", 0}},
	{"mclk", {VALUE, ".memory", "MHz", 0}},
	{"clocks.current.graphics", {VALUE, ".graphics", "MHz", 0}},
	{"clocks.gr", {VALUE, ".graphics", "MHz", 0}},
	{"pclk", {VALUE, ".sm", "MHz", 0}},
	{"clocks.current.video", {VALUE, ".video", "MHz", 0}},
	{"clocks.video", {VALUE, ".video", "MHz", 0}},
};

struct reader {
	struct erg_nvidia_rows *rows;
	struct erg_import_log *log;
	const struct erg_import_how *how;
	struct column columns[COLUMNS_MAX];
	size_t n_columns; /* 0: no header yet */
	bool from_shape;  /* the columns were told by the first row, not by a header */
	size_t guessed; /* of these the one that is taken for power, from 1; 0: its unit says so */
	unsigned int identities; /* a bit for each that the columns have */
	bool in_blanks;          /* dmon: cells are apart by blanks */
	bool processes;          /* pmon */
	char separator;          /* of cells; NUL: not known yet */
	int time, date, clock;
	size_t header_line;
	struct erg_import_kept unread[COLUMNS_MAX]; /* powers that could not be read */
	bool read[COLUMNS_MAX];                     /* the column had a reading */
	struct erg_import_kept uneven; /* rows of more or fewer cells than the header */
	char header[80];
	size_t sum_decimals; /* of the last row's last cell, to tell a number that was cut */
	size_t last_len;
};

/* A script that writes the tool's names may have another unit for power; none else is known. */
static struct column in_unit(struct column c, const char *brackets)
{
	static const struct {
		const char *brackets, *unit;
		int decimals;
	} powers[] = {{"[W]", "W", 3}, {"[mW]", "mW", 3}, {"[kW]", "kW", 6}};

	for (size_t i = 0; c.role == VALUE && !strcmp(c.unit, "W") && i < ERG_ARRAY_SIZE(powers);
		i++)
		if (!strcmp(powers[i].brackets, brackets)) {
			c.unit = powers[i].unit;
			c.decimals = powers[i].decimals;
			return c;
		}
	return c.role == VALUE && !strcmp(c.unit, "W") ? (struct column){NONE, NULL, NULL, 0} : c;
}

/* The name is followed by nothing or by a unit in brackets. */
static struct column classify_column(const char *name)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(known); i++) {
		size_t len = strlen(known[i].name);

		if (strncasecmp(name, known[i].name, len))
			continue;
		if (!name[len])
			return known[i].column;
		if (name[len] == ' ' && name[len + 1] == '[')
			return in_unit(known[i].column, name + len + 1);
	}
	return (struct column){NONE, NULL, NULL, 0};
}

static void set_columns(struct reader *r, const struct column *columns, size_t n)
{
	r->time = r->date = r->clock = -1;
	r->identities = 0;
	memcpy(r->columns, columns, n * sizeof(*columns));
	r->n_columns = n;
	for (size_t i = 0; i < n; i++) {
		if (columns[i].role == TIME)
			r->time = (int)i;
		if (columns[i].role == DATE)
			r->date = (int)i;
		if (columns[i].role == CLOCK)
			r->clock = (int)i;
		r->processes |= columns[i].role == PROCESS;
		r->identities |= columns[i].role == IDENTITY ? 1u << (*columns[i].suffix - '0') : 0;
	}
}

/* A row of names: most are known, and none is a number. */
static bool take_header(struct reader *r, char **cells, size_t n)
{
	struct column columns[COLUMNS_MAX];
	size_t values = 0, known_ones = 0;

	for (size_t i = 0; i < n; i++) {
		columns[i] = classify_column(cells[i] + (i == 0 && *cells[0] == '#'));
		values += columns[i].role == VALUE;
		known_ones += columns[i].role != NONE;
		if (isdigit((unsigned char)*cells[i]))
			return false;
	}
	if (values == 0 && known_ones < 2)
		return false;
	set_columns(r, columns, n);
	r->from_shape = false;
	return true;
}

/* ---- a row without a header ---- */

static bool is_time(const char *cell)
{
	const char *end;
	int64_t t;

	return erg_import_time(cell, ERG_DATE_YEAR_FIRST, &t, &end);
}

static struct column shape_of(const char *cell)
{
	const char *end;
	int64_t v;

	if (is_time(cell))
		return (struct column){TIME, NULL, NULL, 0};
	if (!strncmp(cell, "GPU-", 4))
		return (struct column){IDENTITY, "4", NULL, 0};
	if (strspn(cell, "0123456789abcdefABCDEF") == 8 && cell[8] == ':')
		return (struct column){IDENTITY, "3", NULL, 0};
	if (!erg_import_decimal(cell, 0, &v, &end))
		return (struct column){NONE, NULL, NULL, 0};
	if (!strcmp(end, " W"))
		return (struct column){VALUE, "", "W", 3};
	if (!strcmp(end, " %"))
		return (struct column){VALUE, "", "%", 0};
	if (!*end && v >= 0 && v < 64 && !strchr(cell, '.'))
		return (struct column){IDENTITY, "0", NULL, 0};
	return (struct column){NONE, NULL, NULL, 0};
}

/* Without units too (noheader,nounits): of what the tool writes only powers have two digits behind the
 * point. The place of the only such number, from 1; 0: there is none, or several. */
static size_t power_place(char **cells, size_t n)
{
	size_t found = 0, place = 0;

	for (size_t i = 0; i < n; i++) {
		const char *point = strchr(cells[i], '.');

		if (!point || strspn(cells[i], "0123456789") != (size_t)(point - cells[i]) ||
			point == cells[i] || strspn(point + 1, "0123456789") != 2 || point[3])
			continue;
		place = i + 1;
		found++;
	}
	return found == 1 ? place : 0;
}

/* Only with a time and one power; of several whole numbers without a unit the first is the index. */
static bool take_shape(struct reader *r, char **cells, size_t n)
{
	struct column columns[COLUMNS_MAX];
	size_t times = 0, powers = 0, loads = 0, indices = 0;

	for (size_t i = 0; i < n; i++) {
		columns[i] = shape_of(cells[i]);
		times += columns[i].role == TIME;
		if (columns[i].role == VALUE && *columns[i].unit == 'W' && powers++ > 0)
			return false;
		if (columns[i].role == VALUE && *columns[i].unit == '%' && loads++ > 0)
			columns[i].role = NONE;
		if (columns[i].role == IDENTITY && *columns[i].suffix == '0' && indices++ > 0)
			columns[i].role = NONE;
	}
	r->guessed = times == 1 && powers == 0 ? power_place(cells, n) : 0;
	if (r->guessed) {
		columns[r->guessed - 1] = (struct column){VALUE, "", "W", 3};
		powers = 1;
	}
	if (times != 1 || powers != 1)
		return false;
	set_columns(r, columns, n);
	r->from_shape = true;
	return true;
}

/* ---- a row ---- */

static bool is_missing(const char *cell)
{
	return *cell == '[' || !*cell || !strcmp(cell, "-") || !strcmp(cell, "N/A") ||
		!strcmp(cell, "ERR!");
}

/* 1: *ret is the number; 0: it is missing; -EINVAL: it is none. */
static int take_number(const struct column *c, const char *cell, int64_t *ret)
{
	const char *end;

	*ret = ERG_IMPORT_MISSING;
	if (is_missing(cell))
		return 0;
	if (!erg_import_decimal(cell, c->decimals, ret, &end))
		return -EINVAL;
	while (*end == ' ')
		end++;
	return !*end || !strcmp(end, c->unit) || (!strcmp(c->unit, "degC") && !strcmp(end, "C"))
		? 1
		: -EINVAL;
}

/* 1, 0 for no time, or an error. */
static int row_time(struct reader *r, char **cells, int64_t *ret, struct erg_err *err)
{
	char both[64];
	const char *end;
	int rc;

	if (r->time >= 0) {
		if (erg_import_epoch(r->log, cells[r->time], ret, &end) && !*end)
			return 1;
		rc = erg_import_when(r->log, r->how, cells[r->time], ERG_DATE_YEAR_FIRST, ret, &end,
			err);
		return rc > 0 && *end ? 0 : rc;
	}
	if (r->clock >= 0 && r->date >= 0) {
		snprintf(both, sizeof(both), "%.20s %.30s", cells[r->date], cells[r->clock]);
		rc = erg_import_when(r->log, r->how, both, ERG_DATE_YEAR_FIRST, ret, &end, err);
		return rc > 0 && *end ? 0 : rc;
	}
	if (r->clock >= 0) {
		rc = erg_import_time_of_day(r->log, cells[r->clock], ret, &end);
		return rc > 0 && *end ? 0 : rc;
	}
	*ret = ERG_IMPORT_MISSING; /* by --interval, once the GPUs are known */
	return 1;
}

static int fail_unit(const struct reader *r, const struct column *c, const char *cell, size_t line,
	struct erg_err *err)
{
	return erg_fail(err, -EINVAL, "%s: line %zu: '%.40s': a number in unit %s was expected",
		r->log->path, line, cell, c->unit);
}

/* A number at the end of a line that has no end is whole when its unit follows, or when it has as many
 * digits behind the point as the one before. */
static bool may_be_cut(const struct reader *r, const char *last, size_t len)
{
	const char *point = strchr(last, '.');
	bool unit =
		isalpha((unsigned char)last[strlen(last) - (*last != '\0')]) || strchr(last, '%');

	if (unit)
		return false;
	return r->sum_decimals > 0 ? !point || strlen(point + 1) < r->sum_decimals
				   : len < r->last_len || point;
}

static void remember_last(struct reader *r, const char *last, size_t len)
{
	const char *point = strchr(last, '.');

	r->sum_decimals = point ? strspn(point + 1, "0123456789") : 0;
	r->last_len = len;
}

static int take_row(struct reader *r, char **cells, size_t line, struct erg_err *err)
{
	struct erg_nvidia_row row = {.line = line};
	int rc = row_time(r, cells, &row.t, err);

	if (rc <= 0)
		return rc;
	for (size_t i = 0; i < r->n_columns; i++) {
		const struct column *c = &r->columns[i];
		int64_t v;

		if (c->role == IDENTITY)
			row.identity[*c->suffix - '0'] = cells[i];
		if (c->role != VALUE)
			continue;
		if (take_number(c, cells[i], &v) < 0)
			return r->rows->kept.n == 0 ? fail_unit(r, c, cells[i], line, err) : 0;
		r->read[i] |= v != ERG_IMPORT_MISSING;
		if (v == ERG_IMPORT_MISSING && *cells[i] && *c->unit == 'W')
			erg_import_keep(&r->unread[i], line, cells[i]);
		if (row.n_values < ERG_NVIDIA_VALUES)
			row.values[row.n_values++] =
				(struct erg_nvidia_value){c->suffix, c->unit, c->decimals, v};
	}
	if (row.n_values == 0)
		return 0;
	rc = erg_nvidia_add(r->rows, &row);
	return rc < 0 ? erg_fail_errno(err, rc, "%s", r->log->path) : 1;
}

/* A spreadsheet of another country writes semicolons, and a comma as the decimal point; any keeps the blank
 * behind the tool's commas within its quotes. */
static size_t split_table(struct reader *r, char *text, char **cells)
{
	const char separator = r->n_columns ? r->separator : erg_import_separator(text);
	size_t n = erg_lines_split(text, separator, cells, COLUMNS_MAX);

	r->separator = separator;
	for (size_t i = 0; i < n && i < COLUMNS_MAX; i++)
		cells[i] += strspn(cells[i], " ");
	for (size_t i = 0; separator != ',' && i < n && i < COLUMNS_MAX; i++) {
		char *comma = strchr(cells[i], ',');

		if (comma && !strchr(cells[i], '.') && isdigit((unsigned char)comma[1]))
			*comma = '.';
	}
	return n;
}

static size_t split_cells(struct reader *r, char *text, char **cells)
{
	size_t n;

	if (*text == '#' && !strpbrk(text, ",;"))
		r->in_blanks = true;
	if (!r->in_blanks)
		return split_table(r, text, cells);
	text += *text == '#' ? 1 : 0;
	n = 0;
	for (char *save = NULL, *w = strtok_r(text, " \t", &save); w;
		w = strtok_r(NULL, " \t", &save), n++)
		if (n < COLUMNS_MAX)
			cells[n] = w;
	return n;
}

/* dmon's second head: units. */
static bool is_unit_line(const char *text)
{
	return *text == '#' && (strstr(text, "Idx") || strstr(text, "HH:MM:SS"));
}

static int take_line(struct reader *r, char *text, size_t line, bool cut, struct erg_err *err)
{
	char *cells[COLUMNS_MAX], kept[sizeof(r->log->foreign.text)];
	size_t len = strlen(text), n;
	const unsigned int before = r->identities;
	bool head = *text == '#';
	int rc = 0;

	if (is_unit_line(text))
		return 0;
	snprintf(kept, sizeof(kept), "%.*s", (int)sizeof(kept) - 1, text);
	n = split_cells(r, text, cells);
	if (n > 0 && n <= COLUMNS_MAX) {
		if (take_header(r, cells, n)) {
			r->header_line = line;
			memcpy(r->header, kept, sizeof(kept));
			return before == r->identities || r->rows->kept.n == 0
				? 0
				: erg_fail(err, -EINVAL,
					  "%s: line %zu: other columns than before name the GPUs: two logs "
					  "in one file? Import the parts one by one",
					  r->log->path, line);
		}
		if (r->n_columns == 0 && !head)
			take_shape(r, cells, n);
		if (r->n_columns && n > 2 && n != r->n_columns)
			erg_import_keep(&r->uneven, line, kept);
		if (n == r->n_columns && !(cut && may_be_cut(r, cells[n - 1], len)))
			rc = take_row(r, cells, line, err);
		if (rc > 0)
			remember_last(r, cells[n - 1], len);
	}
	if (rc == 0)
		erg_import_foreign(r->log, line, kept);
	return rc < 0 ? rc : 0;
}

static int read_lines(struct reader *r, struct erg_lines *lines, struct erg_err *err)
{
	char *text;
	int rc;

	while ((rc = erg_lines_next(lines, &text, err)) > 0) {
		rc = take_line(r, text, erg_lines_number(lines), erg_lines_cut(lines), err);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : erg_lines_sha256(lines, r->log->sha256, err);
}

static bool has_value(const struct reader *r)
{
	bool any = false;

	for (size_t i = 0; i < r->n_columns; i++)
		any |= r->columns[i].role == VALUE;
	return any;
}

static int check_found(const struct reader *r, struct erg_err *err)
{
	if (r->processes)
		return erg_fail(err, -ENODATA,
			"%s: the log of nvidia-smi pmon has no power; that of dmon or "
			"--query-gpu=timestamp,index,power.draw was expected",
			r->log->path);
	if (r->rows->kept.n > 0)
		return 0;
	if (r->n_columns == 0)
		return erg_fail(err, -EINVAL,
			"%s: no column timestamp; a log of nvidia-smi "
			"--query-gpu=timestamp,power.draw,… --format=csv, or of dmon -o DT, was expected",
			r->log->path);
	if (!has_value(r))
		return erg_fail(err, -ENODATA,
			"%s: line %zu: '%s': its names are not those of nvidia-smi, of which power.draw was "
			"expected; other tables are read by --time and --column",
			r->log->path, r->header_line, r->header);
	if (r->uneven.n > 0)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s': the %zu cells that line %zu names were expected, as in %zu lines (a name "
			"with a comma needs quotes)",
			r->log->path, r->uneven.line, r->uneven.text, r->n_columns, r->header_line,
			r->uneven.n);
	if (r->log->foreign.n > 0)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s': a time like '2023/11/14 12:13:14.123' and "
			"numbers were expected",
			r->log->path, r->log->foreign.line, r->log->foreign.text);
	return erg_fail(err, -ENODATA,
		"%s: no column with power, temperature, utilisation or clocks, or no row",
		r->log->path);
}

/* Powers that could not be read in some rows; a column that never was is of what the GPU does not have. */
static void note_unread(const struct reader *r, json_t *notes)
{
	for (size_t i = 0; i < r->n_columns; i++)
		if (r->read[i] && r->unread[i].n)
			erg_import_note(notes, "no-reading",
				"%s: line %zu: '%.40s' is no power; it could not be read in %zu rows, and was left "
				"out there",
				r->log->path, r->unread[i].line, r->unread[i].text, r->unread[i].n);
}

static int read_nvidia_smi(const char *path, const struct erg_import_how *how,
	struct erg_import_log *ret, json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_lines_freep) struct erg_lines *lines = NULL;
	struct erg_nvidia_rows rows;
	struct reader r = {.rows = &rows, .log = ret, .how = how};
	int rc = erg_lines_open(path, &lines, err);

	if (rc < 0)
		return rc;
	erg_nvidia_init(&rows, ret, how);
	ret->path = path;
	ret->sampled = true; /* a window that is not known: what it was when it was read */
	rc = read_lines(&r, lines, err);
	if (rc == 0)
		rc = check_found(&r, err);
	if (rc == 0)
		note_unread(&r, notes);
	if (rc == 0 && r.from_shape && r.guessed)
		erg_import_note(notes, "columns",
			"%s: neither names of columns nor units: number %zu of each row, which has two digits "
			"behind the point, was taken for power in W",
			path, r.guessed);
	if (rc == 0 && r.from_shape && erg_nvidia_check_index(&rows) < 0)
		rc = erg_fail_errno(err, -ENOMEM, "%s", path);
	if (rc == 0)
		rc = erg_nvidia_finish(&rows, notes, err);
	erg_nvidia_release(&rows);
	return rc;
}

const struct erg_import_reader erg_import_nvidia_smi = {
	.name = "nvidia-smi",
	.about = "nvidia-smi --query-gpu=timestamp,… --format=csv, or dmon",
	.read = read_nvidia_smi,
};
