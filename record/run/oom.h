/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RUN_OOM_H
#define ERG_RECORD_RUN_OOM_H

#include <stdint.h>

/* How many processes the kernel has ended so far because this process's control group had no more memory;
 * 0 where it does not tell. SELF: /proc/self/cgroup; MOUNTS: /sys/fs/cgroup. */
uint64_t erg_oom_kills(const char *self, const char *mounts);

#endif
