/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of heat as a Foster network: T(t) = base + sum_i R_i (P * h_i)(t), h_i the impulse
 * response of a first-order element (JESD51-14). For given time constants the rest is linear: R_i,
 * the base, and, since a run may begin warm, what each element of each run had stored at its
 * beginning and loses as exp(-t / tau_i). So the time constants alone are searched (variable
 * projection, Golub and Pereyra 1973): first over all pairs and triples of a logarithmic grid, then
 * by Nelder and Mead from the best. The number of elements, 1 to 3, is the one of smallest BIC.
 *
 * A power that never steps identifies nothing, and is refused.
 */
#include "analyze/experiment/thermal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_multifit.h>
#include <gsl/gsl_multimin.h>

#include "formats/base/util.h"

#define GRID 12

struct record {
	const struct erg_thermal_run *const *runs;
	size_t n_runs;
	size_t n;              /* temperatures of all runs */
	double *t;             /* them, run after run */
	double dt_s, length_s; /* finest step; longest run */
};

static void record_release(struct record *r)
{
	free(r->t);
}

static int gather_record(const struct erg_thermal_run *const *runs, size_t n, struct record *r)
{
	size_t total = 0;

	*r = (struct record){.runs = runs, .n_runs = n, .dt_s = INFINITY};
	for (size_t k = 0; k < n; k++)
		total += runs[k]->n_temps;
	r->t = calloc(total + 1, sizeof(*r->t));
	if (!r->t)
		return -ENOMEM;
	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < runs[k]->n_temps; i++)
			r->t[r->n++] = runs[k]->temp_degc[i];
		r->dt_s = fmin(r->dt_s, runs[k]->fine_s);
		r->length_s = fmax(r->length_s, runs[k]->time_s);
	}
	return 0;
}

static double first_power(const struct erg_thermal_run *run)
{
	for (size_t i = 0; i < run->n_fine; i++)
		if (isfinite(run->fine_w[i]))
			return run->fine_w[i];
	return 0;
}

/* The response of one element with R = 1 at each reading of the temperature. */
static void respond_run(const struct erg_thermal_run *run, double tau, double *ret)
{
	double p = first_power(run), x = p, decay = exp(-run->fine_s / tau);
	size_t k = 0;

	for (size_t i = 0; i < run->n_fine && k < run->n_temps; i++) {
		double begin = (double)i * run->fine_s;

		p = isfinite(run->fine_w[i]) ? run->fine_w[i] : p;
		for (; k < run->n_temps && run->temp_t_s[k] < begin + run->fine_s; k++)
			ret[k] = p + (x - p) * exp(-(run->temp_t_s[k] - begin) / tau);
		x = p + (x - p) * decay;
	}
	for (; k < run->n_temps; k++)
		ret[k] = x;
}

static void respond(const struct record *r, double tau, double *ret)
{
	for (size_t k = 0; k < r->n_runs; k++) {
		respond_run(r->runs[k], tau, ret);
		ret += r->runs[k]->n_temps;
	}
}

struct fit {
	const struct record *r;
	size_t terms, columns; /* columns: R of the terms, base, stored heat of each run and term */
	gsl_matrix *x;
	gsl_matrix *cov;
	gsl_vector *c;
	gsl_multifit_linear_workspace *work;
	double *col;
	double rss;
};

static void fit_release(struct fit *f)
{
	if (f->x)
		gsl_matrix_free(f->x);
	if (f->cov)
		gsl_matrix_free(f->cov);
	if (f->c)
		gsl_vector_free(f->c);
	if (f->work)
		gsl_multifit_linear_free(f->work);
	free(f->col);
}

