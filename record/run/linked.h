/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RUN_LINKED_H
#define ERG_RECORD_RUN_LINKED_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether the program EXE is linked statically: no library can be loaded into it. */
bool erg_linked_statically(const char *exe);

/* Whether process PID, which may have ended and not been waited for, is under a seccomp filter that this one
 * is not under. */
bool erg_seccomp_filtered(pid_t pid);

#endif
