/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_NESTING_H
#define ERG_ANALYZE_NESTING_H

/*
 * Which instance is around which: on one track, the innermost that has not ended when another begins. Instances
 * are in the order of their begins (timeline.h), so one sweep over them tells it of each. Those deeper than
 * ERG_NESTING_MAX are all within the one of that depth.
 */
#include <stddef.h>
#include <stdint.h>

#include "analyze/timeline/timeline.h"

#define ERG_NESTING_MAX 64

struct erg_nesting;

/* For the instances of TL, whose tracks are known. -ENOMEM. */
int erg_nesting_new(const struct erg_timeline *tl, struct erg_nesting **ret);
void erg_nesting_freep(struct erg_nesting **n);

/* The instance around I, SIZE_MAX: none. To be called in order; of tracks that are of no interest not at all. */
size_t erg_nesting_around(struct erg_nesting *n, size_t i);

#endif
