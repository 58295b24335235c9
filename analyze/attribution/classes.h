/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_CLASSES_H
#define ERG_ANALYZE_ATTRIBUTION_CLASSES_H

/* From the powers of columns to the energies of classes. */
struct attr_run;
struct attr_view;

/* Greatest bias of the mean of readings rounded to QUANTUM when their noise has the SD NOISE, in
 * their unit: the first term of Widrow's Fourier series, bounded by quantum / 2 without noise. */
double attr_rounding_bias(double noise, double quantum);
void attr_classes(struct attr_run *r);
/* Of each class the energy of the columns that least squares fit with POWER (per column, W), J. */
void attr_fitted_energies(const struct attr_view *v, const double *power, double *ret);

#endif
