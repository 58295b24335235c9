/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables for people. Cells are kept as text until all are known, since a column is as wide as its
 * widest cell. Width is counted in cells of a terminal, of which a character may take two or none.
 */
#include "analyze/render/table.h"

#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "analyze/result/merged.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define COLUMNS_MAX 32
#define BAR_MAX 40
#define BAR_MIN 6
#define SHRINK_MIN 24   /* before columns are left out */
#define SHRINK_LEAST 12 /* when none is left that may be */

struct column {
	char *title;
	unsigned int flags;
	size_t width;
};

struct erg_rtable {
	struct column columns[COLUMNS_MAX];
	size_t n_columns;
	char **cells; /* text, or NULL for a bar */
	double *bars;
	size_t n_cells, room;
	bool failed;
};

/* The bytes that fit into LIMIT cells, and how many cells they take. Output is UTF-8 whatever the
 * locale, which is therefore asked for; without it each character takes one cell. */
static size_t text_fitting(const char *s, size_t limit, size_t *ret_cells)
{
	static locale_t utf8;
	locale_t before;
	size_t bytes = 0, cells = 0;

	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	before = uselocale(utf8 ? utf8 : (locale_t)0);
	while (s[bytes]) {
		mbstate_t state = {0};
		wchar_t c = 0;
		size_t n = mbrtowc(&c, s + bytes, MB_LEN_MAX, &state);
		int w = n && n <= MB_LEN_MAX ? wcwidth(c) : 1;

		if (!n || n > MB_LEN_MAX)
			for (n = 1; ((unsigned char)s[bytes + n] & 0xc0) == 0x80; n++)
				;
		if (cells + (w < 0 ? 1 : (size_t)w) > limit)
			break;
		cells += w < 0 ? 1 : (size_t)w;
		bytes += n;
	}
	uselocale(before);
	if (ret_cells)
		*ret_cells = cells;
	return bytes;
}

size_t erg_text_cells(const char *s)
{
	size_t cells;

	text_fitting(s, SIZE_MAX, &cells);
	return cells;
}

struct erg_rtable *erg_rtable_new(void)
{
	return calloc(1, sizeof(struct erg_rtable));
}

void erg_rtable_free(struct erg_rtable *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_columns; i++)
		free(t->columns[i].title);
	for (size_t i = 0; i < t->n_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t->bars);
	free(t);
}

void erg_rtable_freep(struct erg_rtable **t)
{
	erg_rtable_free(*t);
}

void erg_rtable_column(struct erg_rtable *t, const char *title, unsigned int flags)
{
	struct column *c;

	if (!t || t->n_columns == COLUMNS_MAX)
		return;
	c = &t->columns[t->n_columns];
	c->title = strdup(title);
	if (!c->title) {
		t->failed = true;
		return;
	}
	c->flags = flags;
	c->width = erg_text_cells(title);
	t->n_columns++;
}

static bool grow_rows(struct erg_rtable *t)
{
	size_t room = t->room ? 2 * t->room : 64;
	char **cells;
	double *bars;

	if (t->n_cells < t->room)
		return true;
	cells = reallocarray(t->cells, room, sizeof(*cells));
	if (cells)
		t->cells = cells;
	bars = reallocarray(t->bars, room, sizeof(*bars));
	if (bars)
		t->bars = bars;
	if (!cells || !bars) {
		t->failed = true;
		return false;
	}
	t->room = room;
	return true;
}

void erg_rtable_cell(struct erg_rtable *t, const char *fmt, ...)
{
	struct column *c;
	char *text;
	va_list ap;
	size_t w;
	int r;

	if (!t || !t->n_columns || !grow_rows(t))
		return;
	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0) {
		t->failed = true;
		return;
	}
	c = &t->columns[t->n_cells % t->n_columns];
	w = erg_text_cells(text);
	if (w > c->width)
		c->width = w;
	t->cells[t->n_cells++] = text;
}

void erg_rtable_text(struct erg_rtable *t, const json_t *o, const char *key)
{
	erg_rtable_cell(t, "%s", erg_text_of(o, key));
}

void erg_rtable_si(struct erg_rtable *t, const json_t *o, const char *key, const char *unit)
{
	char b[64];

	erg_rtable_cell(t, "%s", erg_text_si(b, sizeof(b), erg_value_of(o, key), unit));
}

void erg_rtable_percent(struct erg_rtable *t, const json_t *o, const char *key)
{
	char b[64];

	erg_rtable_cell(t, "%s", erg_text_percent(b, sizeof(b), erg_value_of(o, key)));
}

void erg_rtable_est(struct erg_rtable *t, const json_t *o, const char *key, const char *unit)
{
	char b[64];

	erg_rtable_cell(t, "%s", erg_text_est_json(b, sizeof(b), json_object_get(o, key), unit));
}

void erg_rtable_layer(struct erg_rtable *t, const json_t *row)
{
	_cleanup_(erg_freep) char *name = erg_noted(erg_merged_name(row, ERG_MERGED_SHOWN));

	erg_rtable_cell(t, "%s", name ? name : "");
}

void erg_rtable_bar(struct erg_rtable *t, double share)
{
	if (!t || !t->n_columns || !grow_rows(t))
		return;
	t->bars[t->n_cells] = share;
	t->cells[t->n_cells++] = NULL;
}

/* Widths of the columns that are not left out; those that may shrink give what is missing, down to
 * MIN. Returns the width of all. */
