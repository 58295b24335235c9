/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_TOP_TEXT_H
#define ERG_RECORD_TOP_TEXT_H

/* A frame as lines of a screen, as one line, and as JSON. Nothing here prints. */
#include <jansson.h>

#include "record/top/look.h"

/* Calls LINE for each line of a screen of HEIGHT lines and WIDTH cells; HEAD: it heads a table or the
 * screen. */
void erg_top_text_screen(const struct erg_top_frame *f, const struct erg_top_pages *p, int width,
	int height, void (*line)(void *data, bool head, const char *text), void *data);
/* "12.0 s: VDD_IN 8.64 W (SIMULATED) …", without a newline. */
void erg_top_text_line(const struct erg_top_frame *f, char *buf, size_t size);
/* One document; NULL without memory. */
json_t *erg_top_text_json(const struct erg_top_frame *f, const struct erg_top_pages *p);

#endif
