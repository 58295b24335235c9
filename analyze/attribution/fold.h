/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_FOLD_H
#define ERG_ANALYZE_ATTRIBUTION_FOLD_H

/* Power that no layer has and that comes again in step with the readings. */
#include <stddef.h>

struct attr_run;

struct attr_fold {
	size_t every; /* so many readings; 0: nothing comes again */
	double w;     /* half width of what the readings' mean may be off by, W */
};
/* Of N values that follow each other, NAN where there is none. */
struct attr_fold attr_fold_of(const double *left, size_t n);
/* Of what the fit leaves of the readings, into the state. 0 or a failure. */
int attr_fold(struct attr_run *r);

#endif
