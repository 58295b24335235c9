/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_SWEEP_H
#define ERG_ANALYZE_EXPERIMENT_SWEEP_H

#include "analyze/experiment/points.h"

struct erg_sweep_options {
	enum erg_objective objective;
	double budget_w;       /* NaN: none */
	double slack;          /* fraction, NaN: none */
	const char *frequency; /* name of the factor that is a frequency; NULL: found by its name */
};

/*
 * Adds "groups" to DOC (keys of the schema: points, best, ets_saving, edp_saving, time_penalty; and
 * reference, optimum, budget, slack, sensitivity). Warnings go to DOC.
 */
int erg_sweep_document(const struct erg_observations *o, const struct erg_sweep_options *opt,
	json_t *doc, struct erg_err *err);

/* T = t_mem + c / f and E at the frequencies of one group: what a frequency does to it. */
struct erg_sensitivity {
	struct erg_est t_mem_s;    /* time that no frequency shortens */
	struct erg_est cycles;     /* c: seconds times hertz (in the factor's unit) */
	double memory_share;       /* t_mem / T at the highest frequency, 0..1 */
	double r2;
	const char *bound;         /* "memory", "compute", "mixed" or "unresolved" */
};

/* f, t: N points; needs at least three frequencies, else everything is unresolved. Ordinary least
 * squares of t on 1/f. */
struct erg_sensitivity erg_sensitivity_fit(const double *f, const double *t, size_t n);
json_t *erg_sensitivity_json(const struct erg_sensitivity *s);

/* Minimum of the parabola through three points x0 < x1 < x2 with y1 the smallest; NaN otherwise. */
double erg_parabola_min(const double x[3], const double y[3]);

#endif
