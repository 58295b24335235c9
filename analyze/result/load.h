/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RESULT_LOAD_H
#define ERG_ANALYZE_RESULT_LOAD_H

#include <jansson.h>

#include "formats/base/err.h"

/* The result document at PATH, which may be anybody's: a JSON document in a regular file, whose figures are such
 * as can be computed with. */
int erg_result_load(const char *path, json_t **ret, struct erg_err *err);

#endif
