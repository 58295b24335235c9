/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_LAYERS_H
#define ERG_ANALYZE_RENDER_LAYERS_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* The document of `erg-analyze layers` for people, and one row a layer. */
int erg_layers_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_layers_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