static size_t shrink(const struct erg_rtable *t, unsigned int limit, size_t min, const bool *out,
	size_t *widths)
{
	size_t all = 0;

	for (size_t i = 0; i < t->n_columns; i++) {
		widths[i] = t->columns[i].flags & ERG_COL_BAR ? BAR_MIN : t->columns[i].width;
		if (!out[i])
			all += widths[i] + (i ? 2 : 0);
	}
	for (size_t i = 0; limit && all > limit && i < t->n_columns; i++) {
		size_t over = all - limit, w = widths[i], least;

		if (out[i] || !(t->columns[i].flags & ERG_COL_SHRINK))
			continue;
		least = w < min ? w : min;
		widths[i] = w > over + least ? w - over : least;
		all -= w - widths[i];
	}
	return all;
}

/* The next column to leave out, or n_columns: bars, then the last of the highest rank of those that may
 * be. */
static size_t least_needed(const struct erg_rtable *t, const bool *out)
{
	size_t found = t->n_columns;

	for (size_t i = t->n_columns; i-- > 0;)
		if (!out[i] && (t->columns[i].flags & ERG_COL_BAR))
			return i;
	for (size_t i = t->n_columns; i-- > 0;)
		if (!out[i] && (t->columns[i].flags & ERG_COL_DROP) &&
			(found == t->n_columns ||
				t->columns[i].flags >> 8 > t->columns[found].flags >> 8))
			found = i;
	return found;
}

/* Widths as printed and what is left out; bars take the width that is left. */
static void fit(const struct erg_rtable *t, unsigned int limit, size_t *widths, bool *out)
{
	size_t all, drop, bars = 0;

	while ((all = shrink(t, limit, SHRINK_MIN, out, widths)) > limit && limit &&
		(drop = least_needed(t, out)) < t->n_columns)
		out[drop] = true;
	if (limit && all > limit)
		all = shrink(t, limit, SHRINK_LEAST, out, widths);
	for (size_t i = 0; i < t->n_columns; i++)
		bars += !out[i] && (t->columns[i].flags & ERG_COL_BAR);
	for (size_t i = 0; bars && i < t->n_columns; i++) {
		size_t spare = !limit ? 24 : limit > all ? (limit - all) / bars : 0;

		if (t->columns[i].flags & ERG_COL_BAR)
			widths[i] += spare < BAR_MAX - BAR_MIN ? spare : BAR_MAX - BAR_MIN;
	}
}

static void pad(FILE *out, size_t n)
{
	while (n--)
		fputc(' ', out);
}

static void print_text(FILE *out, const char *s, size_t width, bool right, bool last)
{
	size_t w = erg_text_cells(s), bytes;

	if (w <= width) {
		if (right)
			pad(out, width - w);
		fputs(s, out);
		if (!right && !last)
			pad(out, width - w);
		return;
	}
	bytes = text_fitting(s, width - 1, &w);
	fprintf(out, "%.*s…", (int)bytes, s);
	if (!last)
		pad(out, width - 1 - w); /* a wide character did not fit by half */
}

static void print_bar(FILE *out, double share, size_t width, bool last)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	size_t n8, used;

	if (!(share > 0))
		share = 0;
	if (share > 1)
		share = 1;
	n8 = (size_t)(share * (double)width * 8 + 0.5);
	used = n8 / 8 + (n8 % 8 != 0);
	for (size_t i = 0; i < n8 / 8; i++)
		fputs("█", out);
	fputs(eighths[n8 % 8], out);
	if (!last && width > used)
		pad(out, width - used);
}

/* What was left out, so that nobody takes the table for all there is; bars say nothing new. */
static void print_dropped(const struct erg_rtable *t, FILE *out, const bool *dropped,
	unsigned int width)
{
	_cleanup_(erg_freep) char *text = NULL;
	size_t len;
	FILE *line = open_memstream(&text, &len);
	const char *sep = "not shown for lack of width: ";

	for (size_t i = 0; line && i < t->n_columns; i++)
		if (dropped[i] && *t->columns[i].title && !(t->columns[i].flags & ERG_COL_BAR)) {
			fprintf(line, "%s%s", sep, t->columns[i].title);
			sep = ", ";
		}
	if (line)
		fclose(line);
	if (!text || !*text)
		return;
	fputs(erg_text_dim(), out);
	erg_text_wrapped(out, text, width);
	fputs(erg_text_reset(), out);
}

int erg_rtable_print(const struct erg_rtable *t, FILE *out, unsigned int width, struct erg_err *err)
{
	size_t widths[COLUMNS_MAX], last = 0;
	bool dropped[COLUMNS_MAX] = {false};

	if (!t || t->failed)
		return erg_fail_errno(err, -ENOMEM, "a table");
	fit(t, width, widths, dropped);
	for (size_t i = 0; i < t->n_columns; i++)
		last = dropped[i] ? last : i;
	fputs(erg_text_bold(), out);
	for (size_t i = 0; i < t->n_columns; i++) {
		if (dropped[i])
			continue;
		pad(out, i ? 2 : 0);
		print_text(out, t->columns[i].title, widths[i], t->columns[i].flags & ERG_COL_RIGHT,
			i == last);
	}
	fprintf(out, "%s\n", erg_text_reset());
	for (size_t i = 0; t->n_columns && i < t->n_cells; i++) {
		size_t c = i % t->n_columns;

		if (!dropped[c]) {
			pad(out, c ? 2 : 0);
			if (t->cells[i])
				print_text(out, t->cells[i], widths[c],
					t->columns[c].flags & ERG_COL_RIGHT, c == last);
			else
				print_bar(out, t->bars[i], widths[c], c == last);
		}
		if (c + 1 == t->n_columns || i + 1 == t->n_cells)
			fputc('\n', out);
	}
	print_dropped(t, out, dropped, width);
	return 0;
}
