/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SETTLE_H
#define ERG_ANALYZE_ATTRIBUTION_SETTLE_H

/* The sensor as it was declared, or another that fits no better. */
#include <stdbool.h>

struct attr_run;

/* No test has anything against the sensor as it was declared; its lag was found. A lag that was searched among
 * updates of the sensor is known but for those. */
bool attr_is_declared(const struct attr_run *r);
/* Moves the fit to the minimum about what was declared, where that leaves no more than chance makes of it. */
int attr_settle(struct attr_run *r);

#endif
