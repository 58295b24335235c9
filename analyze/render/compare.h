/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_COMPARE_H
#define ERG_ANALYZE_RENDER_COMPARE_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* The document of `erg-analyze compare` for people, and one row a layer. */
int erg_compare_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_compare_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
