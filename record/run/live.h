/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RUN_LIVE_H
#define ERG_RECORD_RUN_LIVE_H

/* The page on which programs tell the recorder which layers they run (tracepoints/live_page.h). */
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/run/workload.h"

struct erg_live_page;

struct erg_live {
	struct erg_live_page *page; /* NULL: there is none, and nothing is known */
	int fd;
};

#define ERG_LIVE_INIT                                                                              \
	{                                                                                          \
		.page = NULL, .fd = -1                                                             \
	}

/* Makes the page and names it in ENV. Without memory, or where programs could not open it, there is
 * none: a recording does not fail for it. Returns negative only when ENV could not be set. */
int erg_live_open(struct erg_live *l, struct erg_environ *env, struct erg_err *err);
void erg_live_release(struct erg_live *l);

struct erg_live_counts {
	uint64_t layers,
		calls;    /* of the deepest level that was seen: layers, else modules, networks */
	bool more_layers; /* some found no room */
};

/* False where there is no page. */
bool erg_live_counts_get(const struct erg_live *l, struct erg_live_counts *ret);

#endif
