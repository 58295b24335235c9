/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_COMPARE_H
#define ERG_ANALYZE_RENDER_COMPARE_H

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* The document of `erg-analyze compare` for people; and one row a layer, and one of the run. */
int erg_compare_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_compare_csv(const json_t *doc, FILE *out, struct erg_err *err);

/* For pages of continuous integration (compare_ci.c): JUnit XML, a test case for the whole and for each
 * layer that was tested; and a table in Markdown. */
int erg_compare_junit(const json_t *doc, FILE *out, struct erg_err *err);
int erg_compare_markdown(const json_t *doc, FILE *out, struct erg_err *err);
/* The gate's entry of a row of the document's layers; NULL: it was not tested. */
const json_t *erg_compare_entry(const json_t *gate, const json_t *layer);
/* "more: +7.5 % (90 % interval 6.9 to 8.1 %), 5 and 5 runs" of an entry of the gate. */
const char *erg_compare_verdict(char *buf, size_t len, const json_t *gate, const json_t *entry);
/* "only in NEW (3.2 J): …" of an entry of the gate's only_base (IN_NEW false) or only_new. */
const char *erg_compare_apart(char *buf, size_t len, const json_t *layer, bool in_new);

#endif
