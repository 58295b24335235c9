/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the declared sensor is contradicted, another one is looked for: windows, low-passes and lags
 * on a grid (scan.c), over a stretch in the middle of the run; the best of them refined there by Gauss-Newton;
 * the best of those over a stretch that doubles until it is the run. So the clock, which moves the
 * lag by milliseconds at the ends of a long run, is known well enough each time the stretch grows.
 *
 * The residual has many minima (a lag of one layer more fits a little). The tests that follow tell a
 * wrong one from the right; where two minima fit alike, what the other would say widens the intervals.
 *
 * The places that are refined do not depend on each other either (scan.c): each has a run of its own beside
 * the one that searches.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/search.h"
#include "analyze/attribution/bootstrap.h"
#include "analyze/attribution/classes.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/left.h"
#include "analyze/attribution/nnls.h"
#include "analyze/attribution/pool.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/scan.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/weights.h"
#include "formats/base/util.h"

#define CARRIED 3
#define AUDITED 5
#define SAME_SHARE 0.05 /* of the residual that another run than the stretch may ask for */
#define AUDIT_ROWS 600
#define DOUBTED 0.25       /* of the window declared, that the one fitted differs by */
#define FAR_LESS 0.8       /* of what the fit leaves */
#define LAG_BELIEVED 0.3e9 /* the best of a range, near its end, need not be the best */
#define WIDE_JOBS 4        /* fits of many columns at a time, for their memory */

/* Of places that fit alike (lags of whole iterations where these are all the same) the one nearest to
 * what was declared comes first. ROWS: readings that the fits are of. */
static void prefer_near(struct attr_scan *s, size_t n, double rows)
{
	double lag = s->r->first.lag_ns;
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if ((s->best[i].rss / s->best[0].rss - 1) * rows < ATTR_SAME_FIT &&
			fabs(s->best[i].shape.lag_ns - lag) <
				fabs(s->best[best].shape.lag_ns - lag))
			best = i;
	if (best) {
		struct attr_place p = s->best[best];

		memmove(&s->best[1], &s->best[0], best * sizeof(p));
		s->best[0] = p;
	}
}

/* Several places at a time, each with a run of its own. */
struct refining {
	struct attr_scan *s;
	size_t from, to;
	double work[ATTR_REFINED + 2], floor[ATTR_REFINED + 2];
	struct erg_err err[ATTR_REFINED + 2];
};

/* A run like R, for one place, with a solver of its own; POWER: room for its powers. */
static int run_beside(const struct attr_run *r, struct erg_attr_state *st, double *power,
	struct attr_run *ret)
{
	*st = *r->st;
	memset(&st->gram, 0, sizeof(st->gram));
	st->power = power;
	*ret = *r;
	ret->st = st;
	ret->sol.power = power;
	ret->of.power = NULL;
	ret->work = 0;
	ret->beside = true;
	return attr_nnls_init(&ret->nnls, st->view.n_cols + r->n_extra, r->n_extra, ret->err);
}

/* Gauss-Newton for place I. */
static int refine_place(void *data, size_t i)
{
	struct refining *f = data;
	struct attr_place *p = &f->s->best[i];
	size_t cols = f->s->st->view.n_cols;
	_cleanup_(erg_freep) double *power = calloc(2 * cols + 2, sizeof(double));
	struct erg_attr_state st;
	struct attr_run run = *f->s->r, own;
	struct attr_scan scan = *f->s;
	int rc;

	run.err = &f->err[i];
	if (!power)
		return erg_fail(run.err, -ENOMEM, "out of memory for %zu columns", cols);
	run.from = f->from;
	run.to = f->to;
	rc = run_beside(&run, &st, power, &own);
	memset(&scan.nnls, 0, sizeof(scan.nnls));
	scan.r = &own;
	if (!rc)
		rc = attr_nnls_init(&scan.nnls, cols + 1, 1, run.err);
	if (!rc)
		rc = attr_scan_at(&scan, &p->shape, &p->rss);
	if (!rc) {
		memcpy(power + cols + 1, scan.nnls.x, cols * sizeof(double));
		st.shape = p->shape;
		rc = attr_descend(&own, power + cols + 1);
		p->shape = st.shape;
		p->rss = fmax(own.sol.rss_plain, scan.least);
	}
	f->floor[i] = scan.least;
	f->work[i] = scan.work - f->s->work + own.work;
	attr_gram_release(&st.gram);
	attr_nnls_release(&own.nnls);
	attr_nnls_release(&scan.nnls);
	free(own.of.power);
	return rc;
}

