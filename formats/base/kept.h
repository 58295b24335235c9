/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_KEPT_H
#define ERG_FORMATS_KEPT_H

/* Files that a program keeps for its next runs, which then do what they say. */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

#define ERG_KEPT_MACHINE "/var/lib/ergtrace" /* root's, which every user may read */

/* The folder of this user: ERG_KEPT_MACHINE of root, else $XDG_STATE_HOME/ergtrace (~/.local/state/ergtrace).
 * False where the environment names none, or one that is longer than SIZE. It need not be there. */
bool erg_kept_folder(char *buf, size_t size);

/*
 * Opens PATH for reading, with FLAGS of open(2) beside: a regular file of at most BYTES_MAX bytes that this user
 * or root owns and nobody else can write. The descriptor, or -errno.
 */
int erg_kept_open(const char *path, int flags, int bytes_max, struct erg_err *err);

/* Opens PATH, made if it is not there, to lock it and to write into it: this user's, and no link and no other name
 * of another file, which what is written would destroy. The descriptor, or -errno. */
int erg_kept_lock(const char *path, struct erg_err *err);

#endif
