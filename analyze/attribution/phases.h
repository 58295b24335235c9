/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_PHASES_H
#define ERG_ANALYZE_ATTRIBUTION_PHASES_H

/* Which of the run's phases a moment is in: of those that are open the one that began last. */
#include <stddef.h>
#include <stdint.h>

#include "formats/base/err.h"

struct erg_timeline;

#define ATTR_PHASES_MAX 6 /* names; of more none is told apart */

struct attr_phases {
	size_t n; /* names, and 0: in none of them; at least 1 */
	size_t n_steps, at;
	struct attr_phase_step *step; /* in order of time */
};

int attr_phases_find(const struct erg_timeline *tl, struct attr_phases *ret, struct erg_err *err);
void attr_phases_release(struct attr_phases *p);
/* 0 .. n - 1. Fast for times in order. */
uint8_t attr_phases_at(struct attr_phases *p, uint64_t t);

#endif
