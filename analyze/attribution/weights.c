/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a reading is worth. Two things make readings unlike each other:
 *
 * Instances of a layer differ in power, and the time of a reading is not quite known. Then
 * E r^2 = s0 + s1 sum a^2 p^2 + s2 (dm/dlag)^2: a reading that saw one instance alone has all of its
 * variance, one on a steep edge that of its time. The three are non-negative least squares of the
 * squared residuals; sqrt(s1) is the instances' coefficient of variation, sqrt(s2) the jitter.
 *
 * A sensor whose quantum is not small beside its noise gives a cell, not a value: the likelihood of
 * reading y is Phi(b) - Phi(a), the normal noise between the cell's ends, and Newton's step for it is
 * least squares with a working response and a weight (McCullagh and Nelder 1989, chapter 2). The noise
 * is the one of greatest likelihood.
 */
#include <math.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "analyze/attribution/weights.h"
#include "analyze/attribution/kernel.h"

#define FAR 7 /* SDs from a cell, beyond which it is its nearer end */

static void scale_row(struct attr_row *row, double w)
{
	double f = sqrt(w);

	row->sw *= f;
	row->y *= f;
	for (size_t i = 0; i < row->n; i++)
		row->a[i] *= f;
	for (size_t i = 0; i < ATTR_EXTRA_MAX; i++)
		row->x[i] *= f;
}

/* The working response and weight of a reading Y with cell Q, noise SIGMA, where MU is expected. */
static double cell_step(double y, double q, double sigma, double mu, double *ret_w)
{
	double a = (y - q / 2 - mu) / sigma, b = (y + q / 2 - mu) / sigma, p, fa, fb, d;

	if (a > FAR || b < -FAR) {
		*ret_w = 1 / (sigma * sigma);
		return a > FAR ? y - q / 2 : y + q / 2;
	}
	p = fmax(gsl_cdf_ugaussian_P(b) - gsl_cdf_ugaussian_P(a), 1e-300);
	fa = gsl_ran_ugaussian_pdf(a);
	fb = gsl_ran_ugaussian_pdf(b);
	d = (fa - fb) / (sigma * p);
	*ret_w = fmax(d * d - (a * fa - b * fb) / (sigma * sigma * p), 1e-6 / (sigma * sigma));
	return mu + d / *ret_w;
}

/* Half of it by the power of all, as a power that came out too small would make readings of it too good. */
double attr_instance_square(const struct attr_weights *w, double a, double power)
{
	return a * a * (power * power + w->mean_w * w->mean_w) / 2;
}

void attr_weigh(const struct attr_weights *w, struct attr_row *row, const double *power)
{
	double mu = 0, vary = 0, v;

	if (!w->cell_w && !w->used)
		return;
	for (size_t i = 0; i < row->n; i++) {
		double p = power[row->col[i]];

		mu += row->a[i] * p;
		vary += attr_instance_square(w, row->a[i], p);
	}
	if (w->cell_w > 0) {
		row->y = cell_step(row->y, w->cell_w, w->cell_sigma, mu, &v);
		scale_row(row, v * (w->cell_w * w->cell_w / 12 + w->cell_sigma * w->cell_sigma));
		return;
	}
	v = w->s[0] + w->s[1] * vary + w->s[2] * row->slope * row->slope;
	scale_row(row, w->level / v);
}
