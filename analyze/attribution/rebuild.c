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
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/instances.h"
#include "analyze/attribution/profile.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define LONG_GAP_NS 100e6 /* a gap this long lies outside of the work */
#define EDGE_GAP_READINGS                                                                          \
	5                 /* one of so many before the first layer, or after the last, does, too */
#define EDGES_FEW 0.5     /* of the time of the work, that readings which saw its edges are */
#define EDGES_MATTER 0.01 /* of that time: less of it makes no fit a misfit that is not odd */
#define EDGES_BRIEF 20    /* readings, below which a column needs those, too */

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

/* How often what is outside of the work begins or ends, and *ret_work_s, what is not. */
static size_t count_edges(const struct attr_view *v, double *ret_work_s)
{
	size_t edges = 0;
	bool was = true;

	*ret_work_s = 0;
	for (size_t i = 0; i < v->n; i++) {
		bool outside = v->col_apart[v->col[attr_first(v, i)]];

		edges += i && outside != was;
		was = outside;
		*ret_work_s +=
			outside ? 0 : (double)(attr_begin(v, i + 1) - attr_begin(v, i)) * 1e-9;
	}
	return edges;
}

double attr_declared_ns(const struct attr_run *r)
{
	return fmax(declared_width(r), r->st->readings.spacing_ns);
}

static double edge_gap(const struct attr_run *r)
{
	return fmin(EDGE_GAP_READINGS * attr_declared_ns(r), LONG_GAP_NS);
}

bool attr_leave_edges_out(struct attr_run *r)
{
	double work_s, edges = (double)count_edges(&r->st->view, &work_s);

	r->edges_out = edges > 0 && edges * attr_declared_ns(r) * 1e-9 <= EDGES_FEW * work_s;
	r->st->view.brief_s = r->edges_out ? EDGES_BRIEF * attr_declared_ns(r) * 1e-9 : 0;
	return r->edges_out;
}

/* Time of gaps amid the work that may be integrated, ns. */
static double pauses(const struct attr_run *r)
{
	const struct attr_view *v = &r->st->view;
	double least = edge_gap(r), time = 0;

	for (size_t i = 0; i < v->n && !v->first; i++) {
		double dur = (double)(attr_begin(v, i + 1) - attr_begin(v, i));

		if (v->col_class[v->col[i]] == v->gap_class && !v->col_apart[v->col[i]] &&
			dur >= least)
			time += dur;
	}
	return time;
}

bool attr_take_outside(struct attr_run *r)
{
	double work_s, edges = (double)count_edges(&r->st->view, &work_s);
	bool many = edges * attr_declared_ns(r) * 1e-9 > EDGES_MATTER * work_s;

	if (r->pauses_out || (!(pauses(r) > 0) && (r->edges_out || !many)))
		return false;
	r->pauses_out = r->edges_out = true;
	return true;
}

struct attr_gap_rules attr_gap_rules_of(const struct attr_run *r)
{
	double edge = edge_gap(r);

	return (struct attr_gap_rules){r->pauses_out ? edge : LONG_GAP_NS, edge, r->gap_ends};
}

int attr_build_view(struct attr_run *r)
{
	struct attr_view *v = &r->st->view;
	struct attr_gap_rules rules = attr_gap_rules_of(r);
	int rc = attr_view_build(r->src, &r->opt, &rules, v, r->err);

	if (!rc)
		rc = apply_profiles(r);
	if (!rc && r->edges_out)
		attr_leave_edges_out(r);
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
