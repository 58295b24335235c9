/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SENSOR_COLUMNS_H
#define ERG_ANALYZE_ATTRIBUTION_SENSOR_COLUMNS_H

/* Parameters of the sensor as further columns of the least squares. */
#include <stdbool.h>
#include <stddef.h>

#include "analyze/attribution/curve.h"
#include "analyze/attribution/kernel.h"

struct attr_readings;

enum attr_psi { ATTR_DELAY, ATTR_WINDOW, ATTR_SQUARE, ATTR_CLOCK, ATTR_PSI };

struct attr_look {
	double end, window, stale; /* ns since t0; ns */
};
/* Where reading M looks; false: nowhere. */
bool attr_look(const struct attr_view *v, const struct attr_readings *r, const struct attr_shape *s,
	size_t m, struct attr_look *ret);
double attr_window_of(const struct attr_shape *s);
#define ATTR_WINDOW_MIN 1000.0 /* ns: what stands for no window */
double attr_tau_of(const struct attr_shape *s);
/* Variance of the blur, or square of the time constant, ns^2. */
double attr_square_of(const struct attr_shape *s);
double attr_delay_of(const struct attr_shape *s); /* of the middle of the kernel */
/* ATTR_PSI steps: ns, ns, ns^2, s/s. */
void attr_shape_move(struct attr_shape *s, const double *step);

struct attr_sensor_columns {
	const struct attr_view *view;
	const struct attr_readings *readings;
	struct attr_shape shape;
	bool psi[ATTR_PSI]; /* which are free */
	double h_delay, h_window, d_square, to_hi, to_lo;
	double blur_hi, blur_lo; /* ns, where the square is that of a blur */
	size_t hint[2];          /* where the last reading looked */
	size_t by;               /* and how far that was from the one before */
	double slope; /* of the reading filled last: by the lag, W/ns, for its weight: of a blur not signed */
	struct attr_curve curve;
};
/* TAU_REACH: ns, how far the step by the low-pass is thought to go from none. Behind a window of edges the
 * model has kinks, of which a low-pass changes more, for the square of its time constant, the shorter it is:
 * a difference that reaches much further than the step says too little, and the steps go to and fro. */
int attr_sensor_columns_open(struct attr_sensor_columns *x, const struct attr_view *v,
	const struct attr_readings *r, const struct attr_shape *s, const bool *psi,
	const double *power, double tau_reach);
void attr_sensor_columns_close(struct attr_sensor_columns *x);
/* Derivatives of reading M by the free parameters, 0 of the others. */
int attr_sensor_columns_fill(struct attr_sensor_columns *x, size_t m, double *out);

#endif
