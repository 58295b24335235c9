/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_RUNS_FILES_H
#define ERG_ANALYZE_ACCOUNT_RUNS_FILES_H

#include <jansson.h>

#include "formats/base/err.h"
#include "formats/base/texts.h"

/* The files that FILES stand for: a directory that is no unpacked archive for what it holds. -ENOENT for
 * one that holds neither archives nor results. */
int erg_runs_files(char *const *files, size_t n, struct erg_texts *ret, struct erg_err *err);

/* Warns of DOC where directories in a directory of FILES hold more of what was read of it, which is not read. */
void erg_runs_tell_below(char *const *files, size_t n, json_t *doc);

#endif
