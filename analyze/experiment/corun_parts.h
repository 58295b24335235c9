/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_CORUN_PARTS_H
#define ERG_ANALYZE_EXPERIMENT_CORUN_PARTS_H

/* Between corun.c and corun_programs.c. */
#include "analyze/experiment/points.h"

/* The runs of one workload, partner and setting. */
struct erg_corun_side {
	const struct erg_observations *o;
	const struct erg_points *p;
	const struct erg_point *point;
};

/* Run K of the point. */
const json_t *erg_corun_run(const struct erg_corun_side *s, size_t k);
bool erg_corun_is_alone(const char *level);
struct erg_est erg_corun_est(double v, double half, double syst);
/* Half of the interval of a difference of two means with variances VA and VB; NaN with a single run. */
double erg_corun_half(double va, size_t na, double vb, size_t nb);

/* The parts of "A+B" one after the other; NULL after the last. */
const char *erg_corun_next(const char **rest, char *buf, size_t size);
/* Mean of the workload's instructions a cycle, as the process counted them; NaN: not counted. */
double erg_corun_ipc(const struct erg_corun_side *s);
/* An entry of "combinations"; BUDGET_W may be NaN. */
json_t *erg_corun_combination(const struct erg_corun_side *s, const char *workload,
	const char *partner, double budget_w);
/* Of each workload and partner the fastest combination within the budget. */
json_t *erg_corun_choices(const json_t *combinations);
/* An entry of a cell's "partners". ALONE: NULL where NAME was not run alone. */
json_t *erg_corun_partner(const struct erg_corun_side *alone, const struct erg_corun_side *both,
	const char *name);

#endif
