/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_WARNING_H
#define ERG_FORMATS_WARNING_H

/* What a document warns of: an array of {"code", "text"}. */
#include <stdarg.h>

#include <jansson.h>

/* Adds what FMT says to LIST. Bytes that are no UTF-8 are '?', so that no warning is lost for a name in it;
 * that memory was short is noted (memory.h). */
void erg_warning_add(json_t *list, const char *code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#endif
