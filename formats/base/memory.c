/* SPDX-License-Identifier: MIT */
/* Allocators of jansson that remember a refusal. */
#include "formats/base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>

#include <jansson.h>

static atomic_bool starved;

static void *get(size_t size)
{
	void *p = malloc(size);

	if (!p && size)
		atomic_store(&starved, true);
	return p;
}

void erg_json_watch(void)
{
	json_set_alloc_funcs(get, free);
}

bool erg_json_starved(void)
{
	return atomic_load(&starved);
}
