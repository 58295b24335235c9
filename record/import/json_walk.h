/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_JSON_WALK_H
#define ERG_RECORD_IMPORT_JSON_WALK_H

/*
 * A walk through a JSON document that is larger than memory should be: one value after the other is
 * given as text, which a JSON library then parses. Compressed files (gzip, xz, zstd) are read as they
 * are.
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

struct erg_json_walk;

int erg_json_walk_open(const char *path, struct erg_json_walk **ret, struct erg_err *err);
void erg_json_walk_freep(struct erg_json_walk **w);

/* The next character that is no blank, not taken; 0 at the end of the file. */
int erg_json_walk_peek(struct erg_json_walk *w);
/* Takes it. */
int erg_json_walk_get(struct erg_json_walk *w);
/*
 * Takes one whole value, of which the text is *ret until the next call, or is skipped if RET is NULL
 * or the value is larger than 16 MiB (*ret is ""). 1: there was one; 0: the file ends within it, or
 * there is none.
 */
int erg_json_walk_value(struct erg_json_walk *w, const char **ret, size_t *ret_len);
/* The line on which the value given last begins, from 1. */
size_t erg_json_walk_line(const struct erg_json_walk *w);
/* Why the file could not be read on, or NULL. */
const char *erg_json_walk_error(const struct erg_json_walk *w);

#endif
