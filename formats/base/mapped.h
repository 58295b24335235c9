/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_MAPPED_H
#define ERG_FORMATS_MAPPED_H

/* What a process has mapped, and whether it may map as much as it likes. */
#include <stdbool.h>
#include <sys/types.h>

/* How many mappings of PID are of files with TEXT in their paths; -1 where that cannot be told. */
int erg_mapped_like(pid_t pid, const char *text);
/* Has PID a limit of its address space (ulimit -v)? */
bool erg_mapped_limited(pid_t pid);

#endif
