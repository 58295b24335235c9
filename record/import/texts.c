/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "formats/base/hash.h"
#include "record/import/texts.h"

struct erg_import_text {
	UT_hash_handle hh;
	uint32_t number;
	char text[];
};

uint32_t erg_import_text_number(struct erg_import_text **all, const char *text)
{
	struct erg_import_text *t;

	HASH_FIND_STR(*all, text, t);
	if (t)
		return t->number;
	t = calloc(1, sizeof(*t) + strlen(text) + 1);
	if (!t)
		return 0;
	memcpy(t->text, text, strlen(text));
	t->number = HASH_COUNT(*all) + 1;
	HASH_ADD_STR(*all, text, t);
	if (!erg_hash_lost(t))
		return t->number;
	free(t);
	return 0;
}

void erg_import_texts_freep(struct erg_import_text **all)
{
	struct erg_import_text *t, *next;

	HASH_ITER(hh, *all, t, next)
	{
		HASH_DEL(*all, t);
		free(t);
	}
}
