/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_TERMINAL_JSON_H
#define ERG_FORMATS_TERMINAL_JSON_H

#include <jansson.h>

/* A copy of DOC in which every text and key may be printed (erg_terminal_text()); NULL when memory runs
 * out. */
json_t *erg_terminal_json(const json_t *doc);

#endif
