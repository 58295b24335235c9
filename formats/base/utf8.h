/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_UTF8_H
#define ERG_FORMATS_UTF8_H

/* Names from elsewhere, of files, layers and machines, are any bytes; JSON and others' formats take UTF-8. */
#include <stddef.h>

#include <jansson.h>

/* The bytes of the character at P, and its number; 1 and 0 where it is no UTF-8. */
size_t erg_utf8_character(const unsigned char *p, unsigned int *ret);

/* Puts '?' for each byte of TEXT that is no UTF-8. */
void erg_utf8_mend(char *text);
/* A copy of TEXT that is mended, to be freed; NULL when memory is short. */
char *erg_utf8_copy(const char *text);
/* A copy of TEXT as it is, or, where it is no UTF-8, of what it is in Latin-1; to be freed. NULL when memory is
 * short. */
char *erg_utf8_from(const char *text);
/* The same as erg_utf8_copy() as a JSON string. */
json_t *erg_utf8_json(const char *text);

#endif