/* Gauss-Newton for the places, over readings FROM .. TO. */
static int refine_places(struct attr_scan *s, size_t n, size_t from, size_t to)
{
	struct refining f = {.s = s, .from = from, .to = to};
	unsigned int jobs = s->r->opt.jobs;
	int rc;

	if (attr_scan_tired(s))
		return 0;
	if (s->st->view.n_cols > ATTR_SCORE_COLUMNS && (!jobs || jobs > WIDE_JOBS))
		jobs = WIDE_JOBS;
	rc = attr_pool_run(jobs, n, "search for the sensor", refine_place, &f, s->r->err);
	for (size_t i = 0; i < n; i++) {
		attr_scan_failed(s, &f.err[i]);
		s->work += f.work[i];
		s->least = f.floor[i];
	}
	if (rc < 0)
		return rc;
	attr_places_sort(s->best, n);
	prefer_near(s, n, (double)(to - from));
	return 0;
}

/* Spread of the kernel, ns: a window and a low-pass of the same spread are hardly told apart. */
static double width_of(const struct attr_shape *s)
{
	double w = s->kind == ERG_SENSOR_COUNTER ? 0 : attr_window_of(s);

	return hypot(w / sqrt(12), attr_tau_of(s));
}

/* Places that came to one minimum are one. */
static bool one_basin(const struct attr_scan *s, const struct attr_shape *a,
	const struct attr_shape *b)
{
	return fabs(attr_delay_of(a) - attr_delay_of(b)) < fmax(1e5, s->segment / 10) &&
		fabs(width_of(a) - width_of(b)) < fmax(5e4, s->segment / 10);
}

static size_t distinct(struct attr_scan *s, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool same = false;

		for (size_t j = 0; j < kept && !same; j++) {
			same = one_basin(s, &s->best[j].shape, &s->best[i].shape);
			s->best[j].own = s->best[j].own || (same && s->best[i].own);
		}
		if (!same)
			s->best[kept++] = s->best[i];
	}
	return kept;
}

#define SHIFTS 4
#define SHIFTED_LESS 0.99 /* of what the best place left */

/* From the best places to those that differ from them by whole iterations, as long as that helps. */
static int shift(struct attr_scan *s)
{
	double least = INFINITY, work = s->work;
	int rc = 0;

	for (int i = 0; !rc && i < SHIFTS && s->n && s->best[0].rss < SHIFTED_LESS * least &&
		!attr_scan_tired(s);
		i++) {
		least = s->best[0].rss;
		rc = attr_scan_shifted(s);
		if (!rc)
			rc = refine_places(s, s->n, s->from, s->to);
		s->n = rc ? 0 : distinct(s, s->n);
	}
	s->most += s->work - work; /* what it costs at most is known */
	return rc;
}

/* Of the best places those that a longer stretch is asked for: few, or as many as fit ROWS readings alike. */
static size_t carried(const struct attr_scan *s, double rows)
{
	size_t n = s->n < CARRIED ? s->n : CARRIED;

	while (n < s->n && (s->best[n].rss / s->best[0].rss - 1) * rows < ATTR_SAME_FIT)
		n++;
	return n;
}

/* From the stretch to the run. HERE: the minimum that the search began in is a place like others. */
static int grow(struct attr_scan *s, const struct attr_shape *here)
{
	size_t n = s->st->readings.n, from = s->from, to = s->to;
	int rc;

	rc = attr_scan_clocks(s);
	if (rc < 0)
		return rc;
	s->best[s->n++] = (struct attr_place){.shape = *here, .own = true};
	rc = refine_places(s, s->n, from, to);
	s->n = rc ? 0 : distinct(s, s->n);
	if (!rc)
		rc = shift(s);
	while (!rc && !attr_scan_tired(s) && (from > 0 || to < n)) {
		size_t more =
			to - from > 2 ? to - from : 2; /* a stretch without readings grows, too */

		s->n = carried(s, (double)(to - from));
		from = from > more / 2 ? from - more / 2 : 0;
		to = n - to > more / 2 ? to + more / 2 : n;
		if (n - (to - from) < (to - from) / 4) {
			from = 0;
			to = n;
		}
		rc = refine_places(s, s->n, from, to);
		s->n = rc ? 0 : distinct(s, s->n);
	}
	return rc;
}

