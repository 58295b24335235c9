/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_STEP_H
#define ERG_ANALYZE_ATTRIBUTION_STEP_H

/* For what times were rounded to. */
#include <stdint.h>

/* What STEP (0: anything) and D are both multiples of (Euclid). */
static inline uint64_t attr_common_step(uint64_t step, uint64_t d)
{
	while (d) {
		uint64_t rest = step % d;

		step = d;
		d = rest;
	}
	return step;
}

#endif
