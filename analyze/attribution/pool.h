/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_POOL_H
#define ERG_ANALYZE_ATTRIBUTION_POOL_H

/* Pieces of work by several threads. */
#include <stddef.h>

struct erg_err;

/* WORK of each I below N, by at most JOBS threads (0: one a CPU); WHAT: its name for progress, or NULL. Returns
 * what the first of them that failed did, which has told it itself, or -ENOMEM. */
int attr_pool_run(unsigned int jobs, size_t n, const char *what, int (*work)(void *data, size_t i),
	void *data, struct erg_err *err);

#endif
