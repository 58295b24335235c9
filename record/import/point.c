/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The decimal point of a table: see point.h. */
#include "record/import/point.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"

#define DIGITS "0123456789"

struct erg_import_point erg_import_point_begin(char separator, char told)
{
	return (struct erg_import_point){.commas = separator == ',',
		.point = told,
		.told = told != '\0',
		.sure = told != '\0'};
}

/* Digits behind a mark that are not three are no thousands, nor are any behind a 0, or behind more than three. */
static bool is_sure(const char *cell, const char *mark)
{
	const char *first = cell + (*cell == '-' || *cell == '+');
	const size_t behind = strspn(mark + 1, DIGITS);

	return behind != 3 || mark[4] == 'e' || mark[4] == 'E' || mark == first || *first == '0' ||
		mark - first > 3;
}

/* Bytes of what may stand between thousands: the other mark, an apostrophe, a blank of any kind. */
static size_t between_thousands(const char *s, char point)
{
	static const char *const marks[] = {".", ",", "'", " ", "\xe2\x80\x99", "\xc2\xa0",
		"\xe2\x80\xaf"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(marks); i++) {
		const size_t len = strlen(marks[i]);

		if (*marks[i] != point && !strncmp(s, marks[i], len))
			return len;
	}
	return 0;
}

/* "1.234.567,8" is 1234567,8; a number whose groups are not of three digits stays as it is. */
static void ungroup(char *cell, char point)
{
	const char *s = cell + (*cell == '-' || *cell == '+');
	const size_t first = strspn(s, DIGITS);
	char *to;
	size_t len;

	if (first < 1 || first > 3 || !(len = between_thousands(s + first, point)))
		return;
	for (s += first; (len = between_thousands(s, point)) && strspn(s + len, DIGITS) == 3;
		s += len + 3)
		;
	if (*s >= '0' && *s <= '9')
		return;
	to = cell + (*cell == '-' || *cell == '+') + first;
	for (const char *from = to; from < s; from++)
		if (*from >= '0' && *from <= '9')
			*to++ = *from;
	memmove(to, s, strlen(s) + 1);
}

static void remember_number(struct erg_import_point *p, const char *cell, const char *mark,
	int column)
{
	const size_t digits = strspn(cell + (*cell == '-'), DIGITS);

	if (column < 0 || column >= ERG_POINT_COLUMNS)
		return;
	if (mark && !*p->text) {
		snprintf(p->text, sizeof(p->text), "%s", cell);
		p->text_line = p->line;
	}
	p->grouped[column] |= mark != NULL;
	p->whole[column] |= !mark && digits > 0 && digits <= 3;
}

char erg_import_point_look(struct erg_import_point *p, char *cell, int column)
{
	const char *comma, *point, *mark;

	if (p->told) {
		ungroup(cell, p->point);
		return p->point;
	}
	comma = strchr(cell, ',');
	point = strchr(cell, '.');
	if (comma && !point && !p->point && p->commas && !is_sure(cell, comma))
		return '.'; /* thousands, which are not understood */
	if (!p->point && !(comma && point))
		p->point = comma ? ',' : point ? '.' : '\0';
	mark = p->point == ',' ? comma : p->point == '.' ? point : NULL;
	p->sure = (p->point == '.' && p->commas) || (mark && is_sure(cell, mark));
	if (!p->sure && !(comma && point))
		remember_number(p, cell, mark, column);
	return p->point ? p->point : '.';
}

/* The first channel of which it is an error; NULL: none. */
static const struct erg_import_channel *doubtful(const struct erg_import_point *p,
	const struct erg_import_log *log)
{
	for (size_t i = 0; i < log->n_channels && i < ERG_POINT_COLUMNS; i++) {
		const char *unit = log->channels[i].def.unit;

		if (p->grouped[i] && (p->whole[i] || (strchr("mun", *unit) && unit[1])))
			return &log->channels[i];
	}
	return NULL;
}

int erg_import_point_judge(const struct erg_import_point *p, const struct erg_import_log *log,
	json_t *notes, struct erg_err *err)
{
	const struct erg_import_channel *c;

	if (p->sure || !*p->text)
		return 0;
	c = doubtful(p, log);
	if (c)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: '%s' in [%s] may be a fraction or thousands, and so may all numbers that "
			"have a '%c': --decimal %c for a fraction, or --decimal %c for thousands, was expected",
			log->path, p->text_line, p->text, c->def.unit, p->point, p->point,
			p->point == '.' ? ',' : '.');
	erg_import_note(notes, p->point == ',' ? "decimal-comma" : "decimal-point",
		"%s: line %zu: the %s of '%s' was taken for the decimal point, though three digits follow it in all "
		"numbers: if these are thousands, say --decimal %c",
		log->path, p->text_line, p->point == ',' ? "comma" : "point", p->text,
		p->point == '.' ? ',' : '.');
	return 0;
}
