/* SPDX-License-Identifier: MIT */
/*
 * Comma-separated values, for logs of 10^7 rows. The file is read once into one buffer and split
 * there: cells become strings in place, each ended by a NUL and directly followed by the next one
 * of its row (quotes and blanks around a cell are squeezed out), so a row is one offset and a cell
 * costs no memory. Syntax: RFC 4180, with blanks around unquoted cells and blank lines tolerated.
 *
 * Numbers never depend on the locale. Decimals of up to 15 digits are converted exactly by one
 * multiplication or division of two exact doubles (Clinger 1990, "How to read floating point
 * numbers accurately"), others by strtod_l.
 */
#include "formats/table.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/progress.h"
#include "formats/base/util.h"
#include "formats/input.h"

#define ROWS_TOLD 4096 /* rows between two words on progress */

struct erg_table {
	char *path, *text;
	size_t len; /* of text, which has a NUL behind it */
	size_t n_columns, n_rows, rows_alloc;
	char **names;  /* into text */
	size_t *rows;  /* offset of each row's first cell */
	size_t *lines; /* of each row; NULL while row i is on line first_line + i */
	size_t first_line;
	locale_t c_locale;
	char sha256[ERG_INPUT_SHA256_SIZE]; /* of the file */
};

/* ---- splitting ---- */

