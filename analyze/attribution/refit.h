/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_REFIT_H
#define ERG_ANALYZE_ATTRIBUTION_REFIT_H

/* Steps of the fit, for whatever of the sensor is not known. */
struct attr_run;
struct attr_shape;

/* Sums and the solution for the sensor SHAPE, derivatives and weights by POWER (per column). */
int attr_fit_at(struct attr_run *r, const struct attr_shape *shape, const double *power);
/* POWER (per column) by the sensor SHAPE instead: the fit of R stays as it is. */
int attr_powers_by(struct attr_run *r, const struct attr_shape *shape, double *power);
/* The sensor that the last solution asks for, FACTOR of the way, no further than derivatives are good for. */
void attr_next_shape(const struct attr_run *r, const struct attr_shape *from, double factor,
	struct attr_shape *ret);
/* Fits the run: from r->fit on, whatever of the sensor is not known. */
int attr_refit(struct attr_run *r);
/* Goes on from R->st->shape and R->fit.power when the columns have changed. */
int attr_refit_again(struct attr_run *r);
/* From R->st->shape and POWER (per column; overwritten) to the next minimum of the residual. */
int attr_descend(struct attr_run *r, double *power);
/* Standard error of the lag by the last fit, as of white noise, ns. */
double attr_lag_u(const struct attr_run *r);
/* The same of the time constant of its low-pass, which is over 0. */
double attr_tau_u(const struct attr_run *r);
/* From where the fit is, as the rows have changed. */
int attr_goes_on(struct attr_run *r);
/* One step of Gauss-Newton, unless that leaves more. */
int attr_fit_step(struct attr_run *r);
/* Everything of the sensor is asked, whatever was declared. */
void attr_trust_nothing(struct attr_run *r);
/* But what was declared of the window and the clock, as far as the fit agrees with it. */
void attr_trust_again(struct attr_run *r);

#endif
