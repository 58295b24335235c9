/* SPDX-License-Identifier: MIT */
/* Remembers a refusal of memory, also one to jansson. */
#include "formats/base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

static atomic_bool watched;
static atomic_uint refusals;

static void *get_memory(size_t size)
{
	void *p = malloc(size);

	if (!p && size)
		erg_memory_note();
	return p;
}

void erg_memory_watch(void)
{
	atomic_store(&watched, true);
	json_set_alloc_funcs(get_memory, free);
}

void erg_memory_note(void)
{
	atomic_fetch_add(&refusals, 1);
}

bool erg_memory_starved(void)
{
	return atomic_load(&watched) && atomic_load(&refusals);
}

bool erg_grow(void *pp, size_t n, size_t size)
{
	void *p;

	if (n & (n - 1))
		return true;
	p = erg_noted(realloc(*(void **)pp, (n ? 2 * n : 1) * size));
	if (p)
		*(void **)pp = p;
	return p != NULL;
}

char *erg_memory_json(const json_t *j, size_t flags)
{
	const unsigned int before = atomic_load(&refusals);
	char *text = json_dumps(j, flags);

	if (atomic_load(&refusals) == before)
		return text;
	free(text);
	return NULL;
}
