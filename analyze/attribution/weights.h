/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_WEIGHTS_H
#define ERG_ANALYZE_ATTRIBUTION_WEIGHTS_H

/* Readings that are not alike: how much each counts. */
#include <stdbool.h>

struct attr_row;
struct attr_run;

struct attr_weights {
	bool used;
	double s[3];  /* variance: W^2; of the square of an instance's part; of the time, ns^2 */
	double level; /* harmonic mean of the variances: weights are 1 on the average, as the residual is of so many readings */
	double mean_w;     /* power of what runs, on the average */
	double time_share; /* of the variance, that of the time; 0: none that is not by chance */
	double cell_w, cell_sigma; /* > 0: readings are cells of this width, with this noise, W */
};
/* Square of what an instance's part in a reading is, beside A of a column at POWER, W^2. */
double attr_instance_square(const struct attr_weights *w, double a, double power);
/* Weighs a row whose columns have POWER. */
void attr_weigh(const struct attr_weights *w, struct attr_row *row, const double *power);
/* Looks at the residuals of the fit; *RET_CHANGED: readings are not alike, R->weights says how. Cells
 * are fitted at once. */
int attr_reweigh(struct attr_run *r, bool *ret_changed);
int attr_fit_cells(struct attr_run *r);

#endif
