/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pause is fitted, or integrated, as one power. But what a program does between two iterations (it takes the
 * result, gets the next input) it does before it waits and after that, too, and the trace has no mark between the two: a
 * pause may begin and end with the power of the shorter gaps, for as long together as one of these lasts. Where readings
 * do not follow from the layers and do so by far better with such ends, pauses have them. Where nothing shows, so many
 * joules of the time in no layer are in doubt, but where the readings at the edges of the work are looked at for
 * themselves (outside.c).
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/attribution/pauses.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/rebuild.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define ENDS_LESS 0.5 /* of what is left without them */

/* The gaps of a column. */
struct gaps {
	double n, time, square; /* how many, s; s^2 */
};

static void add_gap(struct gaps *g, double s)
{
	g->n++;
	g->time += s;
	g->square += s * s;
}

/* In how long a gap a moment of theirs is on the average, s. */
static double usual(const struct gaps *g)
{
	return g->time > 0 ? g->square / g->time : 0;
}

struct pauses {
	double least_ns; /* from where on a gap is one */
	double usual_ns; /* of the length next to theirs; 0: there is none */
};

static void find_pauses(const struct attr_view *v, double outside_ns, struct pauses *ret)
{
	uint32_t part = v->gaps.n > 1 ? v->gaps.n - 2 : 0;
	double least = v->gaps.n > 1 ? v->gaps.at[part] : outside_ns;
	struct gaps g = {0};

	for (size_t i = 1; i + 1 < v->n; i++) {
		double ns = (double)(attr_begin(v, i + 1) - attr_begin(v, i));

		if (v->col_class[v->col[i]] == v->gap_class && ns < least &&
			attr_gaps_part(&v->gaps, ns) == part)
			add_gap(&g, ns * 1e-9);
	}
	ret->usual_ns = 1e9 * usual(&g);
	ret->least_ns = fmax(least, 2 * ret->usual_ns);
}

/* What is left of the readings by the sensor as it was declared, or where its lag was found first: the less. */
static int left_by(struct attr_run *r, const struct attr_view *v, double *ret)
{
	double found;
	int rc = attr_left_of_all(r, v, &r->first, ret);

	if (!rc)
		rc = attr_left_of_all(r, v, &r->fit.shape, &found);
	if (!rc)
		*ret = fmin(*ret, found);
	return rc;
}

static int left_with(struct attr_run *r, const struct attr_gap_rules *rules, double *ret)
{
	struct attr_view v;
	int rc = attr_view_build(r->src, &r->opt, rules, &v, r->err);

	if (!rc)
		rc = left_by(r, &v, ret);
	attr_view_release(&v);
	return rc;
}

/* What is left where of one usual gap the part BEFORE is before a pause and the rest after it: taken if it is less than
 * *MOST. */
static int try_ends(struct attr_run *r, const struct pauses *p, double before, double *most)
{
	struct attr_gap_rules rules = attr_gap_rules_of(r);
	double left;
	int rc;

	if (before < 0 || before > 1)
		return 0;
	rules.ends = (struct attr_gap_ends){p->least_ns, before * p->usual_ns,
		(1 - before) * p->usual_ns};
	rc = left_with(r, &rules, &left);
	if (rc < 0 || left >= *most)
		return rc;
	*most = left;
	r->gap_ends = rules.ends;
	return 0;
}

#define FINEST (1.0 / 64) /* of a usual gap */
#define FIRST_LESS 0.9    /* by a first look at three, or there are no others */

/* LEFT: without such ends. */
static int look(struct attr_run *r, const struct pauses *p, double left, bool *ret_better)
{
	double step = .5, before = .5, most = FIRST_LESS * left;
	int rc = try_ends(r, p, before, &most);

	for (; !rc && step >= FINEST; step /= 2) {
		rc = try_ends(r, p, before - step, &most);
		if (!rc)
			rc = try_ends(r, p, before + step, &most);
		if (!(r->gap_ends.least_ns > 0))
			return rc;
		before = r->gap_ends.head_ns / p->usual_ns;
	}
	*ret_better = !rc && most < ENDS_LESS * left;
	if (!*ret_better)
		r->gap_ends = (struct attr_gap_ends){0};
	return rc;
}

int attr_pauses_look(struct attr_run *r, bool *ret_better)
{
	struct attr_gap_rules rules = attr_gap_rules_of(r);
	struct pauses p = {0};
	struct attr_view v;
	double left = 0;
	int rc = attr_view_build(r->src, &r->opt, &rules, &v, r->err);

	*ret_better = false;
	if (!rc && !v.first && v.gap_class) {
		find_pauses(&v, rules.outside_ns, &p);
		rc = left_by(r, &v, &left);
	}
	attr_view_release(&v);
	return !rc && p.usual_ns > 0 ? look(r, &p, left, ret_better) : rc;
}

static void count_gaps(const struct attr_view *v, struct gaps *gaps)
{
	for (size_t i = 0; i < v->n; i++) {
		double s = (double)(attr_begin(v, i + 1) - attr_begin(v, i)) / 1e9;
		struct gaps *g = &gaps[v->col[i]];

		if (v->col_class[v->col[i]] == v->gap_class)
			add_gap(g, s);
	}
}

static double power_of(const struct erg_attr_state *st, size_t c)
{
	const struct attr_direct *d = &st->direct;

	return st->view.col_apart[c] && d->time[c] > 0 ? d->energy[c] / d->time[c] : st->power[c];
}

/* What the ends of the gaps of column C may have taken beyond what was counted, J. */
static double ends_of(const struct erg_attr_state *st, const struct gaps *gaps, size_t c)
{
	double most = 0;

	for (size_t s = 0; s < st->view.n_cols; s++) {
		double end = usual(&gaps[s]);

		if (gaps[s].n > 0 && gaps[c].n > 0 && end < gaps[c].time / gaps[c].n)
			most = fmax(most,
				gaps[c].n * end * fabs(power_of(st, s) - power_of(st, c)));
	}
	return most;
}

int attr_pauses_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	_cleanup_(erg_freep) struct gaps *gaps = calloc(v->n_cols + 1, sizeof(*gaps));
	double by = 0;

	if (!gaps)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", v->n_cols);
	/* of tracks side by side the gap is the base of all */
	if (r->edges_out || r->gap_ends.least_ns > 0 || v->first)
		return 0;
	count_gaps(v, gaps);
	for (size_t c = 0; c < v->n_cols; c++)
		by += ends_of(st, gaps, c);
	st->slack_j[v->gap_class] = hypot(st->slack_j[v->gap_class], by);
	return 0;
}
