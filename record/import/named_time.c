/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times in a column that the person names: seconds or parts of them, dates, times of a day, and dates beside these. */
#include "record/import/named_time.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "formats/base/util.h"

#define APART_S 3600 /* no power log's rows are more */

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

/* The date of a column of its own and the time of a day, in the order that it is said to have. */
static const char *join_date(const char *date, const char *clock, char ret[96])
{
	snprintf(ret, 96, "%.40s %.50s", date ? date : "", clock);
	return ret;
}

/* Whether the time is one of a day whose date is in a column of its own. */
static bool has_date(const struct erg_named_time *t, const char *cell, const char *date)
{
	const enum erg_import_date order = t->how->named->date;
	char joined[96];
	const char *end;
	int64_t ns;

	if (!t->dated || erg_import_time(cell, order, &ns, &end))
		return false;
	return erg_import_time(join_date(date, cell, joined), order, &ns, &end) && !*end;
}

/* Whether a number that is told to be in a unit is one of this century in another. */
static void look_at_size(struct erg_named_time *t, char *cell)
{
	if (t->kind == ERG_TIME_S || t->kind == ERG_TIME_MS || t->kind == ERG_TIME_US ||
		t->kind == ERG_TIME_NS)
		t->other_size =
			erg_import_other_epoch(cell,
				erg_import_point(t->point, cell, ERG_POINT_TIME), t->decimals) >= 0;
}

/* What the first row's time is. */
static int settle(struct erg_named_time *t, char *cell, const char *date, size_t line,
	struct erg_err *err)
{
	const char *column = t->how->named->time;
	enum erg_import_time_kind kind = t->how->named->kind;
	int64_t whole = 0, ns;
	const char *end;
	int digits;

	if (has_date(t, cell, date)) {
		t->kind = ERG_TIME_DATED;
		t->settled = true;
		return 1;
	}
	t->settled = t->kind != ERG_TIME_GUESS;
	if (t->settled) {
		look_at_size(t, cell);
		return 1;
	}
	if (kind == ERG_TIME_GUESS && erg_import_time(cell, ERG_DATE_YEAR_FIRST, &ns, &end))
		kind = ERG_TIME_ISO;
	if (kind == ERG_TIME_GUESS &&
		(erg_import_time(cell, ERG_DATE_MONTH_FIRST, &ns, &end) ||
			erg_import_time(cell, ERG_DATE_DAY_FIRST, &ns, &end)))
		return erg_fail(err, -EINVAL,
			"%s: line %zu: the date '%.40s': say --time '%s:mdy' if its month is first, or :dmy if "
			"its day is",
			t->log->path, line, cell, column);
	if (kind == ERG_TIME_GUESS && erg_import_time_of_day(t->log, cell, &ns, &end) && !*end)
		kind = ERG_TIME_OF_DAY;
	if (kind == ERG_TIME_GUESS)
		kind = kind_of_decimals(erg_import_time_unit(column));
	if (kind == ERG_TIME_GUESS || kind == ERG_TIME_EPOCH) {
		if (!erg_import_scaled(cell, erg_import_point(t->point, cell, ERG_POINT_TIME), 0,
			    &whole, &digits, &end))
			return 0; /* no row */
		t->by_size = kind == ERG_TIME_GUESS;
		kind = kind_of_decimals(erg_import_epoch_decimals(whole, !t->by_size));
		if (kind == ERG_TIME_GUESS)
			return erg_fail(err, -EINVAL,
				"%s: line %zu: the time '%.40s': say --time '%s:s', "
				":ms, :us or :ns, since neither the column's name nor a date like "
				"2023-11-14 12:13:14 tells",
				t->log->path, line, cell, column);
	}
	t->kind = kind;
	t->settled = true;
	t->decimals = decimals_of(kind);
	look_at_size(t, cell);
	return 1;
}

/* What erg_named_time_read() says, once the kind is settled. */
static int read_settled(struct erg_named_time *t, char *cell, const char *date, int64_t *ret,
	struct erg_err *err)
{
	char joined[96];
	const char *end;
	int digits;

