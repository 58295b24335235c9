/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the fit leaves says how well each reading is known and, once the sensor is, when it was: weights and times by turns,
 * until neither changes, and the tests of the model with them.
 */
#include "analyze/attribution/mend_times.h"

#include "analyze/attribution/judge.h"
#include "analyze/attribution/misfit.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/times.h"
#include "analyze/attribution/weights.h"

/* Readings that are not alike get weights, and the fit is made with them. */
static int weigh(struct attr_run *r)
{
	bool changed;
	int rc = attr_reweigh(r, &changed);

	return !rc && changed && !r->weights.cell_w ? attr_goes_on(r) : rc;
}

#define STEADY_ROUNDS 4

static bool sensor_fails(const struct attr_run *r)
{
	const struct attr_tests *t = &r->misfit.fitted;

	return attr_test_fails(&t->kernel) || attr_test_fails(&t->clock);
}

/* As the times have changed, from where the fit is, and which updates a counter's readings saw. */
static int go_on(struct attr_run *r)
{
	bool changed;
	int rc = r->st->readings.update ? attr_which_update(r, r->st->power, &changed) : 0;

	return rc ? rc : attr_goes_on(r);
}

/* Stamps that are far off their pace look like another sensor: whether that is all. */
static int mend_far(struct attr_run *r, bool *ret_changed)
{
	int rc = attr_steady_first(r, ret_changed);

	if (!rc && *ret_changed)
		rc = go_on(r);
	if (!rc && *ret_changed)
		rc = weigh(r);
	return !rc && *ret_changed ? attr_judge(r) : rc;
}

/* Times that scatter, once the sensor is known: what seems to scatter beside a wrong one is that. */
static int mend_times(struct attr_run *r)
{
	bool changed = true, tried = false;
	int rc = 0;

	if (sensor_fails(r)) {
		rc = mend_far(r, &tried);
		if (rc < 0 || sensor_fails(r))
			return rc;
	}
	for (int i = 0; !rc && changed && i < STEADY_ROUNDS; i++) {
		rc = attr_steady(r, &changed);
		tried = tried || changed;
		if (!rc && changed)
			rc = go_on(r);
		if (!rc && changed)
			rc = weigh(r);
	}
	if (!rc)
		rc = attr_blur(r, &changed);
	return !rc && (tried || changed) ? attr_judge(r) : rc;
}

bool attr_lag_found(const struct attr_run *r)
{
	return attr_lag_u(r) < r->fit.lag_u_ns || r->fit.lag_u_ns <= 0;
}

/* The search for the lag was with the stamps as they are. */
static int know_scatter(struct attr_run *r)
{
	bool changed;
	int rc = attr_scatter(r, &changed);

	if (!rc && changed && !r->fit.estimated)
		r->fit.estimated = attr_lag_found(r);
	return rc;
}

int attr_weigh_and_judge(struct attr_run *r)
{
	int rc = weigh(r);

	if (!rc)
		rc = attr_judge(r);
	if (!rc)
		rc = mend_times(r);
	return rc ? rc : know_scatter(r);
}
