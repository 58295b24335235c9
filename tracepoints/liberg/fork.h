/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_FORK_H
#define ERG_TRACEPOINTS_FORK_H

/* Makes fork(2) safe for the tracepoints of both processes, which LTTng-UST does only for programs that preload its
 * liblttng-ust-fork; see fork.c. Once, when liberg is loaded. */
void erg_fork_init(void);

#endif
