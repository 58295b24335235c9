/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_TEXT_H
#define ERG_RECORD_SOURCES_TEXT_H

#include <stdio.h>

#include <jansson.h>

/* The document of `erg-record sources` for people: each source with its rails as a tree, then what
 * is missing. */
void erg_sources_print_text(const json_t *doc, FILE *out);
/* A calibration (calibration.h). */
void erg_calibration_print_text(const json_t *c, FILE *out);

#endif
