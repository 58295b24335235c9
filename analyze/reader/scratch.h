/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_SCRATCH_H
#define ERG_ANALYZE_READER_SCRATCH_H

/*
 * Folders for unpacked chunks, in memory or on disk, in places that all users share. Who uses one holds
 * a lock on it: a lock goes with its holders however they end and means the same in every container,
 * which a process id in a name does not. What is left behind is removed by whoever finds it, but only
 * what this user made: by descriptors, never by a path that somebody else could turn elsewhere.
 */
#include <stdint.h>
#include <sys/types.h>

#include "formats/base/err.h"

struct erg_scratch {
	char path[128]; /* "": there is none */
	int lock;       /* -1 likewise */
};
#define ERG_SCRATCH_NONE                                                                           \
	{                                                                                          \
		"", -1                                                                             \
	}

/* A new folder with room for BYTES unpacked, for as long as the caller and the children that it forks
 * meanwhile live. */
int erg_scratch_make(uint64_t bytes, struct erg_scratch *ret, struct erg_err *err);
/* Removes it, with what is in it. */
void erg_scratch_remove(struct erg_scratch *s);
/* Removes those of this user that nobody holds: of the process PID (0: of any that is older than a
 * minute). Returns how many of PID's are still held. */
unsigned int erg_scratch_sweep(pid_t pid);

#endif
