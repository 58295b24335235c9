/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_H
#define ERG_ANALYZE_ATTRIBUTION_H

/*
 * Which layer spent the joules: a rail's readings, and who ran when, become energy per class with
 * an interval, or the statement that the data cannot tell.
 *
 * Model (least squares over all iterations together): reading m saw class k for the share a_mk of
 * its window, so  y_m = sum_k a_mk p_k + b(block) + e_m,  p >= 0, E_k = p_k * time_k, where time_k
 * is exact. Layers at least ten windows long are integrated directly from the readings that lie
 * wholly inside them. Intervals: moving-block bootstrap of Gram blocks (Kuensch 1989; length after
 * Politis and White 2004) for the statistical part; offset, gain, quantum and a lag known only to
 * +-u for the systematic part; both are added linearly in lo..hi.
 *
 * Classes are those of struct erg_segment (layers, then gap at n_classes - 1), followed by one
 * more, idle (index n_classes), when idle intervals are given.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "analyze/result/estimate.h"
#include "analyze/timeline/rail.h"
#include "analyze/timeline/segments.h"
#include "formats/base/err.h"

struct erg_attr_span {
	uint64_t begin, end; /* ns */
};

/* A step function of time: v[i] holds from t[i] until t[i + 1]. */
struct erg_attr_steps {
	size_t n;
	const uint64_t *t; /* ns, increasing */
	const double *v;
};

enum erg_attr_lag {
	ERG_LAG_AUTO,     /* the model's lag is where the search begins */
	ERG_LAG_MODEL,    /* the model's lag as it is, with its uncertainty */
	ERG_LAG_OVERRIDE, /* opt->lag_ns +- opt->lag_u_ns */
};

/* When instances that were held up waited. */
enum erg_attr_stall {
	ERG_STALL_AFTER, /* their work */
	ERG_STALL_BEFORE,
	ERG_STALL_AMID,
};

struct erg_attr_options {
	uint64_t seed;
	unsigned int rounds; /* of the bootstrap; 0: the default */
	double ci_limit; /* half width / value above which a layer is not resolved; 0: the default */
	bool ci_whole; /* the limit is of the whole interval: also of what is the same for all, the
				sensor's gain and offset, which no longer run would mend */
	double cond_limit;       /* 0: the default */
	double min_windows;      /* least occupancy of a class, in sensor windows; 0: 50 */
	unsigned int max_blocks; /* 0: 200, fewer where the classes are many */
	enum erg_attr_lag lag;
	double lag_ns, lag_u_ns;
	bool fit_window; /* also search the window (point, boxcar) or time constant (ema); always
			    done where the model is assumed and gives none */
	struct erg_attr_steps frequency;  /* n = 0: none. Each class is split by frequency level */
	const struct erg_attr_span *idle; /* idle phases, in order of time */
	size_t n_idle;
	unsigned int jobs;         /* threads of a search; 0: one a CPU. The result is the same */
	enum erg_attr_stall stall; /* looked at first: what the readings follow from is found */
};

/* The defaults, also for texts that name them. */
#define ERG_ATTR_CI_LIMIT_PCT 5
#define ERG_ATTR_COND_LIMIT 100
#define ERG_ATTR_ROUNDS 1000
/* Defaults; ci_limit and the like spelled out. */
void erg_attr_options_init(struct erg_attr_options *opt);

