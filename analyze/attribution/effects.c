/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the energies would be by another sensor that is as likely as the one that was fitted: by other lags within
 * what was declared of it, and without what stands in for times that scatter.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/attribution/effects.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

/* A lag that was given to +-u, not found in the data: refits on both sides. Not only at the ends, as
 * the energy of a short layer is no straight line of the lag. */
int attr_lag_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	struct attr_shape shape = st->shape;
	static const double side[ATTR_LAG_SIDES] = {-1.959964, -1, 1, 1.959964};
	_cleanup_(erg_freep) double *power = NULL;
	int rc = 0;

	if (r->fit.estimated || r->fit.lag_u_ns <= 0)
		return 0;
	power = calloc(v->n_cols + 1, sizeof(double));
	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	for (size_t i = 0; i < ATTR_LAG_SIDES && !rc; i++) {
		shape.lag_ns = st->shape.lag_ns + side[i] * r->fit.lag_u_ns;
		rc = attr_powers_by(r, &shape, power);
		for (size_t c = 0; c < v->n_cols && !rc; c++)
			if (!st->is_direct[v->col_class[c]] && !v->col_apart[c])
				st->lag_j[ATTR_LAG_SIDES * v->col_class[c] + i] +=
					attr_col_energy(v, power, c) -
					attr_col_energy(v, st->power, c);
	}
	return rc;
}

/* By the sensor SHAPE, without weights. */
static int energies_by(struct attr_run *r, const struct attr_shape *shape, double *ret)
{
	const struct attr_view *v = &r->st->view;
	_cleanup_(erg_freep) double *power = calloc(v->n_cols + 1, sizeof(double));
	int rc;

	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	rc = attr_powers_by(r, shape, power);
	if (!rc)
		attr_fitted_energies(v, power, ret);
	return rc;
}

static int without_blur(struct attr_run *r, double *ret_energy)
{
	struct attr_shape shape = r->st->shape;

	shape.lag_ns += shape.rc_ns;
	shape.rc_ns = shape.blur_ns = 0;
	return energies_by(r, &shape, ret_energy);
}

/* Times whose scatter is known (scatter.c): how much it is on the whole, the means of the readings and what they differ by
 * say both. They agree where a blur has the shape of the scatter, which need not be. Of shapes of one variance the kernels
 * differ from the fourth order on, so by a part of what the blur does that rises with its variance. */
#define SHAPE_NS 7e5 /* SD at which all that the blur does may be another */

static int scatter_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	size_t n = st->view.n_classes;
	_cleanup_(erg_freep) double *energy = calloc(3 * n + 3, sizeof(double));
	double *here = energy + n + 1, *sharp = here + n + 1;
	double part = fmin(attr_square_of(&st->shape) / (SHAPE_NS * SHAPE_NS), 1);
	struct attr_shape shape = st->shape;
	int rc;

	if (!energy)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", n);
	rc = energies_by(r, &shape, here);
	shape.blur_ns = sqrt(12 * r->weights.s[2]);
	if (!rc)
		rc = energies_by(r, &shape, energy);
	if (!rc)
		rc = without_blur(r, sharp);
	for (size_t k = 0; !rc && k < n; k++)
		st->slack_j[k] = hypot(st->slack_j[k],
			hypot(energy[k] - here[k], part * (sharp[k] - here[k])));
	return rc;
}

/* Readings whose times are off see a kernel of a shape that is none of the family: what the fit would say without
 * the low-pass or the blur that stands in for it, and without weights, is as good a guess; where the two were both
 * tried and differ (blur.c), a part of that is, as their difference in one layer may be small by chance. */
#define JITTER_SEEN 2e4 /* ns, SD */
#define SHAPE_PART 0.3

int attr_jitter_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	size_t n = st->view.n_classes;
	_cleanup_(erg_freep) double *energy = calloc(2 * n + 2, sizeof(double));
	double *here = energy + n + 1;
	int rc;

	if (!r->misfit.reason && st->readings.scatter)
		return scatter_effect(r);
	if (r->misfit.reason || !r->weights.used || r->opt.lag != ERG_LAG_AUTO ||
		r->weights.s[2] < JITTER_SEEN * JITTER_SEEN)
		return 0;
	if (!energy)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", n);
	rc = without_blur(r, energy);
	if (rc < 0 || !r->rival) {
		r->rival = rc < 0 ? r->rival : erg_steal_ptr(&energy);
		return rc;
	}
	attr_fitted_energies(&st->view, st->power, here);
	for (size_t k = 0; k < n; k++)
		st->slack_j[k] = hypot(st->slack_j[k], SHAPE_PART * (energy[k] - here[k]));
	return 0;
}
