/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPORT_DEFLATE_H
#define ERG_ANALYZE_EXPORT_DEFLATE_H

#include "analyze/export/proto.h"

/* Puts the N bytes of V into RET as a zlib stream. False where that fails, or where this program was built
 * without zlib: they are to be written as they are then. */
bool erg_deflate(const unsigned char *v, size_t n, struct erg_proto *ret);

#endif