/* Why a class is not resolved on its own. */
enum erg_attr_gate {
	ERG_GATE_NONE,    /* resolved */
	ERG_GATE_NO_DATA, /* no reading saw it */
	ERG_GATE_WINDOWS, /* seen for fewer than min_windows windows */
	ERG_GATE_COND,    /* cannot be told from its neighbours: condition number */
	ERG_GATE_CI,      /* interval wider than ci_limit */
	ERG_GATE_LOCKED,  /* the sampler runs in phase with the layers */
	ERG_GATE_BLOCKS,  /* run too short for an interval: fewer than 20 blocks */
	ERG_GATE_UNFAIR,  /* seen only in part: observed share differs from its share of time */
	ERG_GATE_UNSEEN,  /* less than half of its time lies within reach of a reading */
	ERG_GATE_MISFIT,  /* the model of the sensor or of the layers is wrong: erg_attr.misfit */
	ERG_GATE_IMPOSSIBLE, /* a power above any reading, or none at all */
	ERG_GATE_MANY,       /* of a run with more classes than can be told apart: none was tried */
	ERG_GATE_CLIPPED, /* readings at the end of the sensor's range: what was drawn beyond is not known */
	ERG_GATE_N,
};
const char *erg_attr_gate_name(enum erg_attr_gate gate);
struct erg_attr;
/* The gate that keeps class K from being resolved, with what is wrong where the model is: "misfit:
 * clock"; "resolved". */
const char *erg_attr_class_reason(const struct erg_attr *a, size_t k);

struct erg_attr_class {
	double time_s;   /* exact, from the segments */
	uint64_t calls;  /* runs of adjacent segments of this class */
	double windows;  /* occupancy observed, in sensor windows (readings x share) */
	double coverage; /* share of its time that lies within reach of a reading (no gap) */
	/* The class alone; unresolved if it is merged or failed a gate. method: direct, nnls,
	 * counter (a counter's whole differences inside the layer), unresolved. */
	struct erg_est energy_j, power_w;
	/* Estimates by both methods where both are valid (else unresolved), for the comparison. */
	struct erg_est energy_direct_j, energy_nnls_j;
	enum erg_attr_gate gate;
	/* Group: classes merged because only their sum is known. The head is its first member;
	 * group == own index and group_n == 1 when alone. The group's figures are those of all
	 * members together, the same in each member; unresolved when even the sum is not known. */
	uint32_t group, group_n;
	double group_time_s;
	struct erg_est group_energy_j, group_power_w;
};

struct erg_attr_diag {
	double cond;             /* of the column-scaled Gram matrix of all classes */
	double lag_ns, lag_u_ns; /* used, and standard uncertainty */
	const char *lag_source;  /* estimated, undetermined, model, override, assumed */
	double window_ns;        /* used: window, or time constant of an ema */
	double period_ns;        /* native update period used or found; 0 unknown */
	bool window_fitted;
	bool stale_readings;   /* repeated readings were dropped */
	bool locked;           /* sampler in phase with the layers */
	size_t readings, rows; /* readings of the rail, rows of the least squares */
	size_t blocks;         /* Gram blocks */
	size_t block_length;   /* Gram blocks resampled together (Politis-White) */
	double block_s;        /* seconds of one Gram block */
	double residual_w;     /* RMS residual of a reading */
	double drift_w;        /* SD of the baseline of the blocks */
	size_t levels;         /* frequency levels used (1: no split) */
	double level_hz[4];    /* their values */
};

/* A score test of the model: F, and the chance of a greater one where the model is right. NaN: too
 * few readings to test. */
struct erg_attr_test {
	const char *name;
	double f, p;
};

/* The sensor as the run itself shows it; unresolved where it was not asked, or with the reason "undetermined". */
struct erg_attr_model {
	size_t n_tests;
	struct erg_attr_test tests[16];
	struct erg_est lag_s, window_s, tau_s, skew_ppm;
	struct erg_est scatter_s; /* SD of what the times are off by, in place of tau_s */
	double declared_lag_s, declared_lag_u_s, declared_window_s, declared_tau_s;
	size_t profiles; /* layers whose power was fitted as not the same all through them */
};

/* opaque: replicates of the bootstrap and what a linear combination needs */
struct erg_attr_state;

struct erg_attr {
	size_t n_classes; /* layers, gap, and idle if there is one */
	struct erg_attr_class *classes;
	double time_s;                          /* of the segments: begin[0] .. begin[n] */
	double coverage;                        /* share of time_s within reach of a reading */
	struct erg_est ets_j, edp_js, ed2p_js2; /* whole of the segments */
	double mean_w;                          /* over the time whose energy is in ets_j */
	struct erg_est idle_w; /* mean of P_idle over the run; unresolved without idle phases */
	struct erg_attr_diag diag;
	struct erg_attr_model model;
	const char *
		misfit; /* static text: "misfit: " and clock, varying, …; NULL: the model is right */
	json_t *warnings; /* array of {"code", "text"} */
	struct erg_attr_state *state;
};

