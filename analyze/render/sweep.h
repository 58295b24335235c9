/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_SWEEP_H
#define ERG_ANALYZE_RENDER_SWEEP_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* The document of `erg-analyze sweep` for people, and one row a point. */
int erg_sweep_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_sweep_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
