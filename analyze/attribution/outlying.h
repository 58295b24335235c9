/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_OUTLYING_H
#define ERG_ANALYZE_ATTRIBUTION_OUTLYING_H

/* Single readings that cannot be of this load, as of a bus that garbles one now and then. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/timeline/rail.h"

struct attr_run;
struct erg_attr_state;

struct attr_outlying {
	size_t n;       /* left out; 0: none, and nothing else is set */
	uint64_t *t;    /* of each */
	double *more_j; /* what each would add to the sum if it were real; below 0: take from it */
	double lo, hi;  /* W: least and greatest of them */
	double w;       /* what the run's mean power would be off by, W */
	double as_many; /* as many that add the same each would make their sum as sure */
	struct erg_rail kept; /* the rail without them */
};

/* Most of the readings that may be left out. */
#define ATTR_OUTLYING_MOST 0.05

/* Marks those of N readings V that are far outside of the range of all others, each alone among its neighbours. */
int attr_outlying_far(const double *v, size_t n, bool *out);
/* Whether the N readings at T that are marked are as rare among their neighbours in time as chance has it. */
bool attr_outlying_alone(const bool *out, size_t n, size_t marked);
/* Whether those come with one layer far more often than others do: then they are of it. */
bool attr_outlying_of_layer(const struct attr_run *r, const uint64_t *t, const bool *out, size_t n);
/* Marks in R->outlying what is far of RAIL's readings. */
int attr_outlying_first(struct attr_run *r, const struct erg_rail *rail);
/* The same by what the fit leaves of them (outlying_left.c): how many more. */
int attr_outlying_left(struct attr_run *r, const struct erg_rail *rail, size_t *ret_more);
/* RAIL without those that R->outlying marks, into the state. */
int attr_outlying_leave_out(struct attr_run *r, const struct erg_rail *rail);
void attr_outlying_release(struct attr_outlying *o);
/* What they would add, and take, J, and the squares of it. */
struct attr_outlying_sum {
	double up, down, up2, down2;
};
/* Of those from BEGIN to END, WEIGHT of each. */
void attr_outlying_add(const struct attr_outlying *o, uint64_t begin, uint64_t end, double weight,
	struct attr_outlying_sum *sum);
/* What a sum of the readings may be off by for them, J; and the energy of TIME s of layers. */
double attr_outlying_most(const struct attr_outlying_sum *sum);
double attr_outlying_j(const struct erg_attr_state *st, double time);
void attr_outlying_warn(struct attr_run *r);

#endif