/*
 * Attributes RAIL to the layers of TL; device and map as for erg_segment_iter_new. opt NULL:
 * defaults. Returns 0 also when nothing is resolved (classes say why); -ENODATA when the rail has
 * fewer than two readings within the run, -EINVAL for a run without time or options that make no
 * sense, -ENOMEM. RAIL must outlive *ret, which points into it.
 */
int erg_attr_run_timeline(const struct erg_rail *rail, const struct erg_timeline *tl, bool device,
	const uint32_t *map, const struct erg_attr_options *opt, struct erg_attr **ret,
	struct erg_err *err);
/* {"tests", "fitted", "declared"}: which tests of the model were made, and what it became. */
json_t *erg_attr_model_json(const struct erg_attr *a);
void erg_attr_free(struct erg_attr *a);
void erg_attr_freep(struct erg_attr **a);

/*
 * sum_k weight[k] * E_k in J, with the covariance of the classes (from the replicates; never a sum
 * of interval ends). WEIGHT has n_classes values: 1 for the members of a type, module, network,
 * 1/calls for energy per call, -1 for a difference. above_idle: minus P_idle over the same time
 * (unresolved without idle phases). The result is unresolved when a gate forbids the sum.
 */
struct erg_est erg_attr_combine(const struct erg_attr *a, const double *weight, bool above_idle);

/* Energy of class K alone: resolved where its own gates and those of sums pass it. What a row or an
 * event of one layer may print. */
struct erg_est erg_attr_class_energy(const struct erg_attr *a, size_t k);

/* A sum as in erg_attr_combine as a share of the energy of all classes: their errors are in both. */
struct erg_est erg_attr_combine_share(const struct erg_attr *a, const double *weight);

/* A stretch of time, ns, of which WEIGHT counts: of what is shared, the part. */
struct erg_attr_stretch {
	uint64_t begin, end;
	double weight; /* 0..1 */
};

/* What is known of some stretches of time together. */
struct erg_attr_over {
	struct erg_est energy_j;
	struct erg_est above_idle_j; /* unresolved without idle phases */
	double coverage;             /* share of the time within reach of a reading */
	double peak_w;               /* greatest single reading in them, NaN without one */
};

/*
 * Energy of the rail over N stretches in order of time that do not overlap: phases, of which there
 * may be many of one name, or the whole run; they may lie before and after the run. Trapezoid over
 * the lag-corrected readings, a counter's difference; gaps longer than three periods are not
 * bridged: they reduce the coverage and count at the mean power of the rest, or, when that is less
 * than half, nothing is resolved. Within the run all is to the scale of ets_j, so that parts of the
 * run make up the whole.
 */
void erg_attr_over(const struct erg_attr *a, const struct erg_attr_stretch *s, size_t n,
	struct erg_attr_over *ret);

/*
 * Makes the intervals that are asked for from now on simultaneous for N rows: all of them cover at once
 * in 95 of 100 runs, by the greatest deviation among the rows in each round of the bootstrap. ROW gives
 * each class the row that it is in, or ERG_NONE; NULL: of rows that are stretches of time, by Sidak's
 * inequality. N = 0: each interval for itself again.
 */
int erg_attr_simultaneous(struct erg_attr *a, const uint32_t *row, size_t n, struct erg_err *err);

/* Whether the sampler ran in step, or in a slow beat, with the work, so that its readings are no fair
 * sample of the run; and to say so of a rail without layers that was read by the same sampler. */
bool erg_attr_in_step(const struct erg_attr *a);
void erg_attr_set_in_step(struct erg_attr *a);

/* One stretch. ret_coverage and ret_peak_w may be NULL. */
struct erg_est erg_attr_interval(const struct erg_attr *a, uint64_t begin, uint64_t end,
	double *ret_coverage, double *ret_peak_w);

#endif
