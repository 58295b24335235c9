/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_CORUN_H
#define ERG_ANALYZE_RENDER_CORUN_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* The document of `erg-analyze corun` for people, and one row a pair. */
int erg_corun_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_corun_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
