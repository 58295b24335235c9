/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of a result document. */
#include "analyze/result/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"
#include "formats/base/warning.h"

int erg_format_parse(const char *name)
{
	static const char *const names[] = {"text", "json", "csv"};

	for (size_t i = 0; i < ERG_ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return (int)i;
	return -1;
}

json_t *erg_document_new(const char *verb)
{
	return json_pack("{s:s, s:{s:s, s:s, s:s}, s:[]}", "schema", "ergtrace/1", "tool", "name",
		"erg-analyze", "version", ERG_VERSION, "verb", verb, "warnings");
}

void erg_document_warn(json_t *doc, const char *code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	erg_warning_add(json_object_get(doc, "warnings"), code, fmt, ap);
	va_end(ap);
}

void erg_document_label(json_t *doc, bool simulated)
{
	simulated |= json_is_true(json_object_get(doc, "simulated"));
	json_object_set_new(doc, "simulated", json_boolean(simulated));
}
