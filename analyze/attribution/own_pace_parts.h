/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_OWN_PACE_PARTS_H
#define ERG_ANALYZE_ATTRIBUTION_OWN_PACE_PARTS_H

/* Between own_pace.c, which says what a pace is for, and those who find one. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/curve.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"

#define ATTR_PACE_AGES 128
#define ATTR_PACE_PHASES 10
#define ATTR_PACES 12 /* that are tried */
#define ATTR_PACE_STEP                                                                             \
	0.2 /* of a period, that the conversions at both ends of the stretch are off by */

/* A time of a conversion, ns since the first reading, and how far they are apart. */
struct attr_pace {
	double when, period;
};

struct attr_conversions {
	struct attr_run *r;
	const struct attr_readings *rd; /* at their stamps */
	struct attr_shape shape;        /* of a reading whose conversion ended at its time */
	double *power;                  /* per column, W */
	struct attr_curve curve;
	size_t hint[2];
	size_t from, n;      /* the stretch that a pace is looked for in */
	double *says;        /* n x ATTR_PACE_AGES: the mean power if the reading is so old, W */
	double age;          /* from one to the next of those, ns */
	double *at;          /* n: since the first of the stretch, ns */
	uint64_t *stretch_t; /* n */
	double *stretch_v;   /* n */
	double variance;     /* left of the stretch, W^2 */
	struct attr_pace pace;
	double *when; /* of the conversion that each reading shows, ns since the first reading */
};

/* One of the paces that leave least of the stretch: those of neighbouring periods are one. */
struct attr_pace_tried {
	struct attr_pace pace;
	double left; /* share */
};

static inline double attr_since_first(const struct attr_readings *r, size_t i)
{
	return (double)(r->t[i] - r->t[0]);
}
/* The conversion of a pace that was the latest at T. */
static inline double attr_pace_latest(const struct attr_pace *p, double t)
{
	return p->when + floor((t - p->when) / p->period) * p->period;
}
/* own_pace_scan.c: the stretch whose readings vary most; the paces that leave least of it by the power as it is, the least first. */
void attr_pace_stretch(struct attr_conversions *c);
void attr_pace_scan(struct attr_conversions *c, struct attr_pace_tried best[ATTR_PACES]);
/* own_pace_follow.c: the power is another one. 0 or -ENOMEM. */
int attr_pace_power(struct attr_conversions *c);
/* What a conversion that ended WHEN ns since the first reading shows, W; NAN: outside of the timeline. */
double attr_pace_shown(struct attr_conversions *c, double when);
/* Period and phase by turns, in steps that halve, about the middle of the stretch; what it leaves, W^2 in all. */
double attr_pace_refine(struct attr_conversions *c, struct attr_pace *p);
/* From the stretch to both ends of the run: the conversion of each reading. */
void attr_pace_follow(struct attr_conversions *c);

#endif
