/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_JOINED_H
#define ERG_ANALYZE_RENDER_JOINED_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* An entry of "joined", one run of several nodes: a line of its totals, and a table of its layers.
 * ENERGY: the key of a row. */
void erg_joined_text(const json_t *joined, FILE *out);
int erg_joined_layers(const json_t *joined, const char *energy, FILE *out, struct erg_err *err);

#endif
