/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_CURVE_H
#define ERG_ANALYZE_ATTRIBUTION_CURVE_H

/* The power that the classes' powers make of the timeline, and its integral. */
#include <stdbool.h>
#include <stddef.h>

#include "analyze/attribution/kernel.h"

#define ATTR_TAUS 3
#define ATTR_GROUPS 7

struct attr_curve {
	const struct attr_view *view;
	const double *power;   /* per column, W; borrowed */
	size_t n_tau, n, cap;  /* n segments are ready */
	double tau[ATTR_TAUS]; /* ns; 0: none */
	double warm;           /* ns before a stretch, for the longest it was opened with */
	size_t each;           /* what a segment counts as work */
	double from;           /* from here on the low-passes are warm, ns since t0 */
	double span;           /* the longest that was asked for, ns */
	size_t most;           /* segments, before those that are done with are left out */
	size_t next;           /* segment after the last that is ready */
	size_t made;           /* segments that were ever made ready */
	size_t work;           /* as an attr_kernel's */
	bool at_end;
	double *edge, *sum;   /* n + 1: ns since t0; W ns */
	double *p;            /* n: W */
	double *y[ATTR_TAUS]; /* n + 1: power behind the low-pass, W; NULL without one */
	/* By whole ns: what a low-pass has left then; 0: not asked yet; NULL: each is found anew. */
	double *decay[ATTR_TAUS];
	double apart; /* of the points whose exponentials SERIES has, ns */
	double series[ATTR_TAUS]
		     [ATTR_STALE_POINTS + 1]; /* sums of so many of them, the last one being 1 */
	size_t n_groups; /* of columns, by index: sums of power x z, the last of power x (z^2 - 1) */
	double *group[ATTR_GROUPS]; /* n + 1: W ns */
};
int attr_curve_open(struct attr_curve *c, const struct attr_view *v, const double *power,
	const double *tau, size_t n_tau);
void attr_curve_close(struct attr_curve *c);
/* Makes FROM .. TO (ns since t0) ready. Cheap when they move forward. */
int attr_curve_cover(struct attr_curve *c, double from, double to);
/* Leaves out the segments that end before X. */
void attr_curve_drop(struct attr_curve *c, double x);
double attr_curve_group(const struct attr_curve *c, size_t g, double end, double window,
	size_t hint[2]);
/* Mean over a window that ends at END, or up to STALE before. HINT: segments where its end and its begin may
 * be; afterwards where they are. */
double attr_curve_mean(struct attr_curve *c, size_t j, double end, double window, double stale,
	size_t hint[2]);

#endif
