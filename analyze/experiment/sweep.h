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
 * savings, the same with intervals, reference, optimum, budget, slack, sensitivity). Warnings go to
 * DOC.
 */
int erg_sweep_document(const struct erg_observations *o, const struct erg_sweep_options *opt,
	json_t *doc, struct erg_err *err);

/* T = t_mem + c / f and E at the frequencies of one group: what a frequency does to it. */
struct erg_sensitivity {
	struct erg_est t_mem_s; /* time that no frequency shortens */
	struct erg_est cycles;  /* c: seconds times hertz (in the factor's unit) */
	double memory_share;    /* t_mem / T at the highest frequency, 0..1 */
	double r2;
	const char *bound; /* "memory", "compute", "mixed" or "unresolved" */
};

/* f, t: N points; needs at least three frequencies, else everything is unresolved. Ordinary least
 * squares of t on 1/f. */
struct erg_sensitivity erg_sensitivity_fit(const double *f, const double *t, size_t n);
json_t *erg_sensitivity_json(const struct erg_sensitivity *s);

/*
 * What each frequency does to each layer of one group: "layers": [{"name", "sensitivity", "points":
 * [{"frequency", "time_s", "energy_j"}], "best", "saving"}] (per call; best: the frequency of least
 * energy), and "per_layer_dvfs": {"energy_j", "fixed_j", "saving"}: the energy of one inference if
 * every layer ran at its own best frequency, against the best single one: the most that switching at
 * layer boundaries could save, its cost not counted. POINTS: N points of one group that differ in
 * dimension DIM alone; nothing is added where runs have no layers.
 */
int erg_sweep_layers(const struct erg_observations *o, const struct erg_points *all,
	const struct erg_point *const *points, size_t n, size_t dim, json_t *out,
	struct erg_err *err);

/* P = p0 + k V^2 f over points with a voltage: {"p0_w", "k", "r2"}; null for fewer than three. */
json_t *erg_sweep_v2f(const struct erg_observations *o, const struct erg_point *const *points,
	size_t n, size_t dim);

/* Minimum of the parabola through three points x0 < x1 < x2 with y1 the smallest; NaN otherwise. */
double erg_parabola_min(const double x[3], const double y[3]);

#endif
