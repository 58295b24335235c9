/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_BATCH_KEY_H
#define ERG_ANALYZE_BATCH_KEY_H

/* What a document was made of, and whether one that is there was made of the same. */
#include <stdbool.h>

#include <jansson.h>

#include "formats/base/err.h"

#define ERG_BATCH_ORIGIN "batch"
#define ERG_BATCH_WARNED "warned" /* the analysis had --strict, and there were warnings */

/* {"key", "warned", "archive_digest", "analysis": [verb, option, …], "version"}: KEY is the SHA-256 of
 * what follows "warned", which is false here. The archive's name and place are not part of it. */
int erg_batch_origin(const char *archive, char *const *analysis, json_t **ret, struct erg_err *err);

/* 1 when RESULTS/NAME is of ORIGIN, and then whether it is "warned"; 0 when there is none, it is cut, or it is of
 * something older, -EEXIST when it is a file that no batch made. */
int erg_batch_is_made(const char *results, const char *name, const json_t *origin, bool *ret_warned,
	struct erg_err *err);

/* Removes RESULTS/NAME, if a batch made it of another archive than ORIGIN's: of that nothing is there any more.
 * One of the same archive by another analysis stays, for what it says is so. */
void erg_batch_forget(const char *results, const char *name, const json_t *origin);

#endif
