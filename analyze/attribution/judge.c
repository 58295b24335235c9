/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the model may stand: which of its tests (misfit.c) fail, and whether the times of the readings are known
 * well enough for the layers that they saw.
 */
#include <math.h>

#include "analyze/attribution/judge.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/misfit.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"

#define JITTER_MAX                                                                                 \
	2e5 /* ns, SD of the readings' times: beyond, the kernel of short layers is not known */
#define SCATTER_MAX 4e5  /* the same where how each may scatter is known (scatter.c) */
#define JITTER_LAYER 0.2 /* or of a layer's duration */

bool attr_test_fails(const struct attr_test *t)
{
	return t->p < ATTR_MISFIT_P && !t->slight;
}

/* Mean duration of a layer's instance, weighted by time, ns. */
static double layer_ns(const struct attr_view *v)
{
	double sum = 0, square = 0;

	for (size_t k = 0; k < v->gap_class; k++) {
		sum += v->class_time[k];
		if (v->class_calls[k])
			square += v->class_time[k] * v->class_time[k] / (double)v->class_calls[k];
	}
	return sum > 0 ? square / sum * 1e9 : 0;
}

/* How much the times of readings may scatter beside layers that last LAYER ns, ns (SD). */
static double jitter_most(double layer)
{
	return fmax(JITTER_MAX, JITTER_LAYER * layer);
}

static bool is_too_much(const struct attr_run *r, double variance)
{
	double jitter = jitter_most(layer_ns(&r->st->view));

	return variance > jitter * jitter;
}

bool attr_scatters(const struct attr_run *r)
{
	double most = r->st->readings.scatter ? SCATTER_MAX : 0;

	return r->weights.time_share > 0 && r->weights.s[2] > most * most &&
		is_too_much(r, r->weights.s[2]);
}

bool attr_rounded(const struct attr_run *r)
{
	double grid = r->st->readings.grid_ns;

	return is_too_much(r, grid * grid / 12);
}

bool attr_rounded_away(const struct erg_attr_state *st, size_t c)
{
	const struct attr_view *v = &st->view;
	double sd = st->readings.grid_ns / sqrt(12), calls = (double)v->class_calls[c];

	return sd > jitter_most(v->class_time[c] * 1e9 / fmax(calls, 1));
}

/* A sensor that is far from the one declared was chosen among many for what the readings are like; of power that
 * is not the same all through a layer, say, a low-pass makes much, and leaves a trace. So what is tested of it must
 * not fail by less: once in 200 runs it does by chance. */
#define FAR_P 0.005
#define FAR_WINDOW 0.05 /* of the one declared */
#define FAR_TAU 0.15    /* of the window */
#define TAU_KNOWN 0.1   /* so well is a low-pass known that is one and slower than the window */

bool attr_is_low_pass(const struct erg_attr_state *st)
{
	/* a counter is the mean from one reading to the next */
	double w = st->shape.kind == ERG_SENSOR_COUNTER ? st->readings.spacing_ns
							: attr_window_of(&st->shape);

	return st->shape.rc_ns > w;
}

/* Energies behind a slow low-pass go with its time constant by no straight line: of one that the run hardly knows
 * nothing follows. */
static bool is_vague(const struct attr_run *r)
{
	return r->psi[ATTR_SQUARE] && attr_is_low_pass(r->st) &&
		attr_tau_u(r) > TAU_KNOWN * attr_tau_of(&r->st->shape);
}

bool attr_far_and_doubtful(const struct attr_run *r)
{
	const struct attr_shape *s = &r->st->shape;
	const struct attr_tests *t = &r->misfit.fitted;
	double declared = attr_window_of(&r->declared), w = attr_window_of(s);
	double p = fmin(fmin(t->kernel.p, t->profile.p), fmin(t->clock.p, t->duration.p));

	if (is_vague(r))
		return true;
	if (fabs(w - declared) <= FAR_WINDOW * declared && attr_tau_of(s) <= FAR_TAU * w)
		return false;
	/* a run too short for the test has nothing that speaks for another sensor */
	return (isnan(t->kernel.p) && r->declared.kind != ERG_SENSOR_COUNTER) || 4 * p < FAR_P;
}

static int judge(struct attr_run *r)
{
	struct attr_misfit *f = &r->misfit;
	int rc = attr_misfit(r, &f->fitted);

	f->reason = NULL;
	if (rc < 0)
		return rc;
	/* stamps that were held, of which those that are late by too little to be put back look like this, too */
	if (attr_test_fails(&f->fitted.profile) &&
		!(r->st->readings.n_late && f->fitted.late.slight))
		f->reason = "misfit: profile";
	if (attr_test_fails(&f->fitted.late))
		f->reason = "misfit: late";
	if (attr_test_fails(&f->fitted.duration))
		f->reason = "misfit: varying";
	/* a declared sensor that failed is not made right by a run too short for the test */
	if (attr_test_fails(&f->fitted.kernel) || (isnan(f->fitted.kernel.p) && !f->declared_right))
		f->reason = "misfit: unknown";
	if (attr_test_fails(&f->fitted.clock) || attr_scatters(r) || attr_rounded(r))
		f->reason = "misfit: clock";
	/* the search was for a reason */
	if (f->stopped && !f->reason)
		f->reason = "misfit: unknown";
	return 0;
}

int attr_judge(struct attr_run *r)
{
	struct attr_misfit *f = &r->misfit;
	int rc = 0;

	f->fitted.kernel.p = f->fitted.clock.p = f->fitted.duration.p = f->fitted.late.p = NAN;
	f->fitted.profile.p = NAN;
	f->given.lag.p = f->given.kernel.p = NAN;
	if (!r->st->locked && r->st->view.gap_class && r->opt.lag == ERG_LAG_AUTO)
		return judge(r);
	if (!r->st->locked && r->st->view.gap_class && r->opt.lag == ERG_LAG_OVERRIDE)
		rc = attr_misfit(r, &f->given);
	if (!r->st->locked && r->st->view.gap_class && attr_rounded(r))
		f->reason = "misfit: clock";
	/* "fits" is said of what was tested */
	f->declared.window.p = f->declared.rc.p = f->declared.skew.p = f->declared.kernel.p = NAN;
	return rc;
}
