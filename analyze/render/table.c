/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables for people. Cells are kept as text until all are known, since a column is as wide as its
 * widest cell. Width is counted in code points: names of layers have no double-width characters
 * often enough to deserve wcwidth() and its locale.
 */
#include "analyze/render/table.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "formats/util.h"

#define COLUMNS_MAX 32
#define BAR_MAX 40
#define BAR_MIN 6
#define SHRINK_MIN 12

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

static size_t text_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
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
	c->width = text_width(title);
	t->n_columns++;
}

static bool grow(struct erg_rtable *t)
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

	if (!t || !t->n_columns || !grow(t))
		return;
	va_start(ap, fmt);
	r = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (r < 0) {
		t->failed = true;
		return;
	}
	for (char *p = text; *p; p++) /* a name with control characters cannot play the terminal */
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	c = &t->columns[t->n_cells % t->n_columns];
	w = text_width(text);
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
	_cleanup_(erg_freep) char *buf = NULL;
	size_t len, i;
	FILE *name = open_memstream(&buf, &len);
	json_t *other;

	if (name) {
		fputs(erg_text_of(row, "name"), name);
		json_array_foreach (json_object_get(row, "merged_with"), i, other)
			fprintf(name, " + %s", json_string_value(other));
		fclose(name);
	}
	erg_rtable_cell(t, "%s", buf ? buf : erg_text_of(row, "name"));
}

void erg_rtable_bar(struct erg_rtable *t, double share)
{
	if (!t || !t->n_columns || !grow(t))
		return;
	t->bars[t->n_cells] = share;
	t->cells[t->n_cells++] = NULL;
}

/* Widths as printed: bars take what is left, shrinking columns give what is missing. */
static void fit(const struct erg_rtable *t, unsigned int limit, size_t *widths)
{
	size_t fixed = 0, bars = 0;

	for (size_t i = 0; i < t->n_columns; i++) {
		bool bar = t->columns[i].flags & ERG_COL_BAR;

		widths[i] = bar ? BAR_MIN : t->columns[i].width;
		bars += bar;
		fixed += widths[i] + (i ? 2 : 0);
	}
	for (size_t i = 0; limit && fixed > limit && i < t->n_columns; i++) {
		size_t over = fixed - limit, w = widths[i], least;

		if (!(t->columns[i].flags & ERG_COL_SHRINK))
			continue;
		least = w < SHRINK_MIN ? w : SHRINK_MIN;
		widths[i] = w > over + least ? w - over : least;
		fixed -= w - widths[i];
	}
	for (size_t i = 0; bars && i < t->n_columns; i++) {
		size_t spare = !limit ? 24 : limit > fixed ? (limit - fixed) / bars : 0;

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
	size_t w = text_width(s), n = 0;

	if (w <= width) {
		if (right)
			pad(out, width - w);
		fputs(s, out);
		if (!right && !last)
			pad(out, width - w);
		return;
	}
	for (; *s; s++) {
		if (((unsigned char)*s & 0xc0) != 0x80 && ++n == width)
			break;
		fputc(*s, out);
	}
	fputs("…", out);
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

int erg_rtable_print(const struct erg_rtable *t, FILE *out, unsigned int width, struct erg_err *err)
{
	size_t widths[COLUMNS_MAX];

	if (!t || t->failed)
		return erg_fail_errno(err, -ENOMEM, "a table");
	fit(t, width, widths);
	fputs(erg_text_bold(), out);
	for (size_t i = 0; i < t->n_columns; i++) {
		pad(out, i ? 2 : 0);
		print_text(out, t->columns[i].title, widths[i], t->columns[i].flags & ERG_COL_RIGHT,
			i + 1 == t->n_columns);
	}
	fprintf(out, "%s\n", erg_text_reset());
	for (size_t i = 0; i < t->n_cells; i++) {
		size_t c = i % t->n_columns;
		bool last = c + 1 == t->n_columns;

		pad(out, c ? 2 : 0);
		if (t->cells[i])
			print_text(out, t->cells[i], widths[c],
				t->columns[c].flags & ERG_COL_RIGHT, last);
		else
			print_bar(out, t->bars[i], widths[c], last);
		if (last || i + 1 == t->n_cells)
			fputc('\n', out);
	}
	return 0;
}
