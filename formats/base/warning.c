/* SPDX-License-Identifier: MIT */
/* One place that makes a warning of a document. */
#include "formats/base/warning.h"

#include <stdio.h>

#include "formats/base/memory.h"
#include "formats/base/utf8.h"
#include "formats/base/util.h"

void erg_warning_add(json_t *list, const char *code, const char *fmt, va_list ap)
{
	_cleanup_(erg_freep) char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0) {
		text = NULL;
		erg_memory_note();
		return;
	}
	erg_utf8_mend(text);
	json_array_append_new(list, json_pack("{s:s, s:s}", "code", code, "text", text));
}