static int fit_init(struct fit *f, const struct record *r, size_t terms)
{
	*f = (struct fit){.r = r, .terms = terms, .columns = terms + 1 + terms * r->n_runs};
	f->x = gsl_matrix_calloc(r->n, f->columns);
	f->cov = gsl_matrix_alloc(f->columns, f->columns);
	f->c = gsl_vector_alloc(f->columns);
	f->work = gsl_multifit_linear_alloc(r->n, f->columns);
	f->col = malloc((r->n + 1) * sizeof(*f->col));
	return f->x && f->cov && f->c && f->work && f->col ? 0 : -ENOMEM;
}

/* Heat stored at the beginning of each run, one column a run, zero elsewhere. */
static void stored_columns(struct fit *f, size_t term, double tau)
{
	size_t row = 0;

	for (size_t k = 0; k < f->r->n_runs; k++) {
		const struct erg_thermal_run *run = f->r->runs[k];
		size_t column = f->terms + 1 + term * f->r->n_runs + k;

		for (size_t i = 0; i < run->n_temps; i++)
			gsl_matrix_set(f->x, row++, column, exp(-run->temp_t_s[i] / tau));
	}
}

/* Residual sum of squares at the time constants exp(v); negative resistances are penalised. */
static double fit_at(const gsl_vector *v, void *data)
{
	struct fit *f = data;
	gsl_vector_view y = gsl_vector_view_array(f->r->t, f->r->n);
	double penalty = 1;
	size_t rank;

	for (size_t k = 0; k < f->terms; k++) {
		double tau = exp(gsl_vector_get(v, k));

		respond(f->r, tau, f->col);
		for (size_t i = 0; i < f->r->n; i++)
			gsl_matrix_set(f->x, i, k, f->col[i]);
		stored_columns(f, k, tau);
	}
	for (size_t i = 0; i < f->r->n; i++)
		gsl_matrix_set(f->x, i, f->terms, 1);
	if (gsl_multifit_linear_tsvd(f->x, &y.vector, 1e-9, f->c, f->cov, &f->rss, &rank, f->work))
		return INFINITY;
	for (size_t k = 0; k < f->terms; k++)
		penalty += gsl_vector_get(f->c, k) < 0 ? 1 : 0;
	return f->rss * penalty;
}

/* The best of all sets of TERMS different time constants of the grid. */
static int coarse(struct fit *f, const double *grid, double *ret_log_tau)
{
	gsl_vector *v = gsl_vector_alloc(f->terms);
	size_t at[ERG_RC_TERMS] = {0, 1, 2};
	double best = INFINITY;

	if (!v)
		return -ENOMEM;
	for (;;) {
		size_t k = f->terms;
		double rss;

		for (size_t i = 0; i < f->terms; i++)
			gsl_vector_set(v, i, log(grid[at[i]]));
		rss = fit_at(v, f);
		if (rss < best) {
			best = rss;
			for (size_t i = 0; i < f->terms; i++)
				ret_log_tau[i] = gsl_vector_get(v, i);
		}
		while (k && at[k - 1] == GRID - f->terms + k - 1) /* next combination */
			k--;
		if (!k)
			break;
		at[k - 1]++;
		for (; k < f->terms; k++)
			at[k] = at[k - 1] + 1;
	}
	gsl_vector_free(v);
	return 0;
}

static int refine_tau(struct fit *f, double *log_tau)
{
	gsl_multimin_function fn = {fit_at, f->terms, f};
	gsl_vector *start = gsl_vector_alloc(f->terms), *step = gsl_vector_alloc(f->terms);
	gsl_multimin_fminimizer *m =
		gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, f->terms);
	int r = start && step && m ? 0 : -ENOMEM;

	for (size_t k = 0; !r && k < f->terms; k++)
		gsl_vector_set(start, k, log_tau[k]);
	if (!r) {
		gsl_vector_set_all(step, 0.3);
		gsl_multimin_fminimizer_set(m, &fn, start, step);
		for (int i = 0; i < 400; i++)
			if (gsl_multimin_fminimizer_iterate(m) ||
				gsl_multimin_fminimizer_size(m) < 1e-4)
				break;
		for (size_t k = 0; k < f->terms; k++)
			log_tau[k] = gsl_vector_get(m->x, k);
		fit_at(m->x, f);
	}
	if (m)
		gsl_multimin_fminimizer_free(m);
	if (start)
		gsl_vector_free(start);
	if (step)
		gsl_vector_free(step);
	return r;
}

