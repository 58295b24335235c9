/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_STALE_H
#define ERG_RECORD_STALE_H

/* What recorders that were killed have left. Nothing of another user's is touched, and nothing that is held
 * (erg_spool_hold()). */
#include <stdbool.h>

/* Ends the sessions of recorders that are gone; what they recorded is in their spools. Sessions of
 * anyone else are never touched. */
void erg_stale_sessions_end(void);
/* Removes the buffers in memory of recorders that are gone. Call it when their sessions are ended. */
void erg_stale_buffers_remove(void);
/* Removes the unfinished archives beside OUTPUT that nobody writes any more. */
void erg_stale_parts_remove(const char *output);
/* Whether a file of that name is an unfinished archive. */
bool erg_stale_is_part(const char *name);
/* Says for each spool in DIR whose recorder is gone how to make an archive of it. */
void erg_stale_spools_announce(const char *dir);

#endif
