/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_TEMPDIR_H
#define ERG_FORMATS_TEMPDIR_H

/*
 * Temporary folders in places that all users share. Who uses one holds a lock on it: a lock goes with its
 * holders however they end and means the same in every container, which a process id in a name does not.
 * What is left behind is removed by whoever finds it, but only what this user made: by descriptors, never
 * by a path that somebody else could turn elsewhere.
 */
#include <sys/types.h>

#include "formats/base/err.h"

struct erg_tempdir {
	char path[4096]; /* "": there is none */
	int lock;        /* -1 likewise */
};
#define ERG_TEMPDIR_NONE                                                                           \
	{                                                                                          \
		"", -1                                                                             \
	}

/* A new folder in PLACE whose name begins with PREFIX and this process's id, for as long as the caller and the
 * children that it forks meanwhile live. */
int erg_tempdir_make(const char *place, const char *prefix, struct erg_tempdir *ret,
	struct erg_err *err);
/* Removes it, with what is in it. */
void erg_tempdir_remove(struct erg_tempdir *t);
/* Removes those in PLACE of this user that nobody holds: of the process PID (0: of any that is older than a
 * minute). Returns how many of them are still held. */
unsigned int erg_tempdir_sweep(const char *place, const char *prefix, pid_t pid);

#endif
