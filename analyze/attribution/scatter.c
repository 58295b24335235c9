/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stamps that scatter by a law that nobody knows: of a reader that does not keep its pace exactly, either, how late a
 * stamp is off the pace says how late it was stamped by no straight line. Of delays that are of one sign (a reader that is
 * held up) those off by little say nothing, and those off by much all; of others the reverse. And it says how well the
 * time is then known: a reading far off the pace may be worth all others. So both, the mean of the delay and its variance,
 * are lines between a few nodes over how far stamps are off, which the residuals say: the mean by the slope of the model,
 * the variance by the squares of what is left. The times are then the stamps less the mean, each blurred by its own
 * variance, and weighed by what the model varies by over such a blur.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>

#include "analyze/attribution/times.h"
#include "analyze/attribution/cholesky.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/rows.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/weights.h"
#include "formats/base/util.h"

#define SCATTER_SEEN 5e4 /* ns, SD: less is in the weights alone */
#define NODES 10
#define NODES_LEAST 4
#define READINGS_EACH 60 /* of a node */
#define ENDS 0.01        /* of the stamps lie beyond the last node */
#define ROUNDS 16
#define STEP_MOST 2e5 /* ns */
#define STEP_SMALL 3e3
#define VAR_SMALL 0.05
#define VAR_LEAST 4e8 /* ns^2 */
#define VAR_MOST 4e12
#define OUTLIER 25      /* of a squared residual, in variances */
#define STRETCH 20000   /* readings that are asked, amid the run */
#define BLUR_U 4e12     /* ns^2, of the variance: what is known beforehand */
#define FAR_WINDOW 0.05 /* of the one declared */
#define FAR_BLUR 0.2    /* or of how far times scatter, SD */
#define TESTS 5
#define DOUBTFUL_P 0.01 /* of the least likely of them */
#define MORE 2          /* of a variance, by chance */
#define LESS_LEFT 0.98  /* of what was left without */

struct nodes {
	size_t n;
	double at[NODES], late[NODES], var[NODES];
};

/* The fit as it was. */
struct kept {
	struct attr_shape shape;
	struct attr_weights weights;
	double known_u[ATTR_PSI], tau_reach, rss, part, from, stray, *power;
	bool psi[ATTR_PSI], refused;
};

/* Normal equations of what the nodes have: lower triangle, n x n. */
struct sums {
	double g[NODES * NODES], h[NODES];
};

static bool asked(const struct attr_run *r)
{
	const struct attr_weights *w = &r->weights;
	enum erg_sensor_kind kind = r->st->shape.kind;

	return attr_has_pace(r) && !r->st->readings.scatter && !r->st->readings.update &&
		r->psi[ATTR_DELAY] && r->psi[ATTR_SQUARE] && w->used && w->time_share > 0 &&
		w->s[2] > SCATTER_SEEN * SCATTER_SEEN &&
		(kind == ERG_SENSOR_BOXCAR || kind == ERG_SENSOR_POINT) &&
		r->st->readings.n >= NODES_LEAST * READINGS_EACH;
}

/* The node before OFF, and how far OFF is towards the next one. */
static size_t between(const struct nodes *s, double off, double *ret)
{
	size_t i = 0;

	while (i + 2 < s->n && off > s->at[i + 1])
		i++;
	*ret = fmin(fmax((off - s->at[i]) / (s->at[i + 1] - s->at[i]), 0), 1);
	return i;
}

/* Beyond the last nodes all of it is the stamp's. */
static double late_at(const struct nodes *s, double off)
{
	double f;
	size_t i = between(s, off, &f);
	double beyond = off - fmin(fmax(off, s->at[0]), s->at[s->n - 1]);

	return (1 - f) * s->late[i] + f * s->late[i + 1] + beyond;
}

static double var_at(const struct nodes *s, double off)
{
	double f;
	size_t i = between(s, off, &f);

	return (1 - f) * s->var[i] + f * s->var[i + 1];
}

/* As many readings lie between each two of them. They begin as the pace is corrected already. */
static int set_nodes(struct attr_run *r, struct nodes *s)
{
	const struct attr_readings *rd = &r->st->readings;
	_cleanup_(erg_freep) double *off = malloc((rd->n + 1) * sizeof(*off));
	size_t n = rd->n / READINGS_EACH < NODES ? rd->n / READINGS_EACH : NODES;

	if (!off)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	memcpy(off, rd->off, rd->n * sizeof(*off));
	gsl_sort(off, 1, rd->n);
	s->n = 0;
	for (size_t i = 0; i < n; i++) {
		double share = fmin(fmax((double)i / (double)(n - 1), ENDS), 1 - ENDS);
		double at = gsl_stats_quantile_from_sorted_data(off, 1, rd->n, share);
		bool all = rd->late_from_ns > 0 && at > rd->late_from_ns;

		if (s->n && at - s->at[s->n - 1] < 1)
			continue;
		s->at[s->n] = at;
		s->late[s->n] = all ? at : rd->steadied * at;
		s->var[s->n++] = fmax(r->weights.s[2], VAR_LEAST);
	}
	return 0;
}

