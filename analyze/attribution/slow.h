/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SLOW_H
#define ERG_ANALYZE_ATTRIBUTION_SLOW_H

/* Slow sensors that are held to be quick ones. */
#include <stdbool.h>

struct attr_run;

/* Whether a sensor that remembers for much longer than the one fitted leaves less than half of what that leaves; or no more
 * than that, where nobody declared the sensor or the run is too short to test it. The fit stays. 0 or a failure. */
int attr_slower(struct attr_run *r, bool *ret);

#endif
