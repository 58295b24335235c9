/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The columns of a run, from what ran when and from what the fit has found so far: when the level changed, and
 * which layers have a profile.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/rebuild.h"
#include "analyze/attribution/extras.h"
#include "analyze/attribution/instances.h"
#include "analyze/attribution/profile.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define LONG_GAP_NS 100e6 /* a gap this long lies outside of the work */

void attr_profiles_forget(struct attr_run *r)
{
	free(r->profile);
	r->profile = NULL;
}

/* What the sensor as it was declared sees at once, ns. */
static double declared_width(const struct attr_run *r)
{
	return r->first.kind == ERG_SENSOR_COUNTER
		? r->st->readings.spacing_ns
		: fmax(attr_window_of(&r->first), attr_tau_of(&r->first));
}

static int apply_profiles(struct attr_run *r)
{
	int rc = r->profile ? attr_profile_view(&r->st->view, r->profile, declared_width(r), r->err)
			    : 0;

	if (rc > 0)
		attr_profiles_forget(r);
	return rc > 0 ? 0 : rc;
}

int attr_build_view(struct attr_run *r)
{
	struct attr_view *v = &r->st->view;
	int rc = attr_view_build(r->src, &r->opt, LONG_GAP_NS, v, r->err);

	if (!rc)
		rc = apply_profiles(r);
	for (size_t i = 0; !rc && i < r->n_changes && v->n_changes == r->n_changes; i++)
		v->changes[i] = r->change[i];
	return rc;
}

/* Mean power of each class by the fit, W. */
static int class_powers(const struct attr_run *r, double **ret)
{
	const struct attr_view *v = &r->st->view;
	double *p = calloc(2 * v->n_classes + 2, sizeof(*p)), *time = p + v->n_classes + 1;

	*ret = p;
	if (!p)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", v->n_classes);
	for (size_t c = 0; c < v->n_cols; c++) {
		if (v->col_apart[c])
			continue;
		p[v->col_class[c]] += r->st->power[c] * v->col_time[c];
		time[v->col_class[c]] += v->col_time[c];
	}
	for (size_t k = 0; k < v->n_classes; k++)
		p[k] = time[k] > 0 ? p[k] / time[k] : 0;
	return 0;
}

int attr_view_again(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	struct attr_view *v = &st->view;
	_cleanup_(erg_freep) double *by_class = NULL;
	double *power;
	int rc = class_powers(r, &by_class);

	if (rc < 0)
		return rc;
	attr_view_release(v);
	rc = attr_build_view(r);
	if (!rc)
		rc = attr_durations(v, r->err);
	if (rc < 0)
		return rc;
	free(r->fit.power);
	r->fit.power = calloc(v->n_cols + 2, sizeof(double));
	power = realloc(st->power, (v->n_cols + 2) * sizeof(double));
	st->power = power ? power : st->power;
	if (!power || !r->fit.power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	for (size_t c = 0; c < v->n_cols; c++)
		st->power[c] = r->fit.power[c] = by_class[v->col_class[c]];
	return 0;
}