/* The fit of the run from place P on. */
static int descend_from(struct attr_scan *s, const struct attr_place *p)
{
	struct attr_run *r = s->r;
	double rss;
	int rc = attr_scan_at(s, &p->shape, &rss);

	r->st->shape = p->shape;
	memcpy(s->power, s->nnls.x, s->st->view.n_cols * sizeof(double));
	return rc < 0 ? rc : attr_descend(r, s->power);
}

/* What the second best minimum says of the energies, where it fits as well. */
static int rival(struct attr_scan *s)
{
	struct attr_run *r = s->r;
	struct erg_attr_state *st = r->st;
	double rows = (double)st->readings.n;
	int rc;

	if (s->n < 2 || fabs(s->best[1].rss / s->best[0].rss - 1) * rows > ATTR_SAME_FIT)
		return 0;
	rc = descend_from(s, &s->best[1]);
	r->rival = calloc(st->n_classes + 1, sizeof(double));
	if (!r->rival)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", st->n_classes);
	attr_fitted_energies(&st->view, st->power, r->rival);
	return rc;
}

/* What an audit sets aside. */
struct aside {
	struct attr_shape shape;
	struct attr_weights weights;
	bool psi[ATTR_PSI];
	double known_u[ATTR_PSI], tau_reach, *power;
};

