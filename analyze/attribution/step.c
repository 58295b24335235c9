/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step of a fit of the sensor, of whose parameters some can not go where the solution asks them to. */
#include <math.h>
#include <string.h>

#include "analyze/attribution/internal.h"

#define ROUNDS 10000

/* Row I of the slope at X of the square FORM about DELTA. */
static double slope_at(const double *form, const double *x, const double *delta, size_t i)
{
	double sum = 0;

	for (size_t k = 0; k < ATTR_PSI; k++)
		sum += form[i * ATTR_PSI + k] * (x[k] - delta[k]);
	return sum;
}

static double square_at(const double *form, const double *x, const double *delta)
{
	double sum = 0;

	for (size_t i = 0; i < ATTR_PSI; i++)
		sum += (x[i] - delta[i]) * slope_at(form, x, delta, i);
	return sum;
}

double attr_step(const double *form, const double *delta, const bool *held, double *ret)
{
	static const double none[ATTR_PSI] = {0};
	bool moves = form;
	double all;

	for (size_t i = 0; i < ATTR_PSI; i++)
		ret[i] = held[i] ? 0 : delta[i];
	/* one parameter after the other: their units differ by many powers of ten, which this does not mind */
	for (int round = 0; round < ROUNDS && moves; round++) {
		moves = false;
		for (size_t i = 0; i < ATTR_PSI; i++) {
			double d = form[i * ATTR_PSI + i], to;

			if (held[i] || !(d > 0))
				continue;
			to = ret[i] - slope_at(form, ret, delta, i) / d;
			moves = moves || fabs(to - ret[i]) > 1e-9 * fabs(ret[i]);
			ret[i] = to;
		}
	}
	all = form ? square_at(form, none, delta) : 0;
	return !form ? 1 : all > 0 ? fmax(1 - square_at(form, ret, delta) / all, 0) : 0;
}
