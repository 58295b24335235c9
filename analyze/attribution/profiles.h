/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_PROFILES_H
#define ERG_ANALYZE_ATTRIBUTION_PROFILES_H

/* Candidates for power that is not the same all through a layer. */
#include <stdbool.h>
#include <stddef.h>

struct attr_run;

#define ATTR_PROFILES 4 /* candidates */

/* R->profile of candidate I. UNEVEN: per class, whether it was found to need one. */
int attr_profiles_choose(struct attr_run *r, const bool *uneven, size_t i);
/* The most likely candidate, and the mean square of what it leaves of the readings with the sensor as declared. */
int attr_profiles_rank(struct attr_run *r, const bool *uneven, size_t *ret_likely,
	double *ret_left);

#endif
