/* SPDX-License-Identifier: MIT */
/*
 * Names by number: a hash table, for there may be as many names as there are events.
 */
#include "formats/base/numbered.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/hash.h"

struct erg_numbered_name {
	size_t number;
	UT_hash_handle hh;
	char text[];
};

static struct erg_numbered_name *name_entry(struct erg_numbered_name *table, const char *name)
{
	struct erg_numbered_name *e;

	HASH_FIND(hh, table, name, (unsigned int)strlen(name), e);
	return e;
}

bool erg_numbered_find(const struct erg_numbered *s, const char *name, size_t *ret)
{
	const struct erg_numbered_name *e = name_entry(s->table, name);

	if (e)
		*ret = e->number;
	return e;
}

int erg_numbered_put(struct erg_numbered *s, const char *name, size_t *ret)
{
	struct erg_numbered_name *e;

	if (erg_numbered_find(s, name, ret))
		return 0;
	e = erg_noted(calloc(1, sizeof(*e) + strlen(name) + 1));
	if (!e)
		return -ENOMEM;
	strcpy(e->text, name);
	e->number = s->n;
	HASH_ADD(hh, s->table, text, (unsigned int)strlen(name), e);
	if (erg_hash_lost(e)) {
		free(e);
		return -ENOMEM;
	}
	*ret = s->n++;
	return 0;
}

void erg_numbered_release(struct erg_numbered *s)
{
	struct erg_numbered_name *e, *next;

	HASH_ITER(hh, s->table, e, next)
	{
		HASH_DEL(s->table, e);
		free(e);
	}
	*s = (struct erg_numbered){0};
}
