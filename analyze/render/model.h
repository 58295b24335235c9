/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_MODEL_H
#define ERG_ANALYZE_RENDER_MODEL_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* Text for people, and tables to plot: measured against predicted. */
int erg_model_fit_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_model_fit_csv(const json_t *doc, FILE *out, struct erg_err *err);
int erg_model_predict_text(const json_t *doc, FILE *out, struct erg_err *err);
int erg_model_predict_csv(const json_t *doc, FILE *out, struct erg_err *err);

#endif
