/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_BATCH_KEY_H
#define ERG_ANALYZE_BATCH_KEY_H

/* What a document was made of, and whether one that is there was made of the same. */
#include <jansson.h>

#include "formats/base/err.h"

#define ERG_BATCH_ORIGIN "batch"

/* {"archive_digest", "analysis": [verb, option, …], "version", "key"}: KEY is the SHA-256 of the rest.
 * The archive's name and place are not part of it. */
int erg_batch_origin(const char *archive, char *const *analysis, json_t **ret, struct erg_err *err);

/* 1 when RESULTS/NAME is of ORIGIN, 0 when there is none or it is of something older, -EEXIST when it
 * is a file that no batch made. */
int erg_batch_is_made(const char *results, const char *name, const json_t *origin,
	struct erg_err *err);

/* Removes RESULTS/NAME, if a batch made it: what it was made of is there no more. */
void erg_batch_forget(const char *results, const char *name);

#endif
