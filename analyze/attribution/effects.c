/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the energies would be by another sensor that is as likely as the one that was fitted: by other lags within
 * what was declared of it, and without what stands in for times that scatter.
 */
#include <errno.h>
#include <stdlib.h>

#include "analyze/attribution/internal.h"
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

/* Readings whose times are off see a kernel of a shape that is none of the family: what the fit would say
 * without the low-pass that stands in for it, and without weights, is as good a guess. */
#define JITTER_SEEN 2e4 /* ns, SD */

int attr_jitter_effect(struct attr_run *r)
{
	const struct attr_view *v = &r->st->view;
	struct attr_shape shape = r->st->shape;
	_cleanup_(erg_freep) double *power = NULL;
	int rc;

	if (r->rival || r->misfit.reason || !r->weights.used || r->opt.lag != ERG_LAG_AUTO ||
		r->weights.s[2] < JITTER_SEEN * JITTER_SEEN)
		return 0;
	power = calloc(v->n_cols + 1, sizeof(double));
	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	shape.lag_ns += shape.rc_ns;
	shape.rc_ns = 0;
	rc = attr_powers_by(r, &shape, power);
	if (rc < 0)
		return rc;
	r->rival = calloc(v->n_classes + 1, sizeof(double));
	if (!r->rival)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", v->n_classes);
	attr_fitted_energies(v, power, r->rival);
	return 0;
}
