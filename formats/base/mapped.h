/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_MAPPED_H
#define ERG_FORMATS_MAPPED_H

/* What a process has mapped, and whether it may map as much as it likes. */
#include <stdint.h>
#include <sys/types.h>

/* How many mappings of PID are of files with TEXT in their paths; -1 where that cannot be told. */
int erg_mapped_like(pid_t pid, const char *text);
/* How many bytes more PID may map: UINT64_MAX where it has no limit of its address space (ulimit -v), or that cannot
 * be told. */
uint64_t erg_mapped_left(pid_t pid);

#endif
