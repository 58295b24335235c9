/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Devices in turn: each value has one that nearly always follows it, which is another one. A load in per
 * cent under the same name has none, and one device that is followed by another has stretches.
 */
#include "record/import/turns.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/util.h"

#define VALUES_MAX 256 /* of more, a column names no devices */
#define ROUNDS_MIN 3
#define FOLLOWED_MIN 0.9 /* of all rows: one may have been left out here and there */

struct value {
	char *text;
	size_t next; /* which value followed it first; SIZE_MAX: none yet */
};

struct erg_import_turns {
	struct value values[VALUES_MAX];
	size_t n, last, rows, followed;
	bool many;
};

/* The name in small letters, without what stands between words and without "id", "index", "name" behind it. */
static void root_of(const char *column, char ret[32])
{
	static const char *const ends[] = {"index", "idx", "id", "name", "number"};
	size_t len = 0;

	for (; *column && len < 31; column++)
		if (isalnum((unsigned char)*column))
			ret[len++] = (char)tolower((unsigned char)*column);
	ret[len] = '\0';
	for (size_t i = 0; i < ERG_ARRAY_SIZE(ends); i++) {
		const size_t end = strlen(ends[i]);

		if (len <= end || strcmp(ret + len - end, ends[i]))
			continue;
		ret[len - end] = '\0';
		return;
	}
}

bool erg_import_names_devices(const char *column)
{
	static const char *const roots[] = {"gpu", "device", "dev", "card", "core", "cpu", "die",
		"socket", "package", "pkg", "node", "host", "entity", "uuid", "gpuuuid", "pcibus",
		"bus", "serial", "series", "rail", "channel", "sensor", "metric", "field",
		"measurement", "instance", "rank", "domain", "component", "index", "idx", "id",
		"name", "machine", "server", "board", "plug", "meter", "outlet"};
	char root[32];

	root_of(column, root);
	for (size_t i = 0; i < ERG_ARRAY_SIZE(roots); i++)
		if (!strcmp(root, roots[i]))
			return true;
	return false;
}

struct erg_import_turns *erg_import_turns_new(void)
{
	return calloc(1, sizeof(struct erg_import_turns));
}

/* The index of the value, made when it is new; VALUES_MAX: there are too many. -ENOMEM. */
static int value_of(struct erg_import_turns *t, const char *cell)
{
	size_t guess = t->rows ? t->values[t->last].next : SIZE_MAX;

	if (guess < t->n && !strcmp(t->values[guess].text, cell))
		return (int)guess;
	for (size_t i = 0; i < t->n; i++)
		if (!strcmp(t->values[i].text, cell))
			return (int)i;
	if (t->n == VALUES_MAX)
		return VALUES_MAX;
	t->values[t->n] = (struct value){.text = strdup(cell), .next = SIZE_MAX};
	return t->values[t->n].text ? (int)t->n++ : -ENOMEM;
}

int erg_import_turns_add(struct erg_import_turns *t, const char *cell)
{
	struct value *before = &t->values[t->last];
	int i;

	if (t->many)
		return 0;
	i = value_of(t, cell);
	t->many = i == VALUES_MAX;
	if (i < 0 || t->many)
		return i < 0 ? i : 0;
	if (t->rows > 0 && before->next == SIZE_MAX)
		before->next = (size_t)i;
	t->followed += t->rows > 0 && before->next == (size_t)i && t->last != (size_t)i;
	t->last = (size_t)i;
	t->rows++;
	return 0;
}

size_t erg_import_turns_count(const struct erg_import_turns *t, const char **ret_a,
	const char **ret_b)
{
	if (t->many || t->n < 2 || t->rows < ROUNDS_MIN * t->n ||
		(double)t->followed < FOLLOWED_MIN * (double)(t->rows - 1))
		return 0;
	*ret_a = t->values[0].text;
	*ret_b = t->values[1].text;
	return t->n;
}

void erg_import_turns_free(struct erg_import_turns *t)
{
	for (size_t i = 0; t && i < t->n; i++)
		free(t->values[i].text);
	free(t);
}
