/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_TOP_PAGES_H
#define ERG_RECORD_TOP_PAGES_H

/*
 * The pages of a recording that goes on, as another process of the same user sees them: the sampler's
 * last readings, and the layers that the programs are in. They are mapped for reading; the recorder
 * and the programs notice nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "formats/base/err.h"
#include "record/sampler/show.h"
#include "tracepoints/live_page.h"

struct erg_top_pages {
	pid_t pid; /* of the recorder; 0: there is none */
	const struct erg_show_page *show;
	const struct erg_live_page *live; /* NULL: nothing is known of layers */
};

/*
 * The recording by the process PID; with PID 0 the newest of this user. Returns 1 and in *RET_OTHERS
 * how many more there are; 0 where none goes on (with PID 0 only); -ESRCH: PID records nothing,
 * -EACCES: it may not be looked at.
 */
int erg_top_pages_find(pid_t pid, struct erg_top_pages *ret, unsigned *ret_others,
	struct erg_err *err);
void erg_top_pages_release(struct erg_top_pages *p);
/* The recorder has said that it ends, or is dead. */
bool erg_top_pages_ended(const struct erg_top_pages *p);

#endif
