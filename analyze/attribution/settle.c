/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where instances differ, the residual has other minima beside that about the sensor as it was declared: of a lag, a
 * low-pass and powers that make up for each other. Chance decides which of them a search ends in, and how many standard
 * errors a parameter is off there says little, as those are of that minimum alone. What the residuals differ by does
 * (a ratio of likelihoods): where it is no more than chance makes of so many parameters, the fit is the one about what
 * was declared, and what the run says beyond is one step from there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/settle.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define BY_CHANCE                                                                                  \
	16 /* variances of a reading: of four parameters more is by chance once in 300 runs */

/* The fit that was found. */
struct found {
	struct attr_shape shape;
	struct attr_misfit misfit;
	double *power, rss;
};

bool attr_is_declared(const struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;

	return r->misfit.declared_right && r->fit.estimated &&
		(!st->readings.stale || st->readings.at_updates) && st->shape.phase < 0 &&
		st->rail.model.provenance != ERG_PROVENANCE_ASSUMED;
}

static bool asked(const struct attr_run *r)
{
	return r->weights.used && !r->misfit.reason && r->psi[ATTR_DELAY] && attr_is_declared(r) &&
		!r->st->shape.blurred;
}

static void set_declared(struct attr_run *r)
{
	struct attr_shape *s = &r->st->shape;

	s->lag_ns = r->first.lag_ns;
	s->window_ns = r->declared.window_ns;
	s->rc_ns = r->declared.rc_ns;
	s->skew = r->declared.skew;
}

static int take_back(struct attr_run *r, const struct found *f)
{
	r->st->shape = f->shape;
	r->misfit = f->misfit;
	memcpy(r->st->power, f->power, r->st->view.n_cols * sizeof(*f->power));
	return attr_fit_at(r, &f->shape, f->power);
}

/* Weights are by the powers that were found for both; what is left is of a weight of 1. */
static int try_declared(struct attr_run *r, const struct found *f, bool *ret_taken)
{
	int rc;

	set_declared(r);
	rc = attr_fit_at(r, &r->st->shape, f->power);
	*ret_taken = !rc && (r->sol.rss_plain / f->rss - 1) * (double)r->st->gram.rows < BY_CHANCE;
	if (*ret_taken)
		rc = attr_fit_step(r);
	if (!rc && *ret_taken)
		rc = attr_judge(r);
	*ret_taken = *ret_taken && !r->misfit.reason;
	return rc;
}

int attr_settle(struct attr_run *r)
{
	size_t n = r->st->view.n_cols;
	_cleanup_(erg_freep) double *power = malloc((n + 1) * sizeof(*power));
	struct found f = {r->st->shape, r->misfit, power, r->sol.rss_plain};
	bool taken;
	int rc;

	if (!asked(r))
		return 0;
	if (!power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", n);
	memcpy(power, r->st->power, n * sizeof(*power));
	rc = try_declared(r, &f, &taken);
	return rc || taken ? rc : take_back(r, &f);
}
