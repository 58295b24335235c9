/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_PLAN_DIGEST_H
#define ERG_RECORD_PLAN_DIGEST_H

#include "formats/base/sha256.h"
#include "record/yaml/yaml.h"

/* The digest of what the plan Y asks to be recorded: comments and the layout of the file are not part of it, nor
 * is analysis:, which may be decided later. */
void erg_plan_digest(const struct erg_yaml *y, char ret[ERG_SHA256_TEXT]);

#endif
