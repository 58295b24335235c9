/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_OBSERVED_H
#define ERG_FORMATS_OBSERVED_H

/*
 * What "observed" means, for the summary of a recording, for what an import says of gaps, and for every
 * figure of the analysis. A reading of power stands for its window, or for one period where that is
 * longer: half of it on either side of the window's middle. Between two readings at most three periods
 * apart, not counting the window, power goes on; a longer pause is a gap, and of a gap only what those
 * two stand for is observed. An energy counter goes on counting: it has a gap only where it was reset.
 *
 * PERIOD: the usual distance of two readings (the median), or the sensor's own period between updates
 * where that is longer. All in one unit of time.
 */
#include <stdbool.h>

/* Whether two readings DISTANCE apart have a gap between them. */
bool erg_observed_gap(double distance, double period, double window);
/* How far on either side of the middle of its window a reading stands for, at a gap. */
double erg_observed_half(double period, double window);

/* Below this share of observed time nothing is resolved. */
#define ERG_OBSERVED_ENOUGH 0.5

#endif
