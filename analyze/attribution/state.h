/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_STATE_H
#define ERG_ANALYZE_ATTRIBUTION_STATE_H

/* What an attribution keeps behind struct erg_attr, for the sums that are asked of it later. */
#include <stdbool.h>
#include <stddef.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/clipped.h"
#include "analyze/attribution/direct.h"
#include "analyze/attribution/fold.h"
#include "analyze/attribution/gram.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/outlying.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/observed.h"

#define ATTR_LAG_SIDES 4 /* refits for a lag of known uncertainty */
/* Below this share of observed time the mean power of the rest says nothing of the gaps. */
#define ATTR_ENOUGH ERG_OBSERVED_ENOUGH

struct erg_attr_state {
	const struct erg_attr_options *opt; /* of the caller; only during the run */
	struct erg_rail rail;               /* scalars only, arrays belong to the caller */
	struct attr_view view;
	struct attr_readings readings;
	struct attr_outlying outlying;
	struct attr_clipped clipped;
	struct attr_shape shape;
	struct attr_direct direct;
	struct attr_gram gram;
	double memory_ns; /* of the sensor */
	double reach_ns;  /* how far from a reading time counts as covered */
	size_t rounds, n_classes;
	double *power;        /* per column, W, by least squares */
	double *value;        /* per class, J: direct or nnls */
	double *rep;          /* n_classes x rounds, J: attr_rep() */
	double *rep_sum;      /* rounds: of all classes, J */
	double *class_fitted; /* s of a class by least squares */
	double *class_few;    /* s of a class in columns that hardly any reading saw */
	double *few_j;        /* and what those may be wrong by beyond the replicates, J */
	double *nnls;         /* per class, J */
	double *nnls_se;      /* per class */
	double *dir;          /* per class, J; NaN where not valid */
	double *dir_se;
	bool *is_direct; /* per class: value is the direct one */
	bool *sharp;     /* per class: few windows will do, as they are unlike (gates.c) */
	double *spread;  /* per class: readings that it is spread over, (sum a)^2 / sum a^2 */
	bool *any_lag;   /* per class: slack_j holds what any lag would change of it (any_lag.c) */
	double *rival_j; /* per class: energy by another sensor that fits as well, less its own, J */
	double *slack_j; /* per class: what tests that fail slightly would change, J */
	double late_stamps_j; /* what readings held up unseen, and layers' stamps, would change of the run's energy, J */
	double *lag_j;     /* ATTR_LAG_SIDES per class: change of the energy by another lag, J */
	double *quantum_w; /* per class: bound of the quantisation bias, W */
	double rounded_w; /* standard: what rounding that readings share does to their mean, W; 0: little */
	double sigma2, tau2; /* of the solution */
	double mean_w;
	/* standard uncertainties of what the readings' times are off by: ns, s/s */
	double lag_u_ns, skew_u;
	struct attr_fold fold; /* power that comes again in step with the readings */
	double late_w;         /* doubt of the mean power by stamps that are late amid a layer, W */
	double alias_j; /* what a sampler nearly in step made of the run's energy; 0: nothing, J */
	double ratio; /* ets_j over the readings' own sum, which parts of the run are brought to; 0: 1 */
	double wider; /* statistical parts by this factor, for simultaneous intervals; 0: 1 */
	bool locked, short_run;
	bool misfit; /* the readings do not follow from the layers: also when they were is in doubt */
	bool contradicts; /* the classes together are not the energy that the readings have */
	double unfair_s;  /* of layers that were, whatever else is wrong with them */
	bool unfair; /* over a hundredth of the time was seen in shares that are not those of the run */
	double peak_w;                /* greatest reading */
	double ci_limit, min_windows; /* of the gates */
	bool ci_whole;
	bool has_idle;
	double idle_a, idle_b; /* P_idle(t) = a + b (t - t0), W and W/s */
	double idle_u;         /* standard uncertainty, W */
	size_t n_gaps;
	struct erg_attr_span *gaps; /* no reading within reach */
	double *class_covered;      /* s */
};

/* The rounds of class C. */
static inline double *attr_rep(const struct erg_attr_state *st, size_t c)
{
	return st->rep + c * st->rounds;
}
/* What a reading is the mean of, ns: without the doubt about when that ended. */
static inline double attr_seen_ns(const struct erg_attr_state *st)
{
	return st->shape.kind == ERG_SENSOR_EMA ? st->memory_ns : st->shape.window_ns;
}
/* Between readings, or between updates where those are further apart, ns. */
static inline double attr_period(const struct erg_attr_state *st)
{
	return st->reach_ns / 1.5;
}

#endif
