/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_MISFIT_H
#define ERG_ANALYZE_ATTRIBUTION_MISFIT_H

/* Score tests: whether another sensor than the one fitted would fit better. */
#include <stdbool.h>

struct attr_run;

#define ATTR_SHIFTS 9

struct attr_test {
	double f, p; /* NaN: too few readings to test */
	double step; /* of a single column: what it asks for */
	bool slight; /* fails, but what it would change of the energies is small, and in their intervals */
};

struct attr_tests {
	struct attr_test lag, window, rc, skew, kernel, clock, duration;
	struct attr_test late;    /* the least likely of all layers; p by Bonferroni */
	struct attr_test profile; /* likewise, of halves of a layer that differ */
	double late_w;            /* what that layer's stamps make of the mean of the readings, W */
};

#define ATTR_MISFIT_P 1e-4
#define ATTR_DOUBTFUL_P 0.05 /* of a test that passes, and asks for something all the same */
/* R->uneven becomes the classes that fail for their halves. Tests the fit in r->st->power, r->sol.delta, r->st->gram at r->st->shape. */
int attr_misfit(struct attr_run *r, struct attr_tests *ret);

#endif
