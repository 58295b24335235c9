/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Readings whose times scatter (a reader that is held up between the reading and its stamp). What is known of a
 * reading is then the mean over the times that it may be of: the window blurred to both sides, by as much as the
 * residuals say (reweigh.c), which is among the unknowns in place of the low-pass, that blurs to one side. Where
 * the low-pass fits better (delays of an exponential law do what it does) it stays. Of a blur only the variance is
 * known: what the other of the two would say is as good a guess, and is in the intervals.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/times.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "analyze/attribution/weights.h"
#include "formats/base/util.h"

#define BLUR_SEEN 2e4 /* ns, SD */
#define BLUR_U 4e12   /* ns^2, of the variance: what is known beforehand */

/* The fit of one of the two. */
struct kept {
	struct attr_shape shape;
	double *power, *energy;
	double known_u[ATTR_PSI], tau_reach, rss;
	bool psi[ATTR_PSI];
};

static bool asked(const struct attr_run *r)
{
	const struct attr_weights *w = &r->weights;
	enum erg_sensor_kind kind = r->st->shape.kind;

	return r->psi[ATTR_SQUARE] && !r->st->shape.blurred && !w->cell_w && w->time_share > 0 &&
		w->s[2] > BLUR_SEEN * BLUR_SEEN &&
		(kind == ERG_SENSOR_BOXCAR || kind == ERG_SENSOR_POINT);
}

static void note(const struct attr_run *r, struct kept *k)
{
	const struct attr_view *v = &r->st->view;

	k->shape = r->st->shape;
	k->tau_reach = r->tau_reach;
	k->rss = r->sol.rss_plain;
	memcpy(k->psi, r->psi, sizeof(k->psi));
	memcpy(k->known_u, r->known_u, sizeof(k->known_u));
	memcpy(k->power, r->st->power, v->n_cols * sizeof(double));
	attr_fitted_energies(v, r->st->power, k->energy);
}

static int take_back(struct attr_run *r, const struct kept *k)
{
	r->st->shape = k->shape;
	r->tau_reach = k->tau_reach;
	memcpy(r->psi, k->psi, sizeof(r->psi));
	memcpy(r->known_u, k->known_u, sizeof(r->known_u));
	memcpy(r->st->power, k->power, r->st->view.n_cols * sizeof(double));
	return attr_fit_step(r);
}

/* The same with a blur, from the fit that is there. */
static int fit_blurred(struct attr_run *r)
{
	struct attr_shape *s = &r->st->shape;

	s->lag_ns += s->rc_ns;
	s->rc_ns = 0;
	s->blurred = true;
	s->blur_ns = sqrt(12 * r->weights.s[2]);
	attr_trust_nothing(r);
	r->known_u[ATTR_SQUARE] = BLUR_U;
	return attr_goes_on(r);
}

int attr_blur(struct attr_run *r, bool *ret_changed)
{
	const struct attr_view *v = &r->st->view;
	_cleanup_(erg_freep) double *power = calloc(v->n_cols + 1, sizeof(double));
	_cleanup_(erg_freep) double *energy = calloc(v->n_classes + 1, sizeof(double));
	struct kept k = {.power = power, .energy = energy};
	int rc;

	*ret_changed = asked(r);
	if (!*ret_changed)
		return 0;
	if (!power || !energy)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	note(r, &k);
	rc = fit_blurred(r);
	if (!rc && !(r->sol.rss_plain < k.rss)) {
		attr_fitted_energies(v, r->st->power, k.energy);
		rc = take_back(r, &k);
	}
	attr_trust_again(r);
	if (!rc)
		rc = attr_goes_on(r);
	free(r->rival);
	r->rival = erg_steal_ptr(&energy);
	return rc;
}