static int set_aside(struct attr_run *r, struct aside *a)
{
	size_t cols = r->st->view.n_cols;

	a->shape = r->st->shape;
	a->weights = r->weights;
	a->tau_reach = r->tau_reach;
	memcpy(a->psi, r->psi, sizeof(a->psi));
	memcpy(a->known_u, r->known_u, sizeof(a->known_u));
	a->power = malloc((cols + 1) * sizeof(double));
	if (!a->power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	memcpy(a->power, r->st->power, cols * sizeof(double));
	attr_trust_nothing(r);
	memset(&r->weights, 0, sizeof(r->weights));
	return 0;
}

/* The fit as it was, with a pass to have its sums again. */
static int take_back(struct attr_run *r, struct aside *a)
{
	r->st->shape = a->shape;
	r->weights = a->weights;
	r->tau_reach = a->tau_reach;
	memcpy(r->psi, a->psi, sizeof(a->psi));
	memcpy(r->known_u, a->known_u, sizeof(a->known_u));
	memcpy(r->st->power, a->power, r->st->view.n_cols * sizeof(double));
	return attr_fit_step(r);
}

/* A window that nobody declared, or that came out far from what was declared, may be longer by whole iterations. */
static bool window_in_doubt(const struct attr_run *r, const struct attr_shape *here)
{
	double declared = attr_window_of(&r->declared);

	return here->kind != ERG_SENSOR_COUNTER &&
		(r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED ||
			fabs(attr_window_of(here) - declared) > DOUBTED * declared);
}

/* Whether place P, which fits the stretch as HERE does, does so with all readings, too, also those outside of the work. */
static int alike_of_all(struct attr_run *r, const struct attr_shape *here,
	const struct attr_shape *p, bool *ret)
{
	double rows = attr_left_rows(r), as_fitted, left;
	int rc = attr_left_of_all(r, &r->st->view, here, &as_fitted);

	if (!rc)
		rc = attr_left_of_all(r, &r->st->view, p, &left);
	*ret = !rc && (left / as_fitted - 1) * rows < ATTR_SAME_FIT;
	return rc;
}

/* Whether the stretch follows from no place far from OWN, where the search began, as it does from that. */
static int none_alike(struct attr_scan *s, const struct attr_place *own, bool of_all, bool *ret)
{
	double rows = (double)(s->to - s->from);
	int rc = 0;

	for (size_t i = 0; i < s->n && !rc && *ret; i++) {
		const struct attr_shape *p = &s->best[i].shape;
		bool alike = (s->best[i].rss / own->rss - 1) * rows <= ATTR_SAME_FIT &&
			!one_basin(s, p, &own->shape);

		if (alike && of_all)
			rc = alike_of_all(s->r, &own->shape, p, &alike);
		*ret = !alike;
	}
	return rc;
}

/* What the stretch says of HERE. */
static int audit_stretch(struct attr_scan *s, const struct attr_shape *here, enum attr_audit how,
	bool *ret_held)
{
	double rows = (double)(s->to - s->from), as_fitted = INFINITY;
	bool of_all = how == ATTR_AUDIT_ALIKE_OF_ALL || how == ATTR_AUDIT_SHIFTED;
	size_t stride = s->stride, own = 0;
	struct attr_shape base;
	int rc;

	attr_scan_family(s->r, &base);
	base.skew = here->skew;
	rc = how == ATTR_AUDIT_SHIFTED ? 0 : attr_scan_grid(s, &base, false);
	/* what was seen of the grid is looked at, however much that cost */
	s->most += s->work;
	s->stride = 1;
	if (!rc)
		rc = attr_scan_at(s, here, &as_fitted);
	s->stride = stride;
	if (rc < 0)
		return rc;
	s->n = s->n < AUDITED ? s->n : AUDITED;
	s->best[s->n++] = (struct attr_place){.shape = *here, .own = true};
	rc = refine_places(s, s->n, s->from, s->to);
	if (!rc && (how == ATTR_AUDIT_BY_FAR || window_in_doubt(s->r, here)))
		rc = shift(s);
	if (rc < 0 || !s->n)
		return rc;
	if (how == ATTR_AUDIT_BY_FAR) {
		*ret_held = !(s->best[0].rss < FAR_LESS * as_fitted &&
			(as_fitted / s->best[0].rss - 1) * rows > 2 * ATTR_SAME_FIT);
		return 0;
	}
	while (own + 1 < s->n && !s->best[own].own)
		own++;
	*ret_held =
		(as_fitted / s->best[0].rss - 1) * rows <= fmax(ATTR_SAME_FIT, SAME_SHARE * rows);
	rc = none_alike(s, &s->best[own], of_all, ret_held);
	/* not seen to the end: only what no test has anything against may stand */
	if (attr_scan_tired(s))
		*ret_held = s->r->misfit.declared_right;
	return rc;
}

int attr_audit(struct attr_run *r, enum attr_audit how, bool *ret_held)
{
	struct attr_scan s = {0};
	struct aside aside = {0};
	int rc = attr_scan_open(&s, r);

	*ret_held = true;
	s.stride = 1 + (s.to - s.from) / AUDIT_ROWS;
	s.lag_max /= 2;
	s.steps = 2;
	if (!rc)
		rc = set_aside(r, &aside);
	if (!rc)
		rc = audit_stretch(&s, &aside.shape, how, ret_held);
	if (!rc)
		rc = take_back(r, &aside);
	free(aside.power);
	attr_scan_close(&s);
	return rc;
}

int attr_search(struct attr_run *r, bool fine)
{
	struct attr_scan s;
	size_t cols = r->st->view.n_cols;
	struct attr_shape base, here = r->st->shape;
	int rc = attr_scan_open(&s, r);

	attr_scan_family(r, &base);
	free(r->rival);
	r->rival = NULL;
	if (!rc)
		rc = fine ? attr_scan_finely(&s, &base) : attr_scan_grid(&s, &base, true);
	if (!rc && !fine && !r->st->readings.stale && base.stale_ns > 0) {
		/* readings that do not repeat may be as fresh as they are new */
		base.stale_ns = 0;
		base.phase = -1;
		rc = attr_scan_grid(&s, &base, false);
	}
	if (!rc && (fine || r->st->rail.model.provenance == ERG_PROVENANCE_ASSUMED))
		rc = attr_scan_to_iteration(&s, &base);
	if (!rc && !fine)
		rc = attr_scan_slow(&s, &base, ATTR_SLOW_LEAST);
	if (!rc && !fine)
		rc = attr_scan_far(&s, &base);
	if (!rc)
		rc = grow(&s, &here);
	if (!rc && s.n && !attr_scan_tired(&s))
		rc = rival(&s);
	r->misfit.stopped = attr_scan_tired(&s) || (s.n && s.best[0].shape.lag_ns > LAG_BELIEVED);
	if (!rc && s.n && !attr_scan_tired(&s)) {
		rc = descend_from(&s, &s.best[0]);
	} else if (!rc) {
		/* a search that was cut short has seen no more than the fit before it */
		r->st->shape = here;
		memcpy(s.power, r->st->power, cols * sizeof(double));
		rc = attr_descend(r, s.power);
	}
	attr_scan_close(&s);
	return rc;
}
