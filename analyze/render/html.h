/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RENDER_HTML_H
#define ERG_ANALYZE_RENDER_HTML_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* -ENOTSUP: this program was built without the libraries of the page. */
int erg_html_check(struct erg_err *err);

/*
 * Writes a report's document as one self-contained page. The document becomes a JSON block in
 * which '<' cannot occur, so no name of a trace can end the block or begin a tag; the page's
 * script makes text nodes of all names. 0 or a negative errno.
 */
int erg_html_write(const json_t *doc, FILE *out);

#endif
