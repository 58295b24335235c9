/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sensor as this run shows it, beside what was declared, and which tests the model passed. The
 * uncertainty is that of the replicates, as of the layers' energies: what moves one moves the other.
 */
#include <math.h>
#include <string.h>

#include <gsl/gsl_statistics.h>

#include "analyze/attribution/model.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/judge.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/misfit.h"
#include "analyze/attribution/profile.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"

#define Z95 1.959964

struct spread {
	double lag, window, tau, skew; /* sums of squares */
};

static double tau_after(double tau, double square)
{
	return sqrt(fmax(tau * tau + square, 0));
}

static void add_replicate(const struct attr_run *r, const double *extra, struct spread *s)
{
	const struct attr_shape *shape = &r->st->shape;
	double d[ATTR_PSI], tau = sqrt(attr_square_of(shape)), to, lag;

	/* near 0 the low-pass is not told from the lag: no split of them is reported */

	for (size_t i = 0; i < ATTR_PSI; i++)
		d[i] = r->psi[i] ? extra[i] - r->sol.delta[i] : 0;
	to = tau_after(tau, d[ATTR_SQUARE]);
	lag = d[ATTR_DELAY] - d[ATTR_WINDOW] / 2 - (tau > 0 && !shape->blurred ? to - tau : 0);
	s->lag += lag * lag;
	s->window += d[ATTR_WINDOW] * d[ATTR_WINDOW];
	s->tau += (to - tau) * (to - tau);
	s->skew += d[ATTR_CLOCK] * d[ATTR_CLOCK];
}

/* Uniformly among the lags and clocks that are looked for (search.c): of a sensor that does not fit, and at most. */
#define ANY_LAG_NS 36e6
#define ANY_SKEW 290e-6

/* A parameter that is VALUE in the fit, by the SQUARES of what N replicates are off; UNIT: what it is shown in. Where they
 * differ by more than all that is looked for (ANY), the run says nothing of it. */
static struct erg_est around(bool free, double value, double squares, double n, double any,
	double unit)
{
	double sd = sqrt(squares / n), half = Z95 * sd * unit;

	if (!free)
		return ERG_EST_UNRESOLVED;
	if (sd > any && Z95 * sd > fabs(value))
		return erg_est_because("undetermined", 0);
	return (struct erg_est){.value = value * unit,
		.lo = value * unit - half,
		.hi = value * unit + half,
		.stat = half,
		.method = "fitted"};
}

static void add_test(struct erg_attr_model *m, const char *name, const struct attr_test *t)
{
	if (m->n_tests < sizeof(m->tests) / sizeof(*m->tests) && isfinite(t->p) && isfinite(t->f))
		m->tests[m->n_tests++] = (struct erg_attr_test){name, t->f, t->p};
}

static void add_tests(struct attr_run *r, struct erg_attr_model *m)
{
	const struct attr_misfit *f = &r->misfit;

	add_test(m, "declared-window", &f->declared.window);
	add_test(m, "declared-rc", &f->declared.rc);
	add_test(m, "declared-clock", &f->declared.skew);
	add_test(m, "declared-kernel", &f->declared.kernel);
	add_test(m, "kernel", &f->fitted.kernel);
	add_test(m, "clock", &f->fitted.clock);
	add_test(m, "duration", &f->fitted.duration);
	add_test(m, "profile", &f->fitted.profile);
	if (f->fitted.late.p < ATTR_MISFIT_P)
		add_test(m, "late", &f->fitted.late);
}

/* How well it is known when the readings were, which is what the run's ends are known by. */
static void keep_times(struct attr_run *r, const struct spread *sum)
{
	struct erg_attr_state *st = r->st;

	st->lag_u_ns = r->fit.lag_u_ns;
	/* where the readings say nothing of the clock, what was fitted is anything */
	st->skew_u =
		r->psi[ATTR_CLOCK] ? fmin(sqrt(sum->skew / (double)r->boot.rounds), ANY_SKEW) : 0;
	st->misfit = r->misfit.reason != NULL;
	if (!st->misfit)
		return;
	st->skew_u = ANY_SKEW;
	if (r->opt.lag == ERG_LAG_AUTO)
		st->lag_u_ns = fmax(st->lag_u_ns, ANY_LAG_NS);
}