	if (t->kind == ERG_TIME_OF_DAY) {
		if (!erg_import_time_of_day(t->log, cell, ret, &end) || *end)
			return 0;
		if (date && strncmp(t->day, date, sizeof(t->day) - 1)) {
			t->days++;
			snprintf(t->day, sizeof(t->day), "%s", date);
		}
		return 1;
	}
	if (t->kind == ERG_TIME_ISO || t->kind == ERG_TIME_DATED) {
		int got = erg_import_when(t->log, t->how,
			t->kind == ERG_TIME_ISO ? cell : join_date(date, cell, joined),
			t->how->named->date, ret, &end, err);

		return got > 0 && end[strspn(end, " ")] ? 0 : got;
	}
	if (!erg_import_scaled(cell, erg_import_point(t->point, cell, ERG_POINT_TIME), t->decimals,
		    ret, &digits, &end) ||
		*end)
		return 0;
	*ret = erg_import_unwrap(t->log, t->decimals, *ret);
	return 1;
}

void erg_named_time_init(struct erg_named_time *t, const struct erg_import_how *how,
	struct erg_import_log *log, struct erg_import_point *point)
{
	*t = (struct erg_named_time){.how = how, .log = log, .point = point};
	t->kind = how->named->kind == ERG_TIME_EPOCH ? ERG_TIME_GUESS : how->named->kind;
	t->decimals = decimals_of(t->kind);
}

int erg_named_time_read(struct erg_named_time *t, char *cell, const char *date, size_t line,
	int64_t *ret, struct erg_err *err)
{
	int got = t->settled ? 1 : settle(t, cell, date, line, err);

	return got > 0 ? read_settled(t, cell, date, ret, err) : got;
}

/* ---- the end ---- */

static double mean_distance_s(const struct erg_import_log *log)
{
	return fabs((double)(log->t[log->n - 1] - log->t[0])) * 1e-9 / (double)(log->n - 1);
}

/* Times of a day count on at midnight; dates beside them, of an order that nobody told, must do the same. */
static int judge_days(const struct erg_named_time *t, struct erg_err *err)
{
	const int64_t day = 86400 * (int64_t)ERG_NSEC_PER_SEC;
	const struct erg_import_log *log = t->log;
	const char *column = t->how->named->time;

	if (t->kind != ERG_TIME_OF_DAY || !t->dated || log->n == 0 ||
		(int64_t)t->days == log->t[log->n - 1] / day - log->t[0] / day + 1)
		return 0;
	return erg_fail(err, -EINVAL,
		"%s: column '%s' has times of a day, and the column of dates beside it %zu days: which is "
		"their month? --time '%s:mdy' or :dmy was expected",
		log->path, column, t->days, column);
}

int erg_named_time_judge(const struct erg_named_time *t, json_t *notes, struct erg_err *err)
{
	const char *column = t->how->named->time;
	const enum erg_import_time_kind told = t->how->named->kind;
	const int in_name = column ? erg_import_time_unit(column) : -1;

	if (judge_days(t, err) < 0)
		return -EINVAL;
	if (t->by_size && t->log->n > 1 && mean_distance_s(t->log) > APART_S)
		return erg_fail(err, -EINVAL,
			"%s: column '%s': as times since 1970, by their size, the rows are %.6g s apart: "
			"say --time '%s:s', :ms, :us or :ns",
			t->log->path, column, mean_distance_s(t->log), column);
	if (t->other_size ||
		(in_name >= 0 && told == t->kind && kind_of_decimals(in_name) != told &&
			decimals_of(told) != in_name && told != ERG_TIME_ISO))
		erg_import_note(notes, "unit",
			"%s: column '%s': %s another unit than %s; that one is believed",
			t->log->path, column,
			t->other_size ? "as times since 1970 its numbers have" : "its name says",
			told == t->kind ? "--time" : "its name says");
	if (t->by_size && t->log->n > 0)
		erg_import_note_epoch(t->log, column, notes);
	return 0;
}
