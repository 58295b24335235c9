/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SCAN_H
#define ERG_ANALYZE_ATTRIBUTION_SCAN_H

/* The grid of sensors that a search looks at, over a stretch of the run. */
#include <stdbool.h>
#include <stddef.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/nnls.h"

struct attr_run;
struct erg_attr_state;

#define ATTR_SAME_FIT 30    /* variances of a reading by which a worse minimum is no rival */
#define ATTR_SLOW_LEAST 6e7 /* ns: what a slow sensor remembers at least */
#define ATTR_SLOW_PART 0.02 /* of a run, that a slow sensor remembers at most */
#define ATTR_REFINED 10     /* places that are kept of a grid; two more may join them */

struct attr_place {
	struct attr_shape shape;
	double rss;
	bool own; /* where the search began */
};
/* The one that leaves least first. */
void attr_places_sort(struct attr_place *place, size_t n);

struct attr_scan {
	struct attr_run *r;
	const struct erg_attr_state *st;
	size_t from, to, stride; /* readings */
	struct attr_nnls nnls;
	double *power;
	struct attr_place *best; /* n of at most ATTR_REFINED, ascending */
	size_t n;
	double segment;   /* typical, ns */
	double iteration; /* ns from one iteration of the work to the next; 0: nothing in it recurs */
	double lag_max;   /* ns */
	double steps;     /* of the lag, in what it moves by */
	bool fine;        /* windows and lags as far apart as the minima of short layers are wide */
	double least;     /* residual, per row, below which all fit alike */
	double work, most; /* entries looked at, and how many may be */
};
/* A stretch in the middle of R's readings, nothing of it looked at. */
int attr_scan_open(struct attr_scan *s, struct attr_run *r);
void attr_scan_close(struct attr_scan *s);
/* Whether all that a search may cost is spent. */
bool attr_scan_tired(const struct attr_scan *s);
/* Residual of the stretch with SHAPE, per row, W^2; INFINITY: too few rows. The powers in s->nnls.x. */
int attr_scan_at(struct attr_scan *s, const struct attr_shape *shape, double *ret);
/* The sensor that a grid is built around: what was declared of R's, as far as that says anything. */
void attr_scan_family(const struct attr_run *r, struct attr_shape *ret);
/* Windows and lags around BASE, and low-passes if SLOW: the best are in s->best. */
int attr_scan_grid(struct attr_scan *s, const struct attr_shape *base, bool slow);
/* The same for sensors that remember for longer than the grid has: LEAST ns to a second. */
int attr_scan_slow(struct attr_scan *s, const struct attr_shape *base, double least);
/* Lags beyond the grid's: where iterations are alike a lag of some of them more or less fits a little, and
 * that of the grid which is nearest to the true one is not it. */
int attr_scan_far(struct attr_scan *s, const struct attr_shape *base);
/* Windows up to an iteration of the work, of which the grid has few, by steps of a segment. */
int attr_scan_to_iteration(struct attr_scan *s, const struct attr_shape *base);
/* Windows that begin or end whole iterations earlier or later than those of the best places: where iterations are alike, a
 * window and what is left of it by whole iterations see the same but for its depth, and a search comes to the one that it
 * looks at first. */
int attr_scan_shifted(struct attr_scan *s);
/* A window more and the edges of short layers lie elsewhere: many windows, no low-pass. */
int attr_scan_finely(struct attr_scan *s, const struct attr_shape *base);
/* A clock that runs off blurs even the stretch: of each of the best places the best of a few clocks, and of
 * lags between those scanned. */
int attr_scan_clocks(struct attr_scan *s);
/* What one of several pieces of work said of its failure is what R says, unless it has said something. */
void attr_scan_failed(const struct attr_scan *s, const struct erg_err *err);

#endif
