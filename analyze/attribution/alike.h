/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_ALIKE_H
#define ERG_ANALYZE_ATTRIBUTION_ALIKE_H

/* Layers that all use about one power, of a run whose sensor is not known. */
struct attr_run;

/* Where no sensor stands and all readings of the work are about alike: those that follow from all readings, also from
 * those outside of the work, as well as any does, into R->alike, the best one first. 0 or -ENOMEM. */
int attr_alike_find(struct attr_run *r);
/* Then what these make of the classes, and what their readings leave open, is in the classes' intervals. */
int attr_alike_effect(struct attr_run *r);

#endif
