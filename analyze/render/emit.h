/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_EMIT_H
#define ERG_ANALYZE_RENDER_EMIT_H

#include <stdio.h>

#include <jansson.h>

#include "analyze/result/document.h"
#include "formats/base/err.h"

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

/* The warnings of DOC on standard error. A directory of runs may have hundreds of a kind: then the
 * first few and their number stand for them, since the document has all. */
void erg_document_say_warnings(const json_t *doc);

#endif