struct scan {
	struct erg_table *t;
	char *p, *end; /* what is left to read */
	char *w;       /* where squeezed cells go; w <= p */
	size_t line;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A quoted cell; p is behind the opening quote. */
static int take_quoted(struct scan *s, struct erg_err *err)
{
	size_t began = s->line;

	for (;; s->p++) {
		if (s->p == s->end)
			return erg_fail(err, -EINVAL, "%s: line %zu: a quote is not closed",
				s->t->path, began);
		if (*s->p == '"') {
			if (s->p + 1 == s->end || s->p[1] != '"')
				break;
			s->p++;
		}
		if (*s->p == '\n')
			s->line++;
		*s->w++ = *s->p;
	}
	s->p++;
	while (s->p < s->end && (is_blank(*s->p) || *s->p == '\r'))
		s->p++;
	if (s->p < s->end && *s->p != ',' && *s->p != '\n')
		return erg_fail(err, -EINVAL, "%s: line %zu: text behind a closing quote",
			s->t->path, s->line);
	return 0;
}

static void take_plain(struct scan *s)
{
	char *from = s->w;

	while (s->p < s->end && *s->p != ',' && *s->p != '\n')
		*s->w++ = *s->p++;
	while (s->w > from && (is_blank(s->w[-1]) || s->w[-1] == '\r'))
		s->w--;
}

/* One row; *ret_cells of them. A line break or the end of the file follows the last cell. */
static int take_row(struct scan *s, size_t *ret_cells, struct erg_err *err)
{
	size_t cells = 0;
	bool more;

	do {
		while (s->p < s->end && is_blank(*s->p))
			s->p++;
		if (s->p < s->end && *s->p == '"') {
			int r;

			s->p++;
			r = take_quoted(s, err);
			if (r < 0)
				return r;
		} else {
			take_plain(s);
		}
		more = s->p < s->end && *s->p == ',';
		if (s->p < s->end && *s->p == '\n')
			s->line++;
		if (s->p < s->end)
			s->p++;
		*s->w++ = '\0'; /* w < p, or both are the buffer's end, which has a byte more */
		cells++;
	} while (more);
	*ret_cells = cells;
	return 0;
}

static void skip_blank_lines(struct scan *s)
{
	for (char *q = s->p; q < s->end; q++) {
		if (*q == '\n') {
			s->p = q + 1;
			s->line++;
		} else if (*q != '\r' && !is_blank(*q)) {
			return;
		}
		if (q + 1 == s->end)
			s->p = s->end;
	}
}

static int keep_line(struct erg_table *t, size_t line)
{
	if (!t->lines && line == t->first_line + t->n_rows)
		return 0;
	if (!t->lines) {
		t->lines = calloc(t->rows_alloc, sizeof(*t->lines));
		if (!t->lines)
			return -ENOMEM;
		for (size_t i = 0; i < t->n_rows; i++)
			t->lines[i] = t->first_line + i;
	}
	t->lines[t->n_rows] = line;
	return 0;
}

static int grow_rows(struct erg_table *t)
{
	size_t alloc = t->rows_alloc ? 2 * t->rows_alloc : 1024;
	size_t *p = reallocarray(t->rows, alloc, sizeof(*p));

	if (!p)
		return -ENOMEM;
	t->rows = p;
	if (t->lines) {
		p = reallocarray(t->lines, alloc, sizeof(*p));
		if (!p)
			return -ENOMEM;
		t->lines = p;
	}
	t->rows_alloc = alloc;
	return 0;
}

static int add_row(struct scan *s, char *row, size_t cells, size_t line, struct erg_err *err)
{
	struct erg_table *t = s->t;

	if (cells != t->n_columns)
		return erg_fail(err, -EINVAL,
			"%s: line %zu: %zu cells, but the header names %zu columns", t->path, line,
			cells, t->n_columns);
	if (t->n_rows == t->rows_alloc && grow_rows(t) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s: %zu rows", t->path, t->n_rows);
	if (keep_line(t, line) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s: %zu rows", t->path, t->n_rows);
	t->rows[t->n_rows++] = (size_t)(row - t->text);
	return 0;
}

/* By name, and of one name by place. */
static int compare_names(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int c = strcmp(x, y);

	return c ? c : (x > y) - (x < y);
}

/* The first column that is named as one before it; *ret is NULL where none is. A name that is empty is none. */
static int find_twice(const struct erg_table *t, const char **ret)
{
	_cleanup_(erg_freep) char **sorted = calloc(t->n_columns, sizeof(*sorted));

	*ret = NULL;
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, t->names, t->n_columns * sizeof(*sorted));
	erg_sort(sorted, t->n_columns, sizeof(*sorted), compare_names);
	for (size_t i = 1; i < t->n_columns; i++)
		if (*sorted[i] && !strcmp(sorted[i - 1], sorted[i]) && (!*ret || sorted[i] < *ret))
			*ret = sorted[i];
	return 0;
}

static int take_header(struct scan *s, struct erg_err *err)
{
	struct erg_table *t = s->t;
	const char *twice;
	char *name = s->w;
	int r = take_row(s, &t->n_columns, err);

	if (r < 0)
		return r;
	t->names = calloc(t->n_columns, sizeof(*t->names));
	if (!t->names)
		return erg_fail_errno(err, -ENOMEM, "%s", t->path);
	for (size_t i = 0; i < t->n_columns; i++, name += strlen(name) + 1)
		t->names[i] = name;
	if (find_twice(t, &twice) < 0)
		return erg_fail_errno(err, -ENOMEM, "%s", t->path);
	return twice ? erg_fail(err, -EINVAL, "%s: line %zu: two columns are named '%s'", t->path,
			       s->line - 1, twice)
		     : 0;
}

static int split_lines(struct erg_table *t, struct erg_err *err)
{
	struct scan s = {.t = t, .p = t->text, .end = t->text + t->len, .w = t->text, .line = 1};
	int r;

	skip_blank_lines(&s);
	if (s.p == s.end)
		return erg_fail(err, -ENODATA,
			"%s: the file is empty, a line of column names was "
			"expected",
			t->path);
	r = take_header(&s, err);
	t->first_line = s.line;
	while (r == 0) {
		char *row = s.w;
		size_t line, cells;

		skip_blank_lines(&s);
		if (s.p == s.end)
			break;
		line = s.line;
		r = take_row(&s, &cells, err);
		if (r == 0)
			r = add_row(&s, row, cells, line, err);
		if (t->n_rows % ROWS_TOLD == 0)
			erg_progress("reading", (uint64_t)(s.p - t->text), t->len);
	}
	erg_progress("reading", t->len, t->len);
	return r;
}

/* ---- the file ---- */

static int slurp(struct erg_table *t, struct erg_input *in, struct erg_err *err)
{
	size_t alloc = erg_input_size(in) > 0 ? (size_t)erg_input_size(in) + 8 : 1u << 16;

	t->text = erg_noted(malloc(alloc));
	while (t->text) {
		long n = erg_input_read(in, t->text + t->len, alloc - t->len - 1, err);

		if (n < 0)
			return (int)n;
		t->len += (size_t)n;
		if (n == 0) {
			t->text[t->len] = '\0';
			erg_input_sha256(in, t->sha256);
			return 0;
		}
		if (t->len + 8 > alloc) {
			char *p = realloc(t->text, alloc *= 2);

			if (!p)
				break;
			t->text = p;
		}
	}
	return erg_fail_errno(err, -ENOMEM, "%s", t->path);
}

int erg_table_read(const char *path, struct erg_table **ret, struct erg_err *err)
{
	_cleanup_(erg_input_freep) struct erg_input *in = NULL;
	_cleanup_(erg_table_freep) struct erg_table *t = calloc(1, sizeof(*t));
	int r = erg_input_open(path, &in, err);

	if (r < 0)
		return r;
	if (!t || !(t->path = strdup(path)))
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	t->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!t->c_locale)
		return erg_fail_errno(err, -ENOMEM, "%s", path);
	r = slurp(t, in, err);
	if (r < 0)
		return r;
	if (memchr(t->text, '\0', t->len))
		return erg_fail(err, -EINVAL,
			"%s: holds NUL bytes, comma-separated text was "
			"expected",
			path);
	r = split_lines(t, err);
	if (r < 0)
		return r;
	*ret = erg_steal_ptr(&t);
	return 0;
}

void erg_table_free(struct erg_table *t)
{
	if (!t)
		return;
	if (t->c_locale)
		freelocale(t->c_locale);
	free(t->path);
	free(t->text);
	free(t->names);
	free(t->rows);
	free(t->lines);
	free(t);
}

void erg_table_freep(struct erg_table **t)
{
	erg_table_free(*t);
}

/* ---- asking ---- */

size_t erg_table_rows(const struct erg_table *t)
{
	return t->n_rows;
}

const char *erg_table_sha256(const struct erg_table *t)
{
	return t->sha256;
}

size_t erg_table_columns(const struct erg_table *t)
{
	return t->n_columns;
}

const char *erg_table_column_name(const struct erg_table *t, size_t column)
{
	return t->names[column];
}

int erg_table_find(const struct erg_table *t, const char *name, struct erg_err *err)
{
	char list[512];
	size_t len = 0;

	for (size_t i = 0; i < t->n_columns; i++)
		if (!strcmp(t->names[i], name))
			return (int)i;
	for (size_t i = 0; i < t->n_columns && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
			t->names[i]);
	return erg_fail(err, -ENOENT, "%s: no column '%s'; there are: %s", t->path, name, list);
}

const char *erg_table_cell(const struct erg_table *t, size_t row, size_t column)
{
	const char *cell = t->text + t->rows[row];

	while (column-- > 0)
		cell += strlen(cell) + 1;
	return cell;
}

size_t erg_table_line(const struct erg_table *t, size_t row)
{
	return t->lines ? t->lines[row] : t->first_line + row;
}

/* ---- numbers ---- */

/* The parts of a decimal number: digits with at most one point, and an exponent. */
struct decimal {
	bool negative;
	const char *digits, *end; /* digits and the point, "e…" excluded */
	int whole;                /* digits before the point */
	int n;                    /* digits */
	int exponent;
};

static bool parse_decimal(const char *s, struct decimal *d)
{
	bool point = false;

	*d = (struct decimal){0};
	d->negative = *s == '-';
	s += *s == '-' || *s == '+';
	d->digits = s;
	for (; (*s >= '0' && *s <= '9') || (*s == '.' && !point); s++) {
		point |= *s == '.';
		d->n += *s != '.';
		d->whole += !point;
	}
	d->end = s;
	if (d->n == 0 || d->n > 10000)
		return false;
	if (*s == 'e' || *s == 'E') {
		bool negative = *++s == '-';

		s += *s == '-' || *s == '+';
		if (*s < '0' || *s > '9')
			return false;
		for (; *s >= '0' && *s <= '9'; s++)
			if (d->exponent < 100000)
				d->exponent = 10 * d->exponent + (*s - '0');
		d->exponent = negative ? -d->exponent : d->exponent;
	}
	return *s == '\0';
}

static bool decimal_to_double(const struct decimal *d, double *ret)
{
	static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	int exponent = d->exponent - (d->n - d->whole);
	uint64_t m = 0;

	if (d->n > 15 || exponent < -22 || exponent > 22)
		return false;
	for (const char *s = d->digits; s < d->end; s++)
		if (*s != '.')
			m = 10 * m + (uint64_t)(*s - '0');
	*ret = exponent < 0 ? (double)m / tens[-exponent] : (double)m * tens[exponent];
	if (d->negative)
		*ret = -*ret;
	return true;
}

static int fail_cell(const struct erg_table *t, size_t row, size_t column, int code,
	const char *what, struct erg_err *err)
{
	return erg_fail(err, code, "%s: line %zu, column '%s': '%.60s' %s", t->path,
		erg_table_line(t, row), t->names[column], erg_table_cell(t, row, column), what);
}

int erg_table_number(const struct erg_table *t, size_t row, size_t column, double *ret,
	struct erg_err *err)
{
	const char *cell = erg_table_cell(t, row, column);
	struct decimal d;
	double v;

