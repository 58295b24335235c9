/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_THERMAL_H
#define ERG_ANALYZE_EXPERIMENT_THERMAL_H

/*
 * Temperature and power: what leakage costs, how heat leaves, when throttling sets in, from runs
 * with the heat sink on and off.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "analyze/result/estimate.h"
#include "analyze/timeline/rail.h"
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/* Means over a block of time. */
struct erg_thermal_block {
	double t_s; /* middle, since the run's begin */
	double power_w, temp_degc;
	double freq_hz; /* NaN: unknown */
	bool throttled;
	bool busy; /* wholly within the work (first layer begins … last layer ends) */
};

struct erg_thermal_run {
	char *archive;
	char *match;         /* workload and factors but heat sink and repetition */
	int heatsink;        /* 1 on, 0 off, -1 not said */
	double ambient_degc; /* tag ambient_c; NaN: not said */
	double block_s;
	size_t n;
	struct erg_thermal_block *blocks;
	/* for the way of heat, which is faster than blocks: mean power in steps of fine_s, and the
	 * readings of the temperature as they came; times since the run's begin */
	double fine_s;
	size_t n_fine, n_temps;
	double *fine_w; /* NaN: no reading in that step */
	double *temp_t_s, *temp_degc;
	double time_s, energy_j;
	double throttled_share, time_to_throttle_s; /* NaN: nothing tells, never */
	double gain_max;                            /* of the rail */
	json_t *run; /* as of erg_layers_run, and "zone": the temperature that was chosen */
};

struct erg_thermal_options {
	const char *zone;      /* temperature channel; NULL: the one of widest range */
	double block_s;        /* 0: duration / 100, at least 20 ms */
	double ambient_degc;   /* predict the settling temperature there; NaN: not asked */
	double throttle_below; /* f under this share of the run's highest is throttling: 0.98 */
};

/* RUN (owned by the result) and the rail chosen for it. */
int erg_thermal_run_build(const struct erg_timeline *tl, const struct erg_rail *rail, json_t *run,
	const struct erg_thermal_options *opt, struct erg_thermal_run *ret, struct erg_err *err);
void erg_thermal_run_release(struct erg_thermal_run *r);

/* ---- leakage ---- */

static inline bool erg_thermal_usable(const struct erg_thermal_block *b)
{
	return b->busy && !b->throttled && isfinite(b->power_w) && isfinite(b->temp_degc);
}

struct erg_thermal_means {
	size_t n; /* usable blocks */
	double power_w, temp_degc;
};

/* Over the usable blocks from FIRST on. */
struct erg_thermal_means erg_thermal_means_from(const struct erg_thermal_run *r, size_t first);

/* Slope of power over temperature within runs, W/K: regression with an effect for each run (fixed
 * effects), clustered by run (Arellano 1987). Unresolved for fewer than 10 usable blocks. */
struct erg_est erg_thermal_regression(const struct erg_thermal_run *runs, size_t n);

/* Sums over the usable blocks of a stretch of work, about their means: squares and products of
 * power P and temperature T, and the same of each block with the next. */
struct erg_thermal_spread {
	size_t n;
	double pp, pt, tt, next_pp, next_pt, next_tt;
	double step_k; /* smallest change that the thermometer showed */
};

struct erg_thermal_pair {
	size_t on, off;    /* indices of runs */
	double dt_k, dp_w; /* off less on */
	double half_dt_k;  /* half of the 95 % interval of dt_k */
	struct erg_thermal_spread spread_on, spread_off;
	struct erg_est slope;           /* W/K, by this pair alone */
	double leakage_j, throttling_j; /* of energy(off) - energy(on); NaN: not known */
	bool split_by_all; /* these two by the slope of all pairs, as its own is unresolved */
	bool throttled;    /* either run spent over a tenth of its work throttled */
};

/* Pairs of runs that differ in the heat sink alone, in order; *ret malloc'ed. */
int erg_thermal_pairs(const struct erg_thermal_run *runs, size_t n, struct erg_thermal_pair **ret,
	size_t *ret_n, struct erg_err *err);

/* The heat sink as instrument (Wald 1940): sum dP dT / sum dT^2 over pairs, W/K, with Fieller's
 * interval; unresolved where it has no end, or the temperatures cannot be told apart. Pairs that
 * throttled were compared over what little of the work was not, and take part only when there is no
 * other. */
struct erg_est erg_thermal_instrument(const struct erg_thermal_run *runs,
	const struct erg_thermal_pair *pairs, size_t n);

struct erg_thermal_exponential {
	struct erg_est beta_per_k, l0_w;
	double t0_degc, span_k;
};

/* P = a_match + L0 exp(beta (T - T0)) by variable projection on [0, 0.08]/K, intervals by profile
 * likelihood; unresolved where the span is under 25 K or beta's interval touches an end. */
struct erg_thermal_exponential erg_thermal_exponential_fit(const struct erg_thermal_run *runs,
	size_t n);

/* ---- the way of heat ---- */

#define ERG_RC_TERMS 3

struct erg_thermal_rc {
	size_t n;                                    /* terms; 0: not identifiable */
	double r[ERG_RC_TERMS], tau_s[ERG_RC_TERMS]; /* K/W, s, by rising tau */
	double base_degc;                            /* temperature at no power */
	double rms_k;
	bool identified; /* the run is longer than three of the slowest tau */
	const char *why; /* of n == 0 */
};

/* Foster network of the N runs in one state of the heat sink, together: T = base + sum of
 * first-order responses to P; 1 to 3 terms by BIC. RUNS are pointers. */
int erg_thermal_rc_fit(const struct erg_thermal_run *const *runs, size_t n,
	struct erg_thermal_rc *ret, struct erg_err *err);

/* The whole document. RUNS may lack one state of the heat sink: then it says what is missing. */
int erg_thermal_document(const struct erg_thermal_run *runs, size_t n,
	const struct erg_thermal_options *opt, json_t *doc, struct erg_err *err);

#endif
