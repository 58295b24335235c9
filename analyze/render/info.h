/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_INFO_H
#define ERG_ANALYZE_RENDER_INFO_H

/* The document of `erg-analyze info` as text, and its channels as CSV. */
#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

int erg_info_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_info_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
