/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_INFO_DOCUMENTS_H
#define ERG_ANALYZE_INFO_DOCUMENTS_H

/* What info tells of an archive of which no chunk was read: manifest and summary have it. */
#include "analyze/timeline/timeline.h"

/* Fills FILE, one of info's files; what the documents do not say is null. RAIL: see info. -ENOENT: there
 * is no such rail. */
int erg_info_documents(const struct erg_timeline *tl, const char *rail, json_t *file,
	struct erg_err *err);

#endif
