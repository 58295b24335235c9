/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_POINTS_H
#define ERG_ANALYZE_EXPERIMENT_POINTS_H

/*
 * Measurements of an experiment: observations (one run, or one row of a table) with the settings
 * they were made at, and points (all repetitions of one setting) with their estimates.
 *
 * A factor is a setting that was varied (frequency, cap, threads); a group is what is never
 * compared across (workload, network, board). Both are dimensions with text levels; a dimension
 * whose levels are all numbers is ordered by value.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "analyze/result/estimate.h"
#include "formats/base/err.h"

struct erg_dim {
	char *name;
	bool group;   /* else a factor */
	bool numeric; /* every level is a finite number */
	size_t n;
	char **levels;
	double *values; /* of numeric dimensions, else NaN */
	void *index;    /* text to level, while observations are added */
};

struct erg_obs {
	double time_s, energy_j;
	double mean_w, peak_w;    /* NaN: unknown */
	double voltage_v;         /* NaN: unknown */
	struct erg_est time, ets; /* the run's own intervals; NaN bounds where it has none */
	bool throttled;
	uint32_t *level;      /* one per dimension */
	const json_t *layers; /* array of the run's layers, or NULL (borrowed) */
	const json_t *run;    /* it comes from, or NULL (borrowed) */
	double wider;         /* by how much deviations are to be widened; 0: not at all */
	bool unresolved;      /* its energy: it is counted, and takes no other part */
};

struct erg_observations {
	size_t n_dims, n, cap;
	struct erg_dim *dims;
	struct erg_obs *obs;
	uint32_t *levels; /* storage of obs[].level */
};

int erg_observations_init(struct erg_observations *o, const char *const *factors, size_t n_factors,
	const char *const *groups, size_t n_groups, struct erg_err *err);
void erg_observations_release(struct erg_observations *o);
/* Adds one observation with its levels as text, one per dimension; returns it for filling in. */
struct erg_obs *erg_observations_add(struct erg_observations *o, const char *const *levels);
/* Call once after the last: decides which dimensions are numeric and orders levels. */
int erg_observations_finish(struct erg_observations *o, struct erg_err *err);

enum erg_objective { ERG_OBJ_ETS, ERG_OBJ_EDP, ERG_OBJ_ED2P, ERG_OBJ_TIME, ERG_OBJ_N };
extern const char *const erg_objective_names[ERG_OBJ_N];
int erg_objective_parse(const char *name);

struct erg_point {
	size_t first, n; /* observations order[first .. first + n - 1], all resolved */
	size_t left_out; /* observations of the same setting that are not */
	const uint32_t *level;
	struct erg_est est[ERG_OBJ_N];
	double sd[ERG_OBJ_N]; /* over repetitions; NaN for one */
	double mean_w, peak_w, voltage_v;
	bool throttled;
	bool pareto;  /* on the front of time and ETS */
	bool decided; /* so with every value in the intervals; false too without repetitions */
};

struct erg_points {
	size_t n;
	struct erg_point *points; /* ordered by group, then by factors */
	size_t *order;            /* observations, those of one point together */
	size_t n_groups;
	size_t *group_first; /* n_groups + 1: points of group g */
	size_t n_empty;
	struct erg_point *empty; /* settings of which no observation is resolved: n is 0 */
};

/* Groups observations into points, estimates each, and marks the Pareto front of (time, ETS) of
 * each group. */
int erg_points_build(const struct erg_observations *o, struct erg_points *ret, struct erg_err *err);
void erg_points_release(struct erg_points *p);
/* Warns of each setting of which no run has a resolved energy. */
void erg_points_tell_empty(const struct erg_observations *o, const struct erg_points *p,
	json_t *doc);
/* Whether two points, or settings, are of the same group. */
bool erg_points_same_group(const struct erg_observations *o, const uint32_t *a, const uint32_t *b);

/* Sets pareto and decided of N points of one group. -ENOMEM. */
int erg_points_front(struct erg_point *p, size_t n);

/* {"name": level, …} of the point's groups or factors; numbers where the dimension is numeric. */
json_t *erg_point_levels(const struct erg_observations *o, const struct erg_point *p, bool groups);

/* Two-sided p-value of Welch's t-test between two points; NaN when one has a single observation. */
double erg_points_welch(const struct erg_point *a, const struct erg_point *b,
	enum erg_objective obj);

/*
 * Observations from runs: factors and groups as named; without names, factors are all that vary
 * among the manifests, and the group is the workload. A run without a resolved energy is left out of
 * every figure: DOC (or NULL) gets a warning with its name and the reason. -ENODATA when none is left.
 */
int erg_observations_from_runs(const json_t *runs, const char *const *factors, size_t n_factors,
	const char *const *groups, size_t n_groups, json_t *doc, struct erg_observations *ret,
	struct erg_err *err);

#endif
