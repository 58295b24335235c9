/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_LOCKSTEP_H
#define ERG_ANALYZE_ATTRIBUTION_LOCKSTEP_H

/* Whether the sampler runs in phase with the layers. */
struct attr_readings;
struct attr_view;

/* Resultant length of the readings' phase in the layers' cycle, greatest over harmonics. */
double attr_lockstep(const struct attr_view *v, const struct attr_readings *r);
#define ATTR_LOCKSTEP_LIMIT 0.9

#endif
