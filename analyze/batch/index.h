/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_BATCH_INDEX_H
#define ERG_ANALYZE_BATCH_INDEX_H

#include <jansson.h>

#include "formats/base/err.h"

/* The name of the plan that filled DIR, and what its analysis: asks for, from DIR/index.json. Without
 * that file the folder's own name; without analysis: {"sweep": {}}. Both are the caller's. */
int erg_batch_index(const char *dir, char **ret_name, json_t **ret_analysis, struct erg_err *err);

#endif