/* The times and what they are blurred by, as the nodes say; the lag has what all stamps are late by. */
static void apply(struct attr_run *r, const struct nodes *s)
{
	struct attr_readings *rd = &r->st->readings;
	double mean = 0, var = 0, ll = 0, oo = 0, level = 0;

	for (size_t m = 0; m < rd->n; m++) {
		mean += late_at(s, rd->off[m]) / (double)rd->n;
		level += rd->off[m] / (double)rd->n;
		var += var_at(s, rd->off[m]) / (double)rd->n;
	}
	for (size_t m = 0; m < rd->n; m++) {
		double late = late_at(s, rd->off[m]) - mean, off = rd->off[m] - level;

		rd->own_t[m] = rd->stamp[m] - (uint64_t)(int64_t)llround(late);
		if (m && rd->own_t[m] <= rd->own_t[m - 1])
			rd->own_t[m] = rd->own_t[m - 1] + 1;
		rd->scatter[m] = sqrt(var_at(s, rd->off[m]) / var);
		ll += late * off;
		oo += off * off;
	}
	r->st->shape.blur_ns = sqrt(12 * var);
	rd->steadied = oo > 0 ? fmin(fmax(ll / oo, 0), 1) : 0;
}

/* A reading off the pace by OFF, of which X times the value there is Y, by the weight W. */
static void add(struct sums *u, const struct nodes *s, double off, double x, double y, double w)
{
	double f, part[2];
	size_t i = between(s, off, &f);

	part[0] = x * (1 - f);
	part[1] = x * f;
	for (size_t j = 0; j < 2; j++) {
		u->h[i + j] += w * part[j] * y;
		for (size_t k = 0; k <= j; k++)
			u->g[(i + j) * s->n + i + k] += w * part[j] * part[k];
	}
}

/* What the residuals say of the mean's next step, and of the variance. */
static int sum_up(struct attr_run *r, const struct nodes *s, struct sums *ret_late,
	struct sums *ret_var)
{
	const struct erg_attr_state *st = r->st;
	const struct attr_readings *rd = &st->readings;
	struct attr_rows rows;
	struct attr_row *row;
	int rc = attr_rows_open(&rows, r, &st->shape, st->power);

	memset(ret_late, 0, sizeof(*ret_late));
	memset(ret_var, 0, sizeof(*ret_var));
	while (!rc && (rc = attr_rows_next(&rows, &row)) > 0) {
		size_t m = rows.k.m - rows.k.stride;
		double e = attr_row_residual(r, row), sw2 = row->sw * row->sw;
		double v = r->weights.level / sw2, slope2 = row->slope * row->slope;
		double others = v - r->weights.s[2] * slope2;

		rc = 0;
		add(ret_late, s, rd->off[m], row->x[ATTR_DELAY], e, 1);
		add(ret_var, s, rd->off[m], slope2 / (rd->scatter[m] * rd->scatter[m]),
			fmin(e * e / sw2, OUTLIER * v) - others, 1 / (v * v));
	}
	attr_rows_close(&rows);
	return rc;
}

/* One step of the nodes, no longer than the slope is good for; whether it is small. */
static bool step(struct nodes *s, struct sums *late, struct sums *var)
{
	double x[NODES];
	bool small = true;

	attr_cholesky_solve(late->g, s->n, late->h, x);
	for (size_t i = 0; i < s->n; i++) {
		double by = fmin(fmax(x[i], -STEP_MOST), STEP_MOST);

		s->late[i] += by;
		small = small && fabs(by) < STEP_SMALL;
	}
	attr_cholesky_solve(var->g, s->n, var->h, x);
	for (size_t i = 0; i < s->n; i++) {
		double was = s->var[i], is = fmin(fmax(x[i], was / 2), 2 * was);

		s->var[i] = fmin(fmax(is, VAR_LEAST), VAR_MOST);
		small = small && fabs(s->var[i] / was - 1) < VAR_SMALL;
	}
	return small;
}

static int note(struct attr_run *r, struct kept *k)
{
	const struct attr_readings *rd = &r->st->readings;
	size_t cols = r->st->view.n_cols;

	k->shape = r->st->shape;
	k->weights = r->weights;
	k->tau_reach = r->tau_reach;
	k->rss = r->sol.rss_plain;
	k->part = rd->steadied;
	k->from = rd->late_from_ns;
	k->stray = rd->stray_ns;
	k->refused = r->misfit.reason != NULL;
	memcpy(k->psi, r->psi, sizeof(k->psi));
	memcpy(k->known_u, r->known_u, sizeof(k->known_u));
	k->power = malloc((cols + 1) * sizeof(double));
	if (!k->power)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu columns", cols);
	memcpy(k->power, r->st->power, cols * sizeof(double));
	return 0;
}

