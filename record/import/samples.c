/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * samples.csv: a time and a column for each channel. Numbers become integers without rounding: the
 * unit of a column is refined by as many digits as its longest number has behind the point, up to
 * nine, so a log goes into the archive as it was written.
 */
#include <errno.h>
#include <string.h>

#include "formats/base/progress.h"
#include "formats/table.h"
#include "formats/base/util.h"
#include "record/import/import.h"

#define DECIMALS_MAX 9
#define ROWS_TOLD 4096 /* rows between two words on progress */

/* "VDD_IN [mW]" is VDD_IN, mW. */
static int split_name(const char *path, const char *column, char name[64], char unit[16],
	struct erg_err *err)
{
	const char *open = strrchr(column, '['), *close = strrchr(column, ']');
	size_t len = open ? (size_t)(open - column) : 0;

	while (len > 0 && (column[len - 1] == ' ' || column[len - 1] == '\t'))
		len--;
	if (!open || !close || close < open || close[1] || len == 0 || len >= 64 ||
		close - open - 1 >= 16 || close - open < 2)
		return erg_fail(err, -EINVAL, "%s: column '%s': a name and a unit, like "
			"'VDD_IN [mW]', were expected", path, column);
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
			erg_import_note(notes, "unit", "column '%s [%s]': the name says %s, the unit "
				"says %s; the unit is believed", c->def.rail, c->def.unit, word,
				erg_quantity_name(c->def.quantity));
	}
}

static bool is_missing(const char *cell)
{
	static const char *const words[] = {"", "nan", "NaN", "NAN", "N/A", "[N/A]", "NULL", "null",
		"None"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (!strcmp(cell, words[i]))
			return true;
	return false;
}

static int column_decimals(const struct erg_table *t, size_t column)
{
	size_t rows = erg_table_rows(t);
	int most = 0;

	for (size_t i = 0; i < rows && most < DECIMALS_MAX; i++) {
		int d = erg_table_decimals(t, i, column);

		most = d > most ? d : most;
	}
	return most < DECIMALS_MAX ? most : DECIMALS_MAX;
}

static int make_channels(const struct erg_table *t, struct erg_import_log *log, json_t *notes,
	struct erg_err *err)
{
	for (size_t i = 1; i < erg_table_columns(t); i++) {
		char name[64], unit[16];
		int r = split_name(log->path, erg_table_column_name(t, i), name, unit, err);

		if (r == 0)
			r = erg_import_channel(log, name, unit, column_decimals(t, i), err);
		if (r < 0)
			return r;
		if ((size_t)r != i - 1)
			return erg_fail(err, -EINVAL, "%s: two columns give the %s of '%s'",
				log->path, erg_quantity_name(log->channels[r].def.quantity), name);
		compare_name_with_unit(&log->channels[r], notes);
	}
	return 0;
}

static int take_row(const struct erg_table *t, size_t row, int time_decimals,
	struct erg_import_log *log, struct erg_err *err)
{
	int64_t time_ns;
	int r = erg_table_scaled(t, row, 0, time_decimals, &time_ns, err);

	if (r == 0)
		r = erg_import_row(log, time_ns, erg_table_line(t, row), err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < log->n_channels; i++) {
		struct erg_import_channel *c = &log->channels[i];

		if (is_missing(erg_table_cell(t, row, i + 1)))
			continue;
		r = erg_table_scaled(t, row, i + 1, c->decimals, &c->raw[row], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_csv(const char *path, const struct erg_import_how *how, struct erg_import_log *ret,
	json_t *notes, struct erg_err *err)
{
	_cleanup_(erg_table_freep) struct erg_table *t = NULL;
	int r = erg_table_read(path, &t, err), time_decimals;
	const char *first;

	if (r < 0)
		return r;
	ret->path = path;
	first = erg_table_column_name(t, 0);
	if (strcmp(first, "time_s") && strcmp(first, "time_ns"))
		return erg_fail(err, -EINVAL, "%s: the first column is '%s'; time_s or time_ns was "
			"expected", path, first);
	time_decimals = strcmp(first, "time_s") ? 0 : 9;
	if (erg_table_columns(t) < 2)
		return erg_fail(err, -EINVAL, "%s: a column of readings beside %s was expected",
			path, first);
	r = make_channels(t, ret, notes, err);
	for (size_t i = 0; r == 0 && i < erg_table_rows(t); i++) {
		r = take_row(t, i, time_decimals, ret, err);
		if (i % ROWS_TOLD == 0)
			erg_progress("converting", i, erg_table_rows(t));
	}
	erg_progress("converting", 1, 1);
	return r;
}

const struct erg_import_reader erg_import_csv = {
	.name = "csv",
	.about = "time_s or time_ns, then columns NAME [UNIT]",
	.read = read_csv,
};
