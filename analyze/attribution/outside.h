/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_OUTSIDE_H
#define ERG_ANALYZE_ATTRIBUTION_OUTSIDE_H

/* What lies outside of the work, of which the fit is not. */
#include <stdbool.h>

struct attr_run;
struct attr_view;

bool attr_has_outside(const struct attr_view *v);

/* Whether the readings of what is outside say that the sensor of the fit is wrong. 0 or -ENOMEM. */
int attr_outside(struct attr_run *r, bool *ret_wrong);
/* Whether the readings that saw an edge of the work are unlike the others by the fit: a program still does something
 * after its last layer, and before its first one, and what flows then is not what flows while nothing is done. */
int attr_outside_odd(struct attr_run *r, bool *ret_odd);
/* Adds to what is integrated outside of the work what the readings at its edges saw beside the layers. 0 or -ENOMEM. */
int attr_outside_edges(struct attr_run *r);

#endif
