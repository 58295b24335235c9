/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_FIT_H
#define ERG_ANALYZE_ATTRIBUTION_FIT_H

/* From the columns to the sensor that stands, and the powers by it. */
struct attr_run;

/* The fit, and another one each time that it shows a change of the level, unless that is worse. */
int attr_fit(struct attr_run *r);

#endif
