/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cells and numbers for the readers of text logs that are no table of one header and equal rows:
 * exponents, decimal commas, blanks as separators.
 */
#include "record/import/cells.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/lines.h"
#include "record/import/import.h"

void erg_import_keep(struct erg_import_kept *k, size_t line, const char *text)
{
	if (k->n++)
		return;
	k->line = line;
	snprintf(k->text, sizeof(k->text), "%s", text);
}

/* ---- numbers ---- */

struct mantissa {
	int64_t v;
	int behind; /* of its digits, so many are behind the point; no trailing zeros */
	bool any, many;
};

/* More digits behind the point than fit are no meter's; more before it are too many. */
static const char *read_digits(const char *s, bool behind, struct mantissa *m)
{
	int zeros = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		m->any = true;
		if (behind && *s == '0') {
			zeros++;
			continue;
		}
		for (; zeros > 0 && m->v <= INT64_MAX / 100; zeros--, m->behind++)
			m->v *= 10;
		if (m->v > (INT64_MAX - 9) / 10 || zeros > 0) {
			m->many |= !behind;
			continue;
		}
		m->v = 10 * m->v + (*s - '0');
		m->behind += behind;
	}
	return s;
}

bool erg_import_scaled(const char *s, char point, int decimals, int64_t *ret, int *ret_digits,
	const char **ret_end)
{
	bool negative = *s == '-';
	struct mantissa m = {0};
	long exponent = 0;
	int shift;

	s += *s == '-' || *s == '+';
	s = read_digits(s, false, &m);
	if (*s == point)
		s = read_digits(s + 1, true, &m);
	if (!m.any || m.many)
		return false;
	if ((*s == 'e' || *s == 'E') &&
		strspn(s + 1 + (s[1] == '-' || s[1] == '+'), "0123456789")) {
		exponent = strtol(s + 1, NULL, 10); /* of too many digits, the most there is */
		s += 1 + (s[1] == '-' || s[1] == '+');
		s += strspn(s, "0123456789");
	}
	if (exponent > 1000 || exponent < -1000)
		return false;
	*ret_digits = m.behind - (int)exponent > 0 ? m.behind - (int)exponent : 0;
	for (shift = decimals - m.behind + (int)exponent; shift > 0 && m.v; shift--) {
		if (m.v > INT64_MAX / 10)
			return false;
		m.v *= 10;
	}
	for (; shift < -1 && m.v; shift++)
		m.v /= 10;
	if (shift == -1)
		m.v = (m.v + 5) / 10;
	*ret = negative ? -m.v : m.v;
	*ret_end = s;
	return true;
}

static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000,
	1000000000};

bool erg_import_plain(const char *s, char point, int decimals, int64_t *ret, int *ret_written)
{
	const bool negative = *s == '-';
	const char *from = s + negative, *behind = NULL;
	int64_t v = 0;

	for (s = from; s - from < 18; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (digit <= 9)
			v = 10 * v + digit;
		else if (*s == point && !behind)
			behind = s + 1;
		else
			break;
	}
	*ret_written = behind ? (int)(s - behind) : 0;
	decimals -= *ret_written;
	if (*s || s == from || s == behind || decimals < 0 ||
		decimals >= (int)ERG_ARRAY_SIZE(powers) ||
		__builtin_mul_overflow(v, powers[decimals], &v))
		return false;
	*ret = negative ? -v : v;
	return true;
}

/* ---- cells ---- */

static size_t blank_cells(char *p, char **cells, size_t max)
{
	char *save = NULL;
	size_t n = 0;

	for (char *word = strtok_r(p, " \t", &save); word; word = strtok_r(NULL, " \t", &save), n++)
		if (n < max)
			cells[n] = word;
	return n;
}

/* The commonest of those that a table may have; a comma where there is none. */
char erg_import_separator(const char *line)
{
	static const char candidates[] = ",;\t";
	size_t best = 0;
	char ret = ',';

	for (const char *c = candidates; *c; c++) {
		size_t n = 0;

		for (const char *p = line; *p; p++)
			n += *p == *c;
		if (n > best) {
			best = n;
			ret = *c;
		}
	}
	return ret;
}

size_t erg_import_cells(char *line, char separator, char **cells, size_t max)
{
	return separator == ' ' ? blank_cells(line, cells, max)
				: erg_lines_split(line, separator, cells, max);
}

bool erg_import_missing_cell(const char *cell)
{
	static const char *const words[] = {"", "nan", "NaN", "NAN", "-nan", "N/A", "[N/A]", "NULL",
		"null", "None", "-", "--", "n/a", "NA", "#N/A", "-N/A-", "[Not Supported]",
		"[Unknown Error]", "unavailable", "unknown"};

	if (*cell >= '0' && *cell <= '9')
		return false;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (!strcmp(cell, words[i]))
			return true;
	return false;
}

void erg_import_note_words(const struct erg_import_kept *words, const char *path, json_t *notes)
{
	if (words->n)
		erg_import_note(notes, "no-reading",
			"%s: line %zu: '%s' was taken to say that there is no reading; %zu such cells were left "
			"out",
			path, words->line, words->text, words->n);
}

int erg_import_month(const char *text)
{
	static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";

	for (int i = 0; i < 12; i++)
		if (!strncasecmp(text, months + 3 * i, 3))
			return i + 1;
	return 0;
}

/* Day of the week, then the month and the day in either order: what follows, or NULL. */
static const char *take_day(const char *text, char month[4], int *day)
{
	int n = 0;

	if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != 3)
		return NULL;
	text += 3 + (text[3] == ','); /* as date -R writes it */
	if ((sscanf(text, " %3[A-Za-z] %2d%n", month, day, &n) == 2 && n > 0) ||
		(sscanf(text, " %2d %3[A-Za-z]%n", day, month, &n) == 2 && n > 0))
		return text + n;
	return NULL;
}

bool erg_import_unix_date(const char *text, char *ret, size_t size)
{
	char month[4] = "", half[3] = "", zone[12] = "", clock[9] = "";
	int day, year = 0, n = 0;
	const char *at = take_day(text, month, &day);

	if (at && sscanf(at, " %4d%n", &year, &n) == 1 && at[n] == ' ' && year > 1900)
		at += n;
	else
		year = 0;
	n = 0;
	if (!at || sscanf(at, " %8[0-9:]%n", clock, &n) != 1 || strlen(clock) != 8)
		return false;
	at += n;
	n = 0;
	if (sscanf(at, " %1[AP]M%n", half, &n) == 1 && n > 0)
		at += n;
	else
		*half = '\0';
	n = 0;
	if (!year && sscanf(at, " %4d%n", &year, &n) == 1 && year > 1900) {
		at += n;
	} else if (!year) {
		if (sscanf(at, " %11[A-Z0-9+-] %4d", zone, &year) != 2)
			return false;
		at = "";
	}
	sscanf(at, " %11[A-Z0-9+:-]", zone);
	if (!erg_import_month(month))
		return false;
	snprintf(ret, size, "%04d-%02d-%02d %s %s%s %s", year, erg_import_month(month), day, clock,
		half, *half ? "M" : "", zone);
	return true;
}