/* Every term heats, and lies between a step and three lengths of the run: what is slower is a drift. */
static bool sensible(const struct fit *f, const double *log_tau)
{
	for (size_t k = 0; k < f->terms; k++)
		if (gsl_vector_get(f->c, k) <= 0 || log_tau[k] < log(f->r->dt_s / 4) ||
			log_tau[k] > log(3 * f->r->length_s))
			return false;
	return true;
}

static void keep_fit(const struct fit *f, const double *log_tau, struct erg_thermal_rc *ret)
{
	size_t n = 0;

	for (size_t k = 0; k < f->terms; k++) {
		double r = gsl_vector_get(f->c, k), tau = exp(log_tau[k]);
		size_t i = n;

		for (; i > 0 && ret->tau_s[i - 1] > tau; i--) {
			ret->tau_s[i] = ret->tau_s[i - 1];
			ret->r[i] = ret->r[i - 1];
		}
		ret->tau_s[i] = tau;
		ret->r[i] = r;
		n++;
	}
	ret->n = n;
	ret->base_degc = gsl_vector_get(f->c, f->terms);
	ret->rms_k = sqrt(f->rss / (double)f->r->n);
}

/* The residuals of a quantised thermometer are correlated and BIC alone would take a further element
 * for them: one must also lower their sum of squares by a tenth. */
static int choose_terms(const struct record *r, const double *grid, struct erg_thermal_rc *ret)
{
	double best = INFINITY, rss = INFINITY;

	for (size_t terms = 1; terms <= ERG_RC_TERMS; terms++) {
		_cleanup_(fit_release) struct fit f = {0};
		double log_tau[ERG_RC_TERMS] = {0}, bic;

		if (fit_init(&f, r, terms) < 0 || coarse(&f, grid, log_tau) < 0 ||
			refine_tau(&f, log_tau) < 0)
			return -ENOMEM;
		bic = (double)r->n * log(f.rss / (double)r->n) +
			(double)(f.columns + terms) * log((double)r->n);
		if (bic < best && f.rss < 0.9 * rss && sensible(&f, log_tau)) {
			best = bic;
			rss = f.rss;
			keep_fit(&f, log_tau, ret);
		}
	}
	return 0;
}

static bool steps(const struct record *r)
{
	double lo = INFINITY, hi = -INFINITY;

	for (size_t k = 0; k < r->n_runs; k++)
		for (size_t i = 0; i < r->runs[k]->n; i++) {
			double p = r->runs[k]->blocks[i].power_w;

			lo = fmin(lo, p);
			hi = fmax(hi, p);
		}
	return hi - lo > 0.2 * hi;
}

int erg_thermal_rc_fit(const struct erg_thermal_run *const *runs, size_t n,
	struct erg_thermal_rc *ret, struct erg_err *err)
{
	_cleanup_(record_release) struct record r = {0};
	double grid[GRID];

	*ret = (struct erg_thermal_rc){.why = NULL};
	if (gather_record(runs, n, &r) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (r.n < 30 || !steps(&r)) {
		ret->why = r.n < 30 ? "fewer than 30 readings of the temperature"
				    : "the power has no step: record idle before or after";
		return 0;
	}
	for (size_t k = 0; k < GRID; k++)
		grid[k] = 2 * r.dt_s * pow(1.5 * r.length_s / r.dt_s, (double)k / (GRID - 1));
	if (choose_terms(&r, grid, ret) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (!ret->n)
		ret->why = "no network of one to three elements fits";
	ret->identified = ret->n && r.length_s > 3 * ret->tau_s[ret->n - 1];
	return 0;
}
