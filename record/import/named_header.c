/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which line of a table names its columns: tools agree in nothing but that one does. It is the one that names most of
 * what the person named, split at the separator that makes the names cells of it.
 */
#include "record/import/named_header.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/utf8.h"
#include "formats/base/util.h"
#include "record/import/cells.h"

int erg_named_header_init(struct erg_named_header *h, const struct erg_import_named *how,
	const char *path, struct erg_err *err)
{
	*h = (struct erg_named_header){.how = how, .path = path, .time = -1, .date = -1};
	h->cells = calloc(ERG_NAMED_CELLS_MAX, sizeof(*h->cells));
	h->column = calloc(how->n_columns + 1, sizeof(*h->column));
	h->where = calloc(how->n_where + 1, sizeof(*h->where));
	return h->cells && h->column && h->where ? 0 : erg_fail_errno(err, -ENOMEM, "%s", path);
}

void erg_named_header_release(struct erg_named_header *h)
{
	free(h->cells);
	free(h->line);
	free(h->column);
	free(h->where);
}

const char *erg_named_plain(const char *cell)
{
	while (*cell == '#' || *cell == ' ')
		cell++;
	return cell;
}

static int cell_named(char **cells, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(cells[i], name) ||
			!strcmp(erg_named_plain(cells[i]), erg_named_plain(name)))
			return (int)i;
	return -1;
}

/* "# time power" has two columns. */
size_t erg_named_header_cells(char *text, char separator, char **cells)
{
	text += separator == ' ' ? strspn(text, " \t#") : 0;
	return erg_import_cells(text, separator, cells, ERG_NAMED_CELLS_MAX);
}

/* How many of the columns TEXT names, if it is split at SEPARATOR. */
static size_t named_in(struct erg_named_header *h, const char *text, char separator)
{
	_cleanup_(erg_freep) char *copy = erg_utf8_from(text);
	size_t n = copy ? erg_named_header_cells(copy, separator, h->cells) : 0, found = 0;

	n = n < ERG_NAMED_CELLS_MAX ? n : ERG_NAMED_CELLS_MAX;
	found += h->how->time && cell_named(h->cells, n, h->how->time) >= 0;
	for (size_t i = 0; i < h->how->n_columns; i++)
		found += cell_named(h->cells, n, h->how->columns[i].name) >= 0;
	return found;
}

int erg_named_header_look(struct erg_named_header *h, const char *text, size_t number)
{
	static const char separators[] = ",;\t| ";

	for (const char *s = separators; *s; s++) {
		const size_t found = named_in(h, text, *s);

		if (found <= h->named)
			continue;
		h->named = found;
		h->separator = *s;
		h->before = number - 1;
		free(h->line);
		h->line = strdup(text);
		if (!h->line)
			return -ENOMEM;
	}
	return 0;
}

/* How many columns were asked for, with that of times. */
static size_t asked_for(const struct erg_named_header *h)
{
	return h->how->n_columns + (h->how->time != NULL);
}

bool erg_named_header_full(const struct erg_named_header *h)
{
	return h->named >= asked_for(h);
}

static int missing(struct erg_named_header *h, size_t n, const char *name, struct erg_err *err)
{
	char list[512] = "";
	size_t len = 0;

	for (size_t i = 0; i < n && len < sizeof(list); i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", i ? ", " : "",
			h->cells[i]);
	return erg_fail(err, -EINVAL, "%s: line %zu: no column '%s'; there are: %s", h->path,
		h->before + 1, name, list);
}

/* The cell of N that is called NAME. What stands there twice under one name is two things, of which nobody said
 * which. */
static int place(struct erg_named_header *h, size_t n, const char *name, struct erg_err *err)
{
	int at = cell_named(h->cells, n, name);

	if (at < 0)
		return missing(h, n, name, err);
	for (size_t i = (size_t)at + 1; i < n; i++)
		if (!strcmp(h->cells[i], h->cells[at]))
			return erg_fail(err, -EINVAL,
				"%s: line %zu: columns %d and %zu are both called '%s': which one is meant?",
				h->path, h->before + 1, at + 1, i + 1, h->cells[i]);
	return at;
}

static int place_all(struct erg_named_header *h, size_t n, struct erg_err *err)
{
	const struct erg_import_named *how = h->how;

	if (how->time && (h->time = place(h, n, how->time, err)) < 0)
		return h->time;
	for (size_t i = 0; i < how->n_columns; i++)
		if ((h->column[i] = place(h, n, how->columns[i].name, err)) < 0)
			return h->column[i];
	for (size_t i = 0; i < how->n_where; i++)
		if ((h->where[i] = place(h, n, how->where[i].name, err)) < 0)
			return h->where[i];
	return 0;
}

int erg_named_header_place(struct erg_named_header *h, struct erg_err *err)
{
	_cleanup_(erg_freep) char *copy = erg_utf8_from(h->line);
	size_t n = copy ? erg_named_header_cells(copy, h->separator, h->cells) : 0;
	int r;

	if (!copy)
		return erg_fail_errno(err, -ENOMEM, "%s", h->path);
	if (n > ERG_NAMED_CELLS_MAX)
		return erg_fail(err, -EINVAL, "%s: line %zu: %zu columns, at most %d were expected",
			h->path, h->before + 1, n, ERG_NAMED_CELLS_MAX);
	r = place_all(h, n, err);
	if (r < 0)
		return r;
	h->n = erg_named_without_empty(h->cells, n);
	h->entity = h->separator == ' ' && !strcasecmp(erg_named_plain(h->cells[0]), "Entity");
	for (size_t i = 0; i < n && h->time >= 0; i++)
		if (!strcasecmp(erg_named_plain(h->cells[i]), "date") && (int)i != h->time)
			h->date = (int)i;
	return 0;
}

bool erg_named_header_again(struct erg_named_header *h, const char *text, bool *ret_same)
{
	_cleanup_(erg_freep) char *copy = NULL;
	size_t n;

	if (named_in(h, text, h->separator) < asked_for(h))
		return false;
	copy = erg_utf8_from(text);
	n = copy ? erg_named_header_cells(copy, h->separator, h->cells) : 0;
	*ret_same = !h->how->time || cell_named(h->cells, n, h->how->time) == h->time;
	for (size_t i = 0; i < h->how->n_columns && *ret_same; i++)
		*ret_same = cell_named(h->cells, n, h->how->columns[i].name) == h->column[i];
	return true;
}

size_t erg_named_without_empty(char **cells, size_t n)
{
	while (n > 1 && n <= ERG_NAMED_CELLS_MAX && !*cells[n - 1])
		n--;
	return n;
}

bool erg_named_header_uses(const struct erg_named_header *h, size_t cell)
{
	bool used = (int)cell == h->time;

	for (size_t k = 0; k < h->how->n_columns && !used; k++)
		used = h->column[k] == (int)cell;
	for (size_t k = 0; k < h->how->n_where && !used; k++)
		used = h->where[k] == (int)cell;
	return used;
}