static int take_back(struct attr_run *r, const struct kept *k)
{
	int rc;

	attr_unsteady(r);
	attr_times_by_pace(&r->st->readings, k->part, k->from > 0 ? k->from : INFINITY);
	r->st->readings.late_from_ns = k->from;
	r->st->readings.stray_ns = k->stray;
	r->st->shape = k->shape;
	r->weights = k->weights;
	r->tau_reach = k->tau_reach;
	memcpy(r->psi, k->psi, sizeof(r->psi));
	memcpy(r->known_u, k->known_u, sizeof(r->known_u));
	memcpy(r->st->power, k->power, r->st->view.n_cols * sizeof(double));
	rc = attr_fit_step(r);
	return rc ? rc : attr_judge(r);
}

/* A stretch amid a long run says it as well. */
static void choose_stretch(struct attr_run *r)
{
	size_t n = r->st->readings.n;

	if (n <= 2 * STRETCH)
		return;
	r->from = n / 2 - STRETCH / 2;
	r->to = r->from + STRETCH;
}

static int start(struct attr_run *r, struct nodes *s)
{
	struct attr_readings *rd = &r->st->readings;
	struct attr_shape *shape = &r->st->shape;

	rd->scatter = malloc((rd->n + 1) * sizeof(*rd->scatter));
	if (!rd->scatter)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu readings", rd->n);
	rd->n_late = 0;
	rd->stray_ns = 0;
	rd->late_from_ns = INFINITY;
	shape->lag_ns += shape->rc_ns;
	shape->rc_ns = 0;
	shape->blurred = true;
	attr_trust_nothing(r);
	r->psi[ATTR_SQUARE] = false;
	apply(r, s);
	return 0;
}

static int find_scatter(struct attr_run *r, struct nodes *s)
{
	bool changed, small = false;
	struct sums late, var;
	int rc = start(r, s);

	choose_stretch(r);
	if (!rc)
		rc = attr_fit_step(r);
	for (int i = 0; !rc && !small && i < ROUNDS; i++) {
		rc = attr_reweigh(r, &changed);
		if (!rc && r->weights.used)
			rc = sum_up(r, s, &late, &var);
		if (rc || !r->weights.used)
			break;
		small = step(s, &late, &var);
		apply(r, s);
		rc = attr_fit_step(r);
	}
	r->from = r->to = 0;
	return rc;
}

/* The fit with the times that were found. */
static int fit_scattered(struct attr_run *r)
{
	bool changed;
	int rc;

	r->psi[ATTR_SQUARE] = true;
	r->known_u[ATTR_SQUARE] = BLUR_U;
	attr_trust_again(r);
	rc = attr_goes_on(r);
	if (!rc)
		rc = attr_reweigh(r, &changed);
	if (!rc)
		rc = attr_goes_on(r);
	return rc ? rc : attr_judge(r);
}

/* A wrong law makes up for a wrong window, and no test sees either. */
static bool is_astray(const struct attr_run *r)
{
	const struct attr_shape *s = &r->st->shape;
	double declared = attr_window_of(&r->declared);
	double most = fmax(FAR_WINDOW * declared, FAR_BLUR * sqrt(attr_square_of(s)));

	return fabs(attr_window_of(s) - declared) > most;
}

/* The law was chosen among many for what the readings are like, and of stamps that are late for another reason (amid one
 * layer, say) it makes much, and leaves a trace: what is tested of it must not nearly fail. */
static bool is_doubtful(const struct attr_run *r)
{
	const struct attr_tests *t = &r->misfit.fitted;
	double p = fmin(fmin(t->kernel.p, t->clock.p), fmin(t->duration.p, t->late.p));

	return isnan(t->kernel.p) || !(TESTS * fmin(p, t->profile.p) > DOUBTFUL_P);
}

/* What stamps scatter by, each for itself, they are off their pace by as well, and how late they are goes with that by as
 * much as they scatter. Times that seem to scatter otherwise are wrong in another way: by a clock that goes to and fro, or
 * by instances that were held up. */
static bool is_seen(const struct attr_run *r)
{
	const struct attr_readings *rd = &r->st->readings;
	double most = MORE * rd->steadied * gsl_stats_variance(rd->off, 1, rd->n);

	return r->weights.s[2] < most && attr_square_of(&r->st->shape) < most;
}

int attr_scatter(struct attr_run *r, bool *ret_changed)
{
	struct nodes s;
	struct kept k = {0};
	bool better;
	int rc;

	*ret_changed = false;
	if (!asked(r))
		return 0;
	rc = attr_stamps_keep(r);
	if (!rc)
		rc = set_nodes(r, &s);
	if (rc < 0 || s.n < NODES_LEAST)
		return rc;
	rc = note(r, &k);
	if (!rc)
		rc = find_scatter(r, &s);
	if (!rc)
		rc = fit_scattered(r);
	better = !rc && !r->misfit.reason && !is_doubtful(r) && !is_astray(r) && is_seen(r) &&
		(k.refused || r->sol.rss_plain < LESS_LEFT * k.rss);
	if (!rc && !better) {
		rc = take_back(r, &k);
	} else if (!rc) {
		free(r->rival);
		r->rival = NULL;
		*ret_changed = true;
	}
	free(k.power);
	return rc;
}
