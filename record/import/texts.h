/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_IMPORT_TEXTS_H
#define ERG_IMPORT_TEXTS_H

/* Texts by number: 1, 2, … in the order in which they were first asked for. Beginning: NULL. */
#include <stdint.h>

struct erg_import_text;

/* The number of TEXT; 0: no memory. */
uint32_t erg_import_text_number(struct erg_import_text **all, const char *text);
void erg_import_texts_freep(struct erg_import_text **all);

#endif
