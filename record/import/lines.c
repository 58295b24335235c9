/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines, cells and numbers for the readers of text logs that are no table of one header and equal
 * rows: what a tool prints may begin with lines about itself, repeat its header, or have another
 * program's words between.
 */
#include <errno.h>
#include <iconv.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/util.h"
#include "record/import/import.h"
#include "record/import/lines.h"

#define UTF16_BYTES_MAX (256u << 20)

/* ---- lines ---- */

/* All of the file as UTF-8. */
static int lines_convert(struct erg_import_lines *l, struct erg_err *err)
{
	_cleanup_(erg_freep) char *wide = NULL;
	char *from, *to;
	size_t left, room;
	struct stat st;
	iconv_t cd;
	FILE *f;

	if (fstat(fileno(l->file), &st) < 0 || st.st_size <= 0 || st.st_size > UTF16_BYTES_MAX)
		return erg_fail(err, -EFBIG, "%s: UTF-16 text of up to 256 MiB was expected", l->path);
	left = (size_t)st.st_size & ~(size_t)1;
	room = 2 * (size_t)st.st_size;
	wide = malloc(left);
	l->utf8 = malloc(room + 1);
	if (!wide || !l->utf8)
		return erg_fail_errno(err, -ENOMEM, "%s", l->path);
	rewind(l->file);
	if (fread(wide, 1, left, l->file) != left)
		return erg_fail_errno(err, -EIO, "%s", l->path);
	cd = iconv_open("UTF-8", "UTF-16");
	if (cd == (iconv_t)-1)
		return erg_fail_errno(err, -errno, "%s: UTF-16", l->path);
	from = wide;
	to = l->utf8;
	iconv(cd, &from, &left, &to, &room); /* what follows a wrong sequence is left out */
	iconv_close(cd);
	f = fmemopen(l->utf8, (size_t)(to - l->utf8) + (to == l->utf8), "r");
	if (!f)
		return erg_fail_errno(err, -errno, "%s", l->path);
	fclose(l->file);
	l->file = f;
	return left < 2 ? 0 : erg_fail(err, -EILSEQ, "%s: the UTF-16 text is damaged, %zu bytes "
		"before its end", l->path, left);
}

int erg_import_lines_open(const char *path, struct erg_import_lines *ret, struct erg_err *err)
{
	unsigned char mark[3] = {0};
	size_t n;

	*ret = (struct erg_import_lines){.path = path, .file = fopen(path, "re")};
	if (!ret->file)
		return erg_fail_errno(err, -errno, "%s", path);
	n = fread(mark, 1, sizeof(mark), ret->file);
	if (n >= 2 && ((mark[0] == 0xff && mark[1] == 0xfe) || (mark[0] == 0xfe && mark[1] == 0xff)))
		return lines_convert(ret, err);
	if (n == 3 && !memcmp(mark, "\xef\xbb\xbf", 3))
		return 0;
	while (n > 0) /* of a pipe, which cannot be wound back */
		if (ungetc(mark[--n], ret->file) == EOF)
			rewind(ret->file);
	return 0;
}

int erg_import_lines_next(struct erg_import_lines *l, struct erg_err *err)
{
	ssize_t n = getline(&l->text, &l->alloc, l->file);

	if (n < 0 && ferror(l->file))
		return erg_fail_errno(err, -errno, "%s", l->path);
	if (n <= 0)
		return 0;
	l->number++;
	l->ended = l->text[n - 1] == '\n';
	while (n > 0 && (l->text[n - 1] == '\n' || l->text[n - 1] == '\r'))
		l->text[--n] = '\0';
	l->len = (size_t)n;
	return 1;
}

void erg_import_lines_close(struct erg_import_lines *l)
{
	if (l->file)
		fclose(l->file);
	free(l->text);
	free(l->utf8);
	*l = (struct erg_import_lines){0};
}

void erg_import_foreign_add(struct erg_import_foreign *f, const struct erg_import_lines *l)
{
	if (f->n++)
		return;
	f->line = l->number;
	snprintf(f->text, sizeof(f->text), "%s", l->text);
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
	int shift, exponent = 0;

	s += *s == '-' || *s == '+';
	s = read_digits(s, false, &m);
	if (*s == point)
		s = read_digits(s + 1, true, &m);
	if (!m.any || m.many)
		return false;
	if ((*s == 'e' || *s == 'E') && strspn(s + 1 + (s[1] == '-' || s[1] == '+'), "0123456789")) {
		exponent = (int)strtol(s + 1, NULL, 10);
		s += 1 + (s[1] == '-' || s[1] == '+');
		s += strspn(s, "0123456789");
	}
	if (exponent > 1000 || exponent < -1000)
		return false;
	*ret_digits = m.behind - exponent > 0 ? m.behind - exponent : 0;
	for (shift = decimals - m.behind + exponent; shift > 0 && m.v; shift--) {
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

/* ---- cells ---- */

static char *cell_end(char *from, char *to)
{
	while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return to;
}

/* A quoted cell, squeezed; P is behind the opening quote. Returns what follows the cell. */
static char *quoted_cell(char *p, char separator)
{
	char *w = p;

	for (; *p && (*p != '"' || p[1] == '"'); p++) {
		p += *p == '"';
		*w++ = *p;
	}
	while (*p && *p != separator)
		p++;
	if (*p)
		*p++ = '\0';
	else
		p = NULL;
	*w = '\0';
	return p;
}

static size_t blank_cells(char *p, char **cells, size_t max)
{
	char *save = NULL;
	size_t n = 0;

	for (char *word = strtok_r(p, " \t", &save); word; word = strtok_r(NULL, " \t", &save), n++)
		if (n < max)
			cells[n] = word;
	return n;
}

size_t erg_import_cells(char *p, char separator, char **cells, size_t max)
{
	size_t n = 0;

	if (separator == ' ')
		return blank_cells(p, cells, max);
	while (p) {
		char *cell, *next;

		while (*p == ' ' || (*p == '\t' && separator != '\t'))
			p++;
		cell = p;
		if (*p == '"') {
			cell = ++p;
			next = quoted_cell(p, separator);
		} else {
			next = strchr(p, separator);
			*cell_end(p, next ? next : p + strlen(p)) = '\0';
			next = next ? next + 1 : NULL;
		}
		if (n < max)
			cells[n] = cell;
		n++;
		p = next;
	}
	return n;
}

bool erg_import_missing_cell(const char *cell)
{
	static const char *const words[] = {"", "nan", "NaN", "NAN", "-nan", "N/A", "[N/A]", "NULL",
		"null", "None", "-", "--", "n/a"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(words); i++)
		if (!strcmp(cell, words[i]))
			return true;
	return false;
}
