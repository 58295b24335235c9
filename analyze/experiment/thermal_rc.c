/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The way of heat as a Foster network: T(t) = base + sum_i R_i (P * h_i)(t), h_i the impulse
 * response of a first-order element (JESD51-14; Szekely 1991 for the spectrum of time constants).
 * First a spectrum: 40 time constants spaced by their logarithm, R_i >= 0 by non-negative least
 * squares. Its peaks start a refinement by Nelder and Mead over the logarithms of 1 to 3 time
 * constants, R by least squares inside; the number of terms is the one of smallest BIC.
 *
 * Each element starts in equilibrium with the run's first power, so the run must begin idle long
 * enough or from rest; a power that never steps identifies nothing.
 */
#include "analyze/experiment/thermal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_multifit.h>
#include <gsl/gsl_multimin.h>

#include "analyze/attribution/internal.h"
#include "formats/util.h"

#define SPECTRUM 40

struct record {
	size_t n;
	double dt_s;
	double *p, *t;
};

static void record_release(struct record *r)
{
	free(r->p);
	free(r->t);
}

/* Blocks without gaps: a missing one takes its neighbour's values. */
static int copy_blocks(const struct erg_thermal_run *run, struct record *r)
{
	r->dt_s = run->block_s;
	r->p = calloc(run->n + 1, sizeof(*r->p));
	r->t = calloc(run->n + 1, sizeof(*r->t));
	if (!r->p || !r->t)
		return -ENOMEM;
	for (size_t i = 0; i < run->n; i++) {
		const struct erg_thermal_block *b = &run->blocks[i];
		bool good = isfinite(b->power_w) && isfinite(b->temp_degc);

		if (!good && !r->n)
			continue;
		r->p[r->n] = good ? b->power_w : r->p[r->n - 1];
		r->t[r->n] = good ? b->temp_degc : r->t[r->n - 1];
		r->n++;
	}
	return 0;
}

/* Mean over each block of the response of one element with R = 1. */
static void respond(const struct record *r, double tau, double *ret)
{
	double x = r->p[0], decay = exp(-r->dt_s / tau), mean = tau / r->dt_s * (1 - decay);

	for (size_t i = 0; i < r->n; i++) {
		ret[i] = r->p[i] + (x - r->p[i]) * mean;
		x = r->p[i] + (x - r->p[i]) * decay;
	}
}

struct fit {
	const struct record *r;
	size_t terms;
	gsl_matrix *x;
	gsl_matrix *cov;
	gsl_vector *c;
	gsl_multifit_linear_workspace *work;
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
}

static int fit_init(struct fit *f, const struct record *r, size_t terms)
{
	*f = (struct fit){.r = r, .terms = terms};
	f->x = gsl_matrix_alloc(r->n, terms + 1);
	f->cov = gsl_matrix_alloc(terms + 1, terms + 1);
	f->c = gsl_vector_alloc(terms + 1);
	f->work = gsl_multifit_linear_alloc(r->n, terms + 1);
	return f->x && f->cov && f->c && f->work ? 0 : -ENOMEM;
}

/* Residual sum of squares at the time constants exp(v); negative resistances are penalised. */
static double fit_at(const gsl_vector *v, void *data)
{
	struct fit *f = data;
	gsl_vector_view y = gsl_vector_view_array(f->r->t, f->r->n);
	_cleanup_(erg_freep) double *col = malloc(f->r->n * sizeof(*col));
	double penalty = 1;

	if (!col)
		return INFINITY;
	for (size_t k = 0; k < f->terms; k++) {
		respond(f->r, exp(gsl_vector_get(v, k)), col);
		for (size_t i = 0; i < f->r->n; i++)
			gsl_matrix_set(f->x, i, k, col[i]);
	}
	for (size_t i = 0; i < f->r->n; i++)
		gsl_matrix_set(f->x, i, f->terms, 1);
	if (gsl_multifit_linear(f->x, &y.vector, f->c, f->cov, &f->rss, f->work))
		return INFINITY;
	for (size_t k = 0; k < f->terms; k++)
		penalty += gsl_vector_get(f->c, k) < 0 ? 1 : 0;
	return f->rss * penalty;
}

static int refine(struct fit *f, double *log_tau)
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

static size_t packed(size_t i, size_t k)
{
	return i >= k ? i * (i + 1) / 2 + k : k * (k + 1) / 2 + i;
}

/* R >= 0 for each time constant of the grid; the base is the free last column. */
static int spectrum(const struct record *r, const double *tau, double *ret, struct erg_err *err)
{
	_cleanup_(erg_freep) double *cols = malloc((SPECTRUM + 1) * r->n * sizeof(*cols));
	double g[(SPECTRUM + 1) * (SPECTRUM + 2) / 2], h[SPECTRUM + 1];
	struct attr_nnls s = {0};
	int rc;

	if (!cols)
		return erg_fail(err, -ENOMEM, "out of memory");
	for (size_t k = 0; k <= SPECTRUM; k++) {
		double *col = cols + k * r->n;

		if (k < SPECTRUM)
			respond(r, tau[k], col);
		for (size_t i = 0; k == SPECTRUM && i < r->n; i++)
			col[i] = 1;
		h[k] = 0;
		for (size_t i = 0; i < r->n; i++)
			h[k] += col[i] * r->t[i];
		for (size_t j = 0; j <= k; j++) {
			double sum = 0;

			for (size_t i = 0; i < r->n; i++)
				sum += col[i] * cols[j * r->n + i];
			g[packed(k, j)] = sum;
		}
	}
	rc = attr_nnls_init(&s, SPECTRUM + 1, 1, err);
	if (rc >= 0) {
		attr_nnls_solve(&s, g, h);
		memcpy(ret, s.x, SPECTRUM * sizeof(*ret));
		rc = 0;
	}
	attr_nnls_release(&s);
	return rc;
}

