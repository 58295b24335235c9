/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_MEMORY_H
#define ERG_FORMATS_MEMORY_H

/*
 * Whether JSON that was made is whole. Hundreds of places put a value into an object; without memory the
 * value is missing, and none of them looks. Instead, a program asks once before it hands a document
 * out. For one program, not for a library that others link: jansson's allocator is the process's.
 */
#include <stdbool.h>

/* For main(), before the first use of jansson. */
void erg_json_watch(void);
/* Whether jansson was refused memory since then; for ever. False when nobody watches. */
bool erg_json_starved(void);

#endif
