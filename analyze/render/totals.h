/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_TOTALS_H
#define ERG_ANALYZE_RENDER_TOTALS_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* The document of `erg-analyze totals` for people, and one row a phase. */
int erg_totals_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_totals_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
