/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_DIRECT_H
#define ERG_ANALYZE_ATTRIBUTION_DIRECT_H

/* Readings that lie inside one layer: its energy without a model. */
struct attr_readings;
struct attr_shape;
struct attr_view;
struct erg_err;

#define ATTR_DIRECT_WINDOWS 10 /* a layer this many windows long is integrated directly */

struct attr_direct {
	/* per column */
	double *energy;    /* J, in the time represented */
	double *time;      /* s represented by readings inside */
	double *readings;  /* inside */
	double *instances; /* with a reading inside */
	double *var;       /* of the mean power, W^2, design based */
	double *spread;    /* SD of a reading of the column, W */
};
int attr_direct_run(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *shape, struct attr_direct *ret, struct erg_err *err);
void attr_direct_release(struct attr_direct *d);

#endif