static void not_below_zero(struct erg_est *e)
{
	if (e->lo < 0)
		e->lo = 0;
}

void attr_model(struct attr_run *r)
{
	struct erg_attr_model *m = &r->a->model;
	const struct attr_shape *s = &r->st->shape, *d = &r->declared;
	struct spread sum = {0};
	double n = (double)r->boot.rounds;

	for (size_t i = 0; i < r->boot.rounds; i++)
		add_replicate(r, r->boot.rep + i * r->st->gram.dim + r->st->view.n_cols, &sum);
	m->lag_s = around(r->psi[ATTR_DELAY], s->lag_ns, sum.lag, n, ANY_LAG_NS, 1e-9);
	m->window_s =
		around(r->psi[ATTR_WINDOW], attr_window_of(s), sum.window, n, ANY_LAG_NS, 1e-9);
	if (erg_est_resolved(&m->window_s) && attr_window_of(s) <= ATTR_WINDOW_MIN)
		m->window_s = erg_est_because("undetermined", 0); /* none, or below what is tried */
	m->tau_s = around(r->psi[ATTR_SQUARE] && !s->blurred, attr_tau_of(s), sum.tau, n,
		ANY_LAG_NS, 1e-9);
	not_below_zero(&m->tau_s);
	m->scatter_s = around(r->psi[ATTR_SQUARE] && s->blurred, sqrt(attr_square_of(s)), sum.tau,
		n, ANY_LAG_NS, 1e-9);
	not_below_zero(&m->scatter_s);
	m->skew_ppm = around(r->psi[ATTR_CLOCK], s->skew, sum.skew, n, ANY_SKEW, 1e6);
	m->declared_lag_s = r->first.lag_ns * 1e-9; /* not what was found near it */
	m->declared_lag_u_s = (double)r->st->rail.model.lag_u_ns * 1e-9;
	m->declared_window_s = attr_window_of(d) > ATTR_WINDOW_MIN ? attr_window_of(d) * 1e-9 : 0;
	m->declared_tau_s = attr_tau_of(d) * 1e-9;
	if (r->psi[ATTR_DELAY] && r->fit.estimated) {
		r->fit.lag_u_ns = fmin(sqrt(sum.lag / n), ANY_LAG_NS);
		r->a->diag.lag_u_ns = r->fit.lag_u_ns;
		r->a->diag.lag_source = m->lag_s.reason ? m->lag_s.reason : "estimated";
	}
	keep_times(r, &sum);
	for (size_t k = 0; k < r->st->n_classes && r->profile; k++)
		m->profiles += r->profile[k] != ATTR_EVEN;
	add_tests(r, m);
	r->a->misfit = r->misfit.reason;
}

static void set_fitted(json_t *o, const char *key, const struct erg_est *e)
{
	if (erg_est_resolved(e) || e->reason)
		json_object_set_new(o, key, erg_est_json(e));
}

json_t *erg_attr_model_json(const struct erg_attr *a)
{
	const struct erg_attr_model *m = &a->model;
	json_t *tests = json_array(), *fitted = json_object(), *declared;

	for (size_t i = 0; i < m->n_tests; i++)
		json_array_append_new(tests,
			json_pack("{s:s, s:o, s:o}", "name", m->tests[i].name, "f",
				erg_num_json(m->tests[i].f), "p", erg_num_json(m->tests[i].p)));
	set_fitted(fitted, "lag_s", &m->lag_s);
	set_fitted(fitted, "window_s", &m->window_s);
	set_fitted(fitted, "tau_s", &m->tau_s);
	set_fitted(fitted, "scatter_s", &m->scatter_s);
	set_fitted(fitted, "skew_ppm", &m->skew_ppm);
	if (m->profiles)
		json_object_set_new(fitted, "profiles", json_integer((json_int_t)m->profiles));
	declared = json_pack("{s:o, s:o, s:o, s:o}", "lag_s", erg_num_json(m->declared_lag_s),
		"lag_u_s", erg_num_json(m->declared_lag_u_s), "window_s",
		erg_num_json(m->declared_window_s), "tau_s", erg_num_json(m->declared_tau_s));
	return json_pack("{s:o, s:o, s:o, s:o}", "tests", tests, "fitted", fitted, "declared",
		declared, "misfit", a->misfit ? json_string(a->misfit) : json_null());
}
