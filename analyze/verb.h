/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_VERB_H
#define ERG_ANALYZE_VERB_H

/*
 * A verb of erg-analyze is one file: it parses its options into a struct of its own, makes one
 * JSON document (the result) and hands it to a renderer. main.c has the table.
 */
#include <stdio.h>

#include <jansson.h>

#include "formats/err.h"

struct erg_verb {
	const char *name;
	const char *about; /* one line */
	/* Returns the exit status (0, 2 usage, 3 strict) or a negative errno with ERR set (exit 1). */
	int (*run)(int argc, char **argv, struct erg_err *err);
};

extern const struct erg_verb erg_verb_info, erg_verb_verify, erg_verb_layers, erg_verb_totals;

/* ---- what verbs share (verb.c) ---- */

enum erg_format { ERG_FORMAT_TEXT, ERG_FORMAT_JSON, ERG_FORMAT_CSV };

/* --format's argument, or -1. */
int erg_format_parse(const char *name);

/* {"schema": "ergtrace/1", "tool": {"name", "version", "verb"}, "warnings": []}: where every
 * document begins. */
json_t *erg_document_new(const char *verb);
void erg_document_warn(json_t *doc, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Writes DOC to stdout in the format asked for: JSON as is; text and CSV by the verb's renderer.
 * Prints the document's warnings on stderr. Returns 0, or 3 when STRICT and there are warnings.
 */
struct erg_renderer {
	int (*text)(const json_t *doc, FILE *out, struct erg_err *err);
	int (*csv)(const json_t *doc, FILE *out, struct erg_err *err);
};
int erg_document_emit(const json_t *doc, enum erg_format format, const struct erg_renderer *r,
	int strict, struct erg_err *err);

#endif
