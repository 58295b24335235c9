/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_FORK_H
#define ERG_TRACEPOINTS_FORK_H

void erg_fork_init(void);

#endif
