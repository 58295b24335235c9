/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_MEMORY_H
#define ERG_FORMATS_MEMORY_H

/*
 * Whether what was made is whole. Hundreds of places put a value into a JSON object; without memory the
 * value is missing, and none of them looks. Others do without a part that could not be made. Instead,
 * a program asks once before it hands a document out. For one program, not for a library that others
 * link: jansson's allocator is the process's.
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

/* For main(), before the first use of jansson. */
void erg_memory_watch(void);
/* An allocation failed: -ENOMEM was given to erg_fail() (err.h). */
void erg_memory_note(void);
/* P, of which it is noted when it is NULL: where a part can be done without, or NULL is handed up. */
static inline void *erg_noted(void *p)
{
	if (!p)
		erg_memory_note();
	return p;
}

/* Room for one more than N elements of SIZE bytes in the array *PP, which doubles: true at once unless N is a
 * power of two or 0. False when memory is short; *PP is as before. */
bool erg_grow(void *pp, size_t n, size_t size);

/* Whether any failed, jansson's too, since then; for ever. False when nobody watches. */
bool erg_memory_starved(void);

/* J as text, to be freed. NULL also where memory was refused meanwhile: jansson 2.14 then leaves out parts of it. */
char *erg_memory_json(const json_t *j, size_t flags);

#endif
