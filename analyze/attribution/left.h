/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_LEFT_H
#define ERG_ANALYZE_ATTRIBUTION_LEFT_H

/* What a sensor leaves of the readings. */
#include <stdbool.h>

struct attr_kernel;
struct attr_run;
struct attr_shape;
struct attr_view;

/* Mean square of what SHAPE leaves of all readings, with one power for each column of V, W^2; of attr_left_rows() of them,
 * about, evenly taken. */
int attr_left_of_all(struct attr_run *r, const struct attr_view *v, const struct attr_shape *shape,
	double *ret);
double attr_left_rows(const struct attr_run *r);
/* The rows of all readings by the fit, of which attr_row_left() says what that leaves. */
int attr_left_open(struct attr_kernel *k, struct attr_run *r);
/* Whether the fit leaves more than SHARE of what the readings within the work vary by: then the tests have little to see. */
int attr_explains_little(struct attr_run *r, double share, bool *ret);

#endif
