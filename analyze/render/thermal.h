/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_THERMAL_H
#define ERG_ANALYZE_RENDER_THERMAL_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* The document of `erg-analyze thermal` for people, and one row a pair of runs. */
int erg_thermal_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_thermal_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
