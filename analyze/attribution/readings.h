/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_READINGS_H
#define ERG_ANALYZE_ATTRIBUTION_READINGS_H

/* The readings of a rail that are fresh: repetitions of a stale one are dropped. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/attribution.h"

struct attr_readings {
	size_t n;
	const uint64_t *t;
	const double *v;
	uint64_t *own_t;
	uint64_t *stamp; /* as they were, where the times are others (steady.c); NULL */
	double *off; /* where there are stamps: how much later than the pace of its neighbours, ns */
	/* of each: how far its time scatters beside those of all (SD, 1 on the whole; scatter.c); NULL: alike */
	double *scatter;
	double steadied; /* part of what they were off from their pace that was taken off the times */
	double late_from_ns; /* from where on all of it was; 0: not asked, INFINITY: none */
	size_t n_late;       /* of which that was done */
	double stray_ns; /* from where on it may have to be, of a run that does not tell; 0: it tells */
	double *own_v;
	double *update; /* number of the update that each saw, where that is not the one due (which_update.c); NULL */
	double spacing_ns; /* median */
	double half_ns;    /* mean half width of a reading */
	double grid_ns;    /* what the times were rounded to; 0: nothing that shows */
	double period_ns;  /* native update period: of the model, or found */
	bool stale;        /* repeated readings were dropped */
	bool at_updates; /* the times are those of the updates, which come like clockwork (updates.c), or of conversions (own_pace.c) */
	double room_ns;  /* by up to half of which all of those may be off */
	size_t repeated; /* left out: they were the one before once more */
	size_t wide;     /* left out: their times are known much worse than those of the others */
};
int attr_readings_build(const struct erg_rail *rail, uint64_t begin, uint64_t end,
	struct attr_readings *ret, struct erg_err *err);
/* No reading precedes its window: what a lag is at least, ns, but for errors of the clocks. */
double attr_least_lag(const struct attr_readings *r);
/* Of the readings FROM .. TO - 1 those at other times, WHEN (of all) ns since the first of R; of those of one time the first.
 * Returns how many. */
size_t attr_readings_put(const struct attr_readings *r, const double *when, size_t from, size_t to,
	uint64_t *ret_t, double *ret_v);
/* The readings are of other times, WHEN ns since the first one; of those of one time the first stays. What they were stays the
 * caller's. 0 or -ENOMEM. */
int attr_readings_at(struct attr_readings *r, const double *when, struct erg_err *err);
/* As they were BEFORE that. */
void attr_readings_back(struct attr_readings *r, const struct attr_readings *before);
void attr_readings_release(struct attr_readings *r);

#endif
