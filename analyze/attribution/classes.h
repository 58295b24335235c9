/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_CLASSES_H
#define ERG_ANALYZE_ATTRIBUTION_CLASSES_H

/* From the powers of columns to the energies of classes. */
struct attr_run;
struct attr_view;
struct erg_attr_state;

/* By how much more than the sensor's offset may be rounding may move the mean of readings whose noise has the SD NOISE, W: the
 * first term of Widrow's Fourier series, bounded by half a step without noise. */
double attr_rounding_bias(const struct erg_attr_state *st, double noise);
void attr_classes(struct attr_run *r);
/* Of each class the energy of the columns that least squares fit with POWER (per column, W), J. */
void attr_fitted_energies(const struct attr_view *v, const double *power, double *ret);

#endif
