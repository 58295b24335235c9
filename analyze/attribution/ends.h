/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_ENDS_H
#define ERG_ANALYZE_ATTRIBUTION_ENDS_H

#include <stddef.h>

struct erg_attr_state;
struct erg_attr_stretch;

/*
 * What the ends of the N stretches AT, in order of time, do to their energy: *ret_blur, J, a bound, as a step of the
 * power always goes to the wrong side the same way. The readings of either side are up to a step of the sampler away
 * from it, by chance; and all are as much too early or late as the lag is wrong: a variance, J^2. Where the readings
 * begin or end nothing is known of a step.
 */
double attr_ends_u2(const struct erg_attr_state *st, const struct erg_attr_stretch *at, size_t n,
	double *ret_blur);

#endif