	if (!parse_decimal(cell, &d))
		return fail_cell(t, row, column, -EINVAL, "is not a number", err);
	if (!decimal_to_double(&d, &v))
		v = strtod_l(cell, NULL, t->c_locale);
	if (!isfinite(v))
		return fail_cell(t, row, column, -EINVAL, "is too large for a number", err);
	*ret = v;
	return 0;
}

/* m = 10 m + digit; false when that does not fit. */
static bool push_digit(int64_t *m, int digit)
{
	if (*m > (INT64_MAX - digit) / 10)
		return false;
	*m = 10 * *m + digit;
	return true;
}

/* value * 10^decimals, rounded half away from zero; false when it does not fit. */
static bool scale_decimal(const struct decimal *d, int decimals, int64_t *ret)
{
	int keep = d->whole + d->exponent + decimals, seen = 0;
	bool round = false;
	int64_t m = 0;

	for (const char *s = d->digits; s < d->end; s++) {
		if (*s == '.')
			continue;
		if (seen == keep)
			round = *s >= '5';
		if (seen < keep && !push_digit(&m, *s - '0'))
			return false;
		seen++;
	}
	for (; seen < keep && m > 0; seen++)
		if (!push_digit(&m, 0))
			return false;
	if (m > INT64_MAX - round)
		return false;
	m += round;
	*ret = d->negative ? -m : m;
	return true;
}

int erg_table_scaled(const struct erg_table *t, size_t row, size_t column, int decimals,
	int64_t *ret, struct erg_err *err)
{
	struct decimal d;

	if (!parse_decimal(erg_table_cell(t, row, column), &d))
		return fail_cell(t, row, column, -EINVAL, "is not a number", err);
	if (!scale_decimal(&d, decimals, ret))
		return fail_cell(t, row, column, -ERANGE, "does not fit 64 bits", err);
	return 0;
}
