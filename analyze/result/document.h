/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RESULT_DOCUMENT_H
#define ERG_ANALYZE_RESULT_DOCUMENT_H

/* The result document: one JSON object, from which every renderer starts. */
#include <stdbool.h>

#include <jansson.h>

enum erg_format { ERG_FORMAT_TEXT, ERG_FORMAT_JSON, ERG_FORMAT_CSV };

/* --format's argument, or -1. */
int erg_format_parse(const char *name);

/* {"schema": "ergtrace/1", "tool": {"name", "version", "verb"}, "warnings": []}: where every
 * document begins. */
json_t *erg_document_new(const char *verb);
void erg_document_warn(json_t *doc, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A run in the document, of simulated power or not: "simulated" is true if that of any is. */
void erg_document_label(json_t *doc, bool simulated);

/* Owned references to JSON values: _cleanup_(erg_json_decrefp) json_t *doc. */
static inline void erg_json_decrefp(json_t **j)
{
	json_decref(*j);
}

#endif