/* The spectrum's clusters of neighbouring time constants, as starting points, largest R first. */
static size_t peaks(const double *tau, const double *r, double *ret_log_tau)
{
	double weight[SPECTRUM], at[SPECTRUM];
	size_t n = 0;

	for (size_t k = 0; k < SPECTRUM; k++) {
		if (!(r[k] > 0))
			continue;
		if (k && r[k - 1] > 0) {
			at[n - 1] += r[k] * log(tau[k]);
			weight[n - 1] += r[k];
			continue;
		}
		at[n] = r[k] * log(tau[k]);
		weight[n++] = r[k];
	}
	for (size_t i = 0; i < n; i++)
		at[i] /= weight[i];
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++)
			if (weight[k] > weight[i]) {
				double w = weight[i], a = at[i];

				weight[i] = weight[k];
				at[i] = at[k];
				weight[k] = w;
				at[k] = a;
			}
	for (size_t i = 0; i < n && i < ERG_RC_TERMS; i++)
		ret_log_tau[i] = at[i];
	return n < ERG_RC_TERMS ? n : ERG_RC_TERMS;
}

/* Every term heats, and lies between a block and ten lengths of the run. */
static bool sensible(const struct fit *f, const double *log_tau)
{
	for (size_t k = 0; k < f->terms; k++)
		if (gsl_vector_get(f->c, k) <= 0 || log_tau[k] < log(f->r->dt_s / 4) ||
			log_tau[k] > log(10 * (double)f->r->n * f->r->dt_s))
			return false;
	return true;
}

static void keep(const struct fit *f, const double *log_tau, struct erg_thermal_rc *ret)
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

/* More terms than peaks: the spectrum can smear two into one, so further starts lie a decade
 * beside the first peak. */
static void spread(double *start, size_t n)
{
	static const double beside[] = {0, -2.3, 2.3};

	for (size_t i = n; i < ERG_RC_TERMS; i++)
		start[i] = start[0] + beside[i];
}

static int choose_terms(const struct record *r, const double *start, struct erg_thermal_rc *ret)
{
	double best = INFINITY;

	for (size_t terms = 1; terms <= ERG_RC_TERMS; terms++) {
		_cleanup_(fit_release) struct fit f = {0};
		double log_tau[ERG_RC_TERMS], bic;

		memcpy(log_tau, start, sizeof(log_tau));
		if (fit_init(&f, r, terms) < 0 || refine(&f, log_tau) < 0)
			return -ENOMEM;
		bic = (double)r->n * log(f.rss / (double)r->n) +
		      (double)(2 * terms + 1) * log((double)r->n);
		if (bic < best && sensible(&f, log_tau)) {
			best = bic;
			keep(&f, log_tau, ret);
		}
	}
	return 0;
}

static bool steps(const struct record *r)
{
	double lo = INFINITY, hi = -INFINITY, sum = 0;

	for (size_t i = 0; i < r->n; i++) {
		lo = fmin(lo, r->p[i]);
		hi = fmax(hi, r->p[i]);
		sum += r->p[i];
	}
	return hi - lo > 0.2 * sum / (double)r->n;
}

int erg_thermal_rc_fit(const struct erg_thermal_run *run, struct erg_thermal_rc *ret,
	struct erg_err *err)
{
	_cleanup_(record_release) struct record r = {0};
	double tau[SPECTRUM], weight[SPECTRUM], start[ERG_RC_TERMS] = {0}, length;
	size_t n;

	*ret = (struct erg_thermal_rc){.why = NULL};
	if (copy_blocks(run, &r) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (r.n < 30 || !steps(&r)) {
		ret->why = r.n < 30 ? "fewer than 30 blocks"
				    : "the power has no step: record idle before or after";
		return 0;
	}
	length = (double)r.n * r.dt_s;
	for (size_t k = 0; k < SPECTRUM; k++)
		tau[k] = r.dt_s * pow(3 * length / r.dt_s, (double)k / (SPECTRUM - 1));
	if (spectrum(&r, tau, weight, err) < 0)
		return erg_wrap(err, -ENOMEM, "%s", run->archive);
	n = peaks(tau, weight, start);
	if (!n) {
		ret->why = "the temperature does not follow the power";
		return 0;
	}
	spread(start, n);
	if (choose_terms(&r, start, ret) < 0)
		return erg_fail(err, -ENOMEM, "out of memory");
	if (!ret->n)
		ret->why = "no network of one to three elements fits";
	ret->identified = ret->n && length > 3 * ret->tau_s[ret->n - 1];
	return 0;
}
