/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RECOVER_H
#define ERG_RECORD_RECOVER_H

/* Archives of recordings that their recorder could not finish, or that were streamed. */
#include <stdbool.h>

#include "formats/base/err.h"

/* Makes the archive of the spool SPOOL (a real path): OUTPUT, or NULL for what its recorder was told.
 * KEEP leaves the spool where it is; else it goes when all of it is in the archive. */
int erg_recover(const char *spool, const char *output, bool force, bool keep, struct erg_err *err);

struct erg_collect_options {
	const char *from;   /* output of lttng-relayd */
	const char *output; /* an archive, or a directory for several; NULL with list */
	const char *run;    /* only the recording of this id or host; NULL: all */
	bool now;           /* also those that are not at their end yet */
	bool force;
	/* Called instead of making archives: lists a stream. NULL: makes them. */
	void (*list)(const char *run, const char *host, const char *created, const char *state,
		const char *path);
};

/* Makes archives of what erg-record --to has streamed to the relay daemon's directory. */
int erg_collect(const struct erg_collect_options *o, struct erg_err *err);

#endif
