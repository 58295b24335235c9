/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_TRIM_H
#define ERG_ANALYZE_READER_TRIM_H

/*
 * Traces whose files end inside a packet: libbabeltrace2 refuses such a trace as a whole, so it is
 * given one whose files end behind their last complete packet.
 */
#include "analyze/reader/tables.h"

/*
 * *ret: the folder to decode in place of DIR, to be freed: DIR itself when every file is whole, else
 * a new one in SCRATCH (an existing folder), or NULL when that could not be made (T's error says
 * why). What was left out is added to T's losses; NAME is what DIR is called in the archive.
 * 0, or -ENOMEM.
 */
int erg_trim_trace(struct erg_tables *t, const char *dir, const char *name, const char *scratch,
	char **ret);

#endif
