/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_FUZZ_SCRATCH_H
#define ERG_FUZZ_SCRATCH_H

/* Folders and files that a target makes for one input, in memory where there is /dev/shm. */
#include <stddef.h>
#include <stdint.h>

#define ERG_FUZZ_PATH 64

/* A new folder, to be removed with erg_tree_remove(). Traps when there can be none. */
void erg_fuzz_scratch(const char *name, char ret[ERG_FUZZ_PATH]);

/* One for the whole run, which removes it at its end. */
const char *erg_fuzz_kept(const char *name);

/* Writes SIZE bytes to DIR/PATH, mode 0600, and makes the folders on the way. PATH has been looked at.
 * Returns 0, or -1 where something else is in its place. */
int erg_fuzz_file(const char *dir, const char *path, const void *data, size_t size);

/* What a verb says is of no interest here. */
void erg_fuzz_quiet(void);

#endif
