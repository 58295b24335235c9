/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_CPULIST_H
#define ERG_RECORD_CPULIST_H

#include <sched.h>

/* CPUs as the kernel and people list them, "0-3,5". -EINVAL for anything else, for an empty list
 * and for CPUs beyond CPU_SETSIZE. */
int erg_cpulist_parse(const char *text, cpu_set_t *ret);

#endif
