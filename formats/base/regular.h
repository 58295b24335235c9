/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_REGULAR_H
#define ERG_FORMATS_REGULAR_H

#include <stdio.h>

#include <jansson.h>

#include "formats/base/err.h"

/* Opens the file at PATH to read what is in it, or gives NULL and errno: what lies in a folder may be a pipe that
 * somebody put there, and would be waited for (ENOTSUP). */
FILE *erg_regular_open(const char *path);

/* The JSON in the file at PATH, refused as above. */
int erg_regular_json(const char *path, json_t **ret, struct erg_err *err);

#endif
