/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_CLIPPED_H
#define ERG_ANALYZE_ATTRIBUTION_CLIPPED_H

/* A sensor at the end of its range. */
#include <stdbool.h>
#include <stddef.h>

struct attr_run;

struct attr_clipped {
	size_t n, of; /* readings at the largest value, which stand out; 0: none do */
	double w;     /* that value */
	bool sure;    /* nothing is said of energies; else the load may be flat on top */
};

/* Of N sorted readings in steps of STEP (0: not known) those at the largest value, where they are far more than at any value
 * near it. */
size_t attr_clipped_top(const double *x, size_t n, double step);
/* Whether as many stand out at another value, AT_LEAST of them. */
bool attr_clipped_elsewhere(const double *x, size_t n, double step, double at_least);
/* Into the state. */
int attr_clipped(struct attr_run *r);
void attr_clipped_warn(struct attr_run *r);

#endif
