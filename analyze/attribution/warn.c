/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an attribution warns of: a leaf, since every part may. */
#include <stdarg.h>
#include <stdio.h>

#include "analyze/attribution/internal.h"

void attr_warn(struct erg_attr *a, const char *code, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_array_append_new(a->warnings, json_pack("{s:s,s:s}", "code", code, "text", text));
}
