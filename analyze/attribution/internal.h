/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_INTERNAL_H
#define ERG_ANALYZE_ATTRIBUTION_INTERNAL_H

/*
 * What the files of this room share. The way of the data:
 *
 *   view*.c      segments            -> columns (class x frequency level, gaps inside and outside)
 *   readings.c   a rail              -> fresh readings (stale repetitions dropped)
 *   kernel*.c    reading + view      -> one sparse row of the occupancy matrix
 *   gram.c       rows                -> sums by block of time
 *   lag.c        a subset of rows    -> lag, window
 *   fit.c        all of these        -> which sensor stands: as declared (refit.c), or another (scan.c,
 *                search.c), judged by misfit.c, judge.c
 *   change.c     sums                -> a change of level that was not recorded
 *   solve.c      sums                -> power per column (nnls.c), drift between the blocks
 *   direct.c     readings inside one layer -> energy without a model
 *   bootstrap.c  sums                -> replicates
 *   quantum.c    readings in cells   -> what rounding adds to the replicates
 *   finite.c     residuals           -> replicates for this run instead of all runs
 *   effects.c    sums, other sensors -> what those would say (whatever.c: where none fits)
 *   gates.c      all of it           -> what may be said
 *   combine.c    replicates          -> intervals, and what may be said of sums
 *   interval.c   readings            -> the energy of stretches of time, and of the run
 *   reconcile.c  both                -> parts that make up the whole
 */
#include "analyze/attribution/attribution.h"
#include "analyze/attribution/kernel.h"
#include "formats/observed.h"

#define ATTR_LAG_SIDES 4 /* refits for a lag of known uncertainty */
/* Below this share of observed time the mean power of the rest says nothing of the gaps. */
#define ATTR_ENOUGH ERG_OBSERVED_ENOUGH
#define ATTR_DIRECT_WINDOWS 10 /* a layer this many windows long is integrated directly */
#define ATTR_SPREAD 12     /* readings that differ by a layer, which tell it though it fills few */
#define ATTR_MIN_BLOCKS 20 /* of a bootstrap */

/* ---- rng.c: xoshiro256** (Blackman, Vigna 2018): the same bytes on every machine ---- */
struct attr_rng {
	uint64_t s[4];
};
void attr_rng_seed(struct attr_rng *rng, uint64_t seed);
uint64_t attr_rng_next(struct attr_rng *rng);
double attr_rng_uniform(struct attr_rng *rng); /* [0, 1) */
double attr_rng_normal(struct attr_rng *rng);
uint32_t attr_rng_below(struct attr_rng *rng, uint32_t n);

/* ---- gram.c ---- */
/* Sums of one block: packed upper triangle of G (dim x dim), then h, then s (dim each), then n,
 * y, yy. dim = n_cols + n_extra; the last n_extra columns are row->x (one at least). */
struct attr_gram {
	size_t dim, n_extra, stride, n, cap;
	double prior[ATTR_EXTRA_MAX]; /* precision of what is known of an extra beforehand: added to
					 the diagonal of each total */
	double sigma2;                /* of a reading, W^2: what the priors are relative to */
	double pull[ATTR_EXTRA_MAX];  /* and to h: precision x (known - used) */
	double *sum;                  /* n x pace; one block alone is a total */
	/* Of so many columns that no fit is compared with those of parts of the run (change.c) a block has no G
	 * of its own: WHOLE is that of all, and the bootstrap's scores take one more pass over the rows. */
	bool thin;
	size_t pace;     /* from one block to the next */
	double *whole;   /* upper triangle; NULL: not thin */
	double *theta;   /* per block, thin: what attr_solve took off its G, theta s s' */
	uint32_t *place; /* thin: per stretch of block_ns its block, once they are compacted */
	uint64_t t0;
	double block_ns;
	size_t max_blocks;
	double *windows; /* per column: sum of a */
	double *square;  /* per column: sum of a^2 */
	double *pure;    /* per column: sum of a^2 of rows that lie in one column alone */
	size_t rows;
};
int attr_gram_init(struct attr_gram *g, size_t n_cols, size_t n_extra, uint64_t t0, uint64_t t1,
	double block_ns, size_t max_blocks, struct erg_err *err);
void attr_gram_add(struct attr_gram *g, const struct attr_row *row);
void attr_gram_release(struct attr_gram *g);
/* Removes blocks without rows. */
void attr_gram_compact(struct attr_gram *g);
/* The block of a thin one that a row at T is in, after that. */
size_t attr_gram_place(const struct attr_gram *g, uint64_t t);
/* out[rounds x stride] = sum over blocks of weight[rounds x n] (NULL: 1) times the sums. */
void attr_gram_total(const struct attr_gram *g, const double *weight, size_t rounds, double *out);
static inline size_t attr_tri(size_t dim, size_t i, size_t j) /* i <= j */
{
	return i * dim - i * (i + 1) / 2 + j;
}
/* h, s and n, y, yy of block B. */
static inline double *attr_block_h(const struct attr_gram *g, size_t b)
{
	return g->sum + b * g->pace + (g->thin ? 0 : g->dim * (g->dim + 1) / 2);
}
static inline double *attr_block_s(const struct attr_gram *g, size_t b)
{
	return attr_block_h(g, b) + g->dim;
}
static inline double *attr_block_n(const struct attr_gram *g, size_t b)
{
	return attr_block_s(g, b) + g->dim;
}
static inline double *attr_sum_h(double *sum, size_t dim)
{
	return sum + dim * (dim + 1) / 2;
}
static inline double *attr_sum_s(double *sum, size_t dim)
{
	return attr_sum_h(sum, dim) + dim;
}
static inline double *attr_sum_n(double *sum, size_t dim) /* n, y, yy */
{
	return attr_sum_s(sum, dim) + dim;
}

/* ---- nnls.c ---- */
struct attr_nnls {
	size_t dim;
	size_t n_free; /* columns that may be negative: the last n_free */
	double *chol, *x, *w, *z;
	uint32_t *set; /* passive set */
	/* of each row of the factor: the first entry that is not zero; and scratch */
	uint32_t *begin;
	uint8_t *passive;     /* per column; kept between calls: warm start */
	double *scale, limit; /* limit: of a gradient that is none */
	double *panel;        /* scratch of the factorisation: columns of a panel as rows */
};
int attr_nnls_init(struct attr_nnls *s, size_t dim, size_t n_free, struct erg_err *err);
void attr_nnls_release(struct attr_nnls *s);
/* Minimises x'Gx - 2h'x, x >= 0 but for the free columns; G packed. Columns whose diagonal is 0
 * stay 0. Result in s->x. Returns the number of factorisations. */
int attr_nnls_solve(struct attr_nnls *s, const double *g, const double *h);
/* The minimum without the free columns into X, by the factor of the last solve; false where its passive
 * set would be another one. */
bool attr_nnls_without(struct attr_nnls *s, const double *g, const double *h, double *x);
/* Of the last solve: how the minimum rises with the free columns' coefficients, as a form (n_free x n_free);
 * zero for those without entries. */
void attr_nnls_corner(const struct attr_nnls *s, double *ret);
/* B (dim x SIDES) becomes G^-1 B, G restricted to the passive set of the last solve; zero elsewhere. */
void attr_nnls_spread(const struct attr_nnls *s, const double *g, double *b, size_t sides);
/* The diagonal of that inverse (dim); -ENOMEM. */
int attr_nnls_diagonal(const struct attr_nnls *s, const double *g, double *ret);
/* Entry I of it; NaN without memory. */
double attr_nnls_spread_one(const struct attr_nnls *s, const double *g, size_t i);
/* sqrt(lambda_max / lambda_min) of the column-scaled n x n full symmetric matrix; INFINITY when
 * singular. Columns with a zero diagonal are left out. */
double attr_condition(const double *full, size_t n);

/* ---- lag.c ---- */
struct attr_fit {
	struct attr_shape shape;
	double lag_u_ns; /* standard */
	bool estimated;  /* by this search */
	bool window_fitted;
	double *power; /* per column, at the minimum; owned */
	double rss;    /* per row, W^2 */
};
int attr_lag_search(const struct attr_view *v, const struct attr_readings *r,
	const struct erg_rail *rail, const struct erg_attr_options *opt,
	const struct attr_shape *start, struct attr_fit *ret, struct erg_err *err);

/* ---- solve.c ---- */
struct attr_solution {
	double *power; /* n_cols */
	double delta
		[ATTR_EXTRA_MAX]; /* what the further columns ask for; [0]: shift of the lag, ns */
	double rss;               /* per row, before the baseline, with the further columns; W^2 */
	double rss_plain;         /* and without them */
	double sigma2;            /* of one reading, within blocks */
	double tau2;              /* of the baseline between blocks */
	double yy;
};
/* Applies the random baseline of the blocks to the sums of G (once), solves. */
int attr_solve(struct attr_gram *g, struct attr_nnls *s, struct attr_solution *ret,
	struct erg_err *err);

/* Squared residuals of the sums SUM, G in front, for the coefficients X, W^2. */
double attr_sum_residual(const struct attr_gram *g, double *sum, const double *x);
/* attr_gram_total as it was before the baseline was applied; G only. */
void attr_raw_total(const struct attr_gram *g, double sigma2, double tau2, double *out);
/* Takes the drift between blocks out of the sums, for the bootstrap. */
int attr_center(struct attr_gram *g, const double *x, const struct attr_solution *v,
	struct erg_err *err);

/* ---- direct.c ---- */
struct attr_direct {
	/* per column */
	double *energy;    /* J, in the time represented */
	double *time;      /* s represented by readings inside */
	double *readings;  /* inside */
	double *instances; /* with a reading inside */
	double *var;       /* of the mean power, W^2, design based */
	double *spread;    /* SD of a reading of the column, W */
};
int attr_direct_run(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *shape, struct attr_direct *ret, struct erg_err *err);
void attr_direct_release(struct attr_direct *d);

/* ---- bootstrap.c ---- */
/* Politis-White (2004) length for the mean of the series, in elements, at least 1. */
double attr_block_length(const double *x, size_t n);
#define ATTR_SCORE_COLUMNS 150 /* beyond, a round is one Newton step */
#define ATTR_THIN_COLUMNS 1000 /* beyond, a Gram block has no G of its own */
struct attr_boot {
	size_t rounds, n_cols;
	double *rep; /* rounds x dim: power, then the further columns */
};
/* SCORE: of each block, h - G x at the solution of FULL (n x dim); NULL: each round is solved. */
int attr_bootstrap(const struct attr_gram *g, const struct attr_nnls *full, const double *score,
	size_t length, unsigned int rounds, uint64_t seed, struct attr_boot *ret,
	struct erg_err *err);

/* ---- rare.c: for bootstrap.c, columns that few blocks saw ---- */
struct attr_rare {
	size_t n;       /* blocks that stay in every round */
	uint8_t *stays; /* per block of the sums */
	double *factor; /* n x dim x dim: of the covariance of their sums with residuals */
};
/* X: the solution. */
int attr_rare_find(const struct attr_gram *g, const double *x, struct attr_rare *ret,
	struct erg_err *err);
void attr_rare_release(struct attr_rare *r);
/* WEIGHT: how often each block is drawn. */
void attr_rare_weight(const struct attr_gram *g, const struct attr_rare *r, double *weight);
/* Adds to H (dim) what those blocks may be off by. */
void attr_rare_draw(const struct attr_gram *g, const struct attr_rare *r, struct attr_rng *rng,
	double *h);

/* ---- lock.c ---- */
/* Resultant length of the readings' phase in the layers' cycle, greatest over harmonics. */
double attr_lock(const struct attr_view *v, const struct attr_readings *r);
#define ATTR_LOCK_LIMIT 0.9

/* ---- the state behind erg_attr ---- */
struct erg_attr_state {
	const struct erg_attr_options *opt; /* of the caller; only during the run */
	struct erg_rail rail;               /* scalars only, arrays belong to the caller */
	struct attr_view view;
	struct attr_readings readings;
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
	bool *any_lag;   /* per class: slack_j holds what any lag would change of it (whatever.c) */
	double *rival_j; /* per class: energy by another sensor that fits as well, less its own, J */
	double *slack_j; /* per class: what tests that fail slightly would change, J */
	double held_j; /* what readings that were held up unseen would change of the run's energy, J */
	double *lag_j;     /* ATTR_LAG_SIDES per class: change of the energy by another lag, J */
	double *quantum_w; /* per class: bound of the quantisation bias, W */
	double rounded_w; /* standard: what rounding that readings share does to their mean, W; 0: little */
	double sigma2, tau2; /* of the solution */
	double mean_w;
	double late_w;  /* doubt of the mean power by stamps that are late amid a layer, W */
	double alias_j; /* what a sampler nearly in step made of the run's energy; 0: nothing, J */
	double ratio; /* ets_j over the readings' own sum, which parts of the run are brought to; 0: 1 */
	double wider; /* statistical parts by this factor, for simultaneous intervals; 0: 1 */
	bool locked, short_run;
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

/* ---- finite.c ---- */
/* Shrinks the replicates by what the instances of this very run explain. */
int attr_finite(struct erg_attr_state *st, struct attr_boot *boot, const double *slope_power,
	double delta, struct erg_err *err);

/* ---- coverage.c ---- */
int attr_coverage(struct erg_attr_state *st, struct erg_err *err);
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

/* ---- idle.c ---- */
/* Sorts X. */
double attr_median(double *x, size_t n);
int attr_idle(struct erg_attr_state *st, struct erg_err *err);

/* ---- combine.c ---- */
struct attr_parts {
	double value, lo, hi; /* lo..hi statistical */
	double syst;          /* offset, gain, quantum, lag */
	double doubt;         /* half width of what merging could mend: statistical, quantum, lag */
};
void attr_parts_of(const struct erg_attr_state *st, const double *weight, bool above_idle,
	struct attr_parts *ret);
struct erg_est attr_parts_est(const struct attr_parts *p, double divisor, const char *method);
/* All classes, by the fit; unresolved where the gates say so, but for the limit of the interval. */
struct erg_est attr_combine_all(const struct erg_attr *a);

/* ---- interval.c ---- */
int attr_total(struct erg_attr *a, struct erg_err *err);

/* ---- reconcile.c ---- */
/* What the sums need beside the replicates. */
int attr_sums_prepare(struct erg_attr *a, struct erg_err *err);
/* Moves the classes, by their covariance with it, so that together they are TOTAL, which is better
 * known than ALL, their sum. */
int attr_reconcile(struct erg_attr *a, const struct erg_est *total, const struct erg_est *all,
	struct erg_err *err);

/* ---- misfit.c: score tests ---- */
#define ATTR_SHIFTS 9
enum {
	ATTR_Z_PSI = 0,
	ATTR_Z_SHIFT = ATTR_PSI,
	ATTR_Z_CLOCK = ATTR_Z_SHIFT + ATTR_SHIFTS,
	ATTR_Z_DURATION = ATTR_Z_CLOCK + 3,
	ATTR_Z = ATTR_Z_DURATION + ATTR_GROUPS
};
struct attr_test {
	double f, p; /* NaN: too few readings to test */
	double step; /* of a single column: what it asks for */
	bool slight; /* fails, but what it would change of the energies is small, and in their intervals */
};
struct attr_tests {
	struct attr_test lag, window, rc, skew, kernel, clock, duration;
	struct attr_test late; /* the least likely of all layers; p by Bonferroni */
	double late_w;         /* what that layer's stamps make of the mean of the readings, W */
};
#define ATTR_MISFIT_P 1e-4
/* ---- late.c: for misfit.c, which layers run at a reading */
#define ATTR_LATE_EACH 2 /* columns of a layer */
#define ATTR_LATE_AT 16  /* layers at once that are looked at */
struct attr_late {
	const struct attr_view *view;
	uint32_t *slot; /* per class, or ERG_NONE */
	size_t layers, n;
	bool ends;                 /* those at the window's end have columns of their own */
	uint32_t at[ATTR_LATE_AT]; /* first columns of those that run at this reading */
	size_t n_at;
};
int attr_late_open(struct attr_late *l, const struct attr_view *v, const struct attr_shape *s);
void attr_late_close(struct attr_late *l);
/* A reading that was stamped at STAMP, and whose window ended at END (ns since t0). */
void attr_late_look(struct attr_late *l, double stamp, double end);
/* Of consequence: not one that widens instead. */
bool attr_test_fails(const struct attr_test *t);
struct attr_misfit {
	struct attr_tests declared, fitted;
	struct attr_tests given; /* of a lag that the user gave */
	bool stopped;            /* the search for another sensor was given up */
	bool declared_right;
	const char *reason; /* clock, late, varying, unknown; NULL: the model is right */
};

struct attr_weights {
	bool used;
	double s[3];   /* variance: W^2; of the square of an instance's part; of the time, ns^2 */
	double median; /* of the variances */
	double time_share; /* of the variance, that of the time; 0: none that is not by chance */
	double cell_w, cell_sigma; /* > 0: readings are cells of this width, with this noise, W */
};

#define ATTR_CHANGES_MAX (ATTR_LEVELS_MAX - 1)

/* ---- attribution.c: one attribution under way ---- */
struct attr_run {
	struct erg_attr *a;
	const struct attr_source *src;
	struct erg_attr_state *st;
	struct erg_attr_options opt;
	struct attr_fit fit;
	struct attr_solution sol;
	struct attr_nnls nnls;
	struct attr_boot boot;
	bool psi[ATTR_PSI];         /* parameters of the sensor among the unknowns */
	struct attr_shape declared; /* what is known of them beforehand, and how well */
	double known_u[ATTR_PSI];
	size_t n_extra;   /* further columns in all */
	double tau_reach; /* ns, of the difference by the low-pass (kernel.h) */
	struct attr_weights weights;
	size_t from, to; /* readings that a fit is of; to 0: all */
	double work;     /* entries and segments that passes looked at so far */
	/* What the sums in st->gram are of. */
	struct {
		struct attr_shape shape;
		struct attr_weights weights;
		double *power; /* of the further columns; NULL: without */
	} of;
	bool glance; /* a sensor that is not as declared is not looked for */
	bool stood;  /* the sensor as declared, or near that */
	bool beside; /* one of several at a time, which does not tell of its progress */
	/* per class, J, as columns may be bent since: what another sensor says that fits as well; NULL */
	double *rival;
	struct attr_misfit misfit;
	struct attr_shape first; /* of the sensor, as it was said to be */
	/* Of the level of power, that no counter recorded: in order; and the same as steps of the frequency,
	 * which tell the columns apart. */
	struct erg_attr_span change[ATTR_CHANGES_MAX];
	size_t n_changes;
	uint64_t step_t[ATTR_LEVELS_MAX];
	double step_v[ATTR_LEVELS_MAX];
	struct erg_err *err;
};

/* ---- weights.c ---- */
/* Weighs a row whose columns have POWER. */
void attr_weigh(const struct attr_weights *w, struct attr_row *row, const double *power);
/* ---- reweigh.c ---- */
/* Looks at the residuals of the fit; *RET_CHANGED: readings are not alike, R->weights says how. Cells
 * are fitted at once. */
int attr_reweigh(struct attr_run *r, bool *ret_changed);

/* ---- cells.c ---- */
int attr_fit_cells(struct attr_run *r);

/* ---- quantum.c ---- */
/* Readings that share their rounding error, by the power that the fit gives them. */
struct attr_levels {
	size_t n;
	double width; /* W */
};
/* Whether the rounding of the readings is not small beside what else scatters them. */
bool attr_coarse_quantum(const struct attr_run *r);
void attr_levels_span(const struct attr_run *r, struct attr_levels *ret);
/* The level of a row. *RET_SD: of what its readings share, W, times the row's weight. */
size_t attr_level_of(const struct attr_run *r, const struct attr_levels *l,
	const struct attr_row *row, double *ret_sd);
/* Adds to R->boot what readings of one level share of their rounding, and finds what that does to the
 * mean of all; nothing but for cells. */
int attr_quantum(struct attr_run *r);

/* ---- edges.c ---- */
/* Which update each reading of a counter saw, by the powers POWER. */
int attr_edges(struct attr_run *r, const double *power, bool *ret_changed);

/* ---- pace.c ---- */
/* Whether stamps scatter about their pace at all. */
bool attr_stamps_scatter(const struct attr_readings *r);
/* Keeps the stamps beside the times, and how far each is off the pace. */
int attr_stamps_keep(struct attr_run *r);
/* The times are the stamps, less the part PART of what they are off by, and all of it where they are later than HELD. */
void attr_times_by_pace(struct attr_readings *r, double part, double held);
/* The times are those of the stamps again. */
void attr_unsteady(struct attr_run *r);

/* ---- held.c ---- */
/* Times of readings that were held up now and then before their stamp, by the pace of the others. */
int attr_held(struct attr_run *r, bool *ret_changed);
/* The same of those that were held up by more than the others scatter, where powers fitted to these times leave
 * much less: a fit to the stamps does not know which of them are wrong. */
int attr_held_far(struct attr_run *r, bool *ret_changed);
/* Those that were held up by less than can be seen widen the intervals. */
int attr_held_effect(struct attr_run *r);

/* ---- steady.c ---- */
/* Times of readings whose stamps scatter, by the pace of their neighbours. */
int attr_steady(struct attr_run *r, bool *ret_changed);
/* Before the sensor is known: those that were held up may be all that is wrong. */
int attr_steady_first(struct attr_run *r, bool *ret_changed);

/* ---- blur.c ---- */
/* A blur for readings whose times scatter, where that fits better than a low-pass. */
int attr_blur(struct attr_run *r, bool *ret_changed);

/* ---- rows.c ---- */
struct attr_rows {
	struct attr_run *r;
	struct attr_shape shape;
	struct attr_kernel k;
	struct attr_extras x;
	bool with_extras;
	const double *power;
	size_t n, change;
};
/* Readings that the rows of R are of. */
size_t attr_rows_count(const struct attr_run *r);
/* POWER: of the further columns; NULL: without them. */
int attr_rows_open(struct attr_rows *w, struct attr_run *r, const struct attr_shape *shape,
	const double *power);
void attr_rows_close(struct attr_rows *w);
/* 1 and a row, 0 at the end. */
int attr_rows_next(struct attr_rows *w, struct attr_row **ret);
/* What the fit leaves of a row. */
double attr_row_residual(const struct attr_run *r, const struct attr_row *row);

/* Share of the readings' squares that is of rounding (of stamps, of digits): 3e-5 of a reading. */
#define ATTR_EXACT 1e-9

/* ---- misfit.c ---- */
/* Tests the fit in r->st->power, r->sol.delta, r->st->gram at r->st->shape. */
int attr_misfit(struct attr_run *r, struct attr_tests *ret);

/* ---- judge.c ---- */
/* The tests of the fit, and r->misfit.reason. */
int attr_judge(struct attr_run *r);
/* The sensor as it was fitted is far from the one declared, and a test of it nearly fails: not to be believed. */
bool attr_far_and_doubtful(const struct attr_run *r);
/* Whether the readings' times scatter by more than the kernel of these layers can be known with. */
bool attr_scatters(const struct attr_run *r);
/* The same of times that were rounded to a grid, however small the scatter looks that is left over. */
bool attr_rounded(const struct attr_run *r);
/* The same of class C alone, whose instances are shorter than those of most of the time. */
bool attr_rounded_away(const struct erg_attr_state *st, size_t c);

/* ---- refit.c ---- */
/* Sums and the solution for the sensor SHAPE, derivatives and weights by POWER (per column). */
int attr_fit_at(struct attr_run *r, const struct attr_shape *shape, const double *power);
/* POWER (per column) by the sensor SHAPE instead: the fit of R stays as it is. */
int attr_powers_by(struct attr_run *r, const struct attr_shape *shape, double *power);
/* The sensor that the last solution asks for, FACTOR of the way, no further than derivatives are good for. */
void attr_next_shape(const struct attr_run *r, const struct attr_shape *from, double factor,
	struct attr_shape *ret);
/* Fits the run: from r->fit on, whatever of the sensor is not known. */
int attr_refit(struct attr_run *r);
/* Goes on from R->st->shape and R->fit.power when the columns have changed. */
int attr_refit_again(struct attr_run *r);
/* From R->st->shape and POWER (per column; overwritten) to the next minimum of the residual. */
int attr_descend(struct attr_run *r, double *power);
/* Standard error of the lag by the last fit, as of white noise, ns. */
double attr_lag_u(const struct attr_run *r);
/* From where the fit is, as the rows have changed. */
int attr_goes_on(struct attr_run *r);
/* One step of Gauss-Newton, taken as it is. */
int attr_fit_step(struct attr_run *r);
/* Everything of the sensor is asked, whatever was declared. */
void attr_trust_nothing(struct attr_run *r);
/* But what was declared of the window and the clock, as far as the fit agrees with it. */
void attr_trust_again(struct attr_run *r);

/* ---- fit.c: from the columns to a fit ---- */
/* The columns, with the changes of level that were found so far: rows that may have seen both sides of one
 * are left out. */
int attr_build_view(struct attr_run *r);
/* The fit, and another one each time that it shows a change of the level, unless that is worse. */
int attr_fit(struct attr_run *r);

/* ---- effects.c: what another sensor would say ---- */
/* Fills the state's lag_j. */
int attr_lag_effect(struct attr_run *r);
/* Makes a rival, where times scatter and there is none. */
int attr_jitter_effect(struct attr_run *r);

/* ---- change.c ---- */
/* Whether the readings before some time follow from other powers than those after it: 1 and between which
 * times that is, 0, or an error. */
int attr_find_change(struct attr_run *r, struct erg_attr_span *ret);

/* ---- scores.c ---- */
/* SCORE (blocks x dim): h - G X of each block of st->gram. */
int attr_scores(struct attr_run *r, const double *x, double *score);

/* ---- crew.c ---- */
/* WORK of each I below N, by at most JOBS threads (0: one a CPU); WHAT: its name for progress, or NULL. Returns
 * what the first of them that failed did, which has told it itself, or -ENOMEM. */
int attr_crew_run(unsigned int jobs, size_t n, const char *what, int (*work)(void *data, size_t i),
	void *data, struct erg_err *err);

/* ---- search.c ---- */
/* Looks everywhere for a sensor that the readings follow from; R is then fitted with the best. FINE: among
 * many windows and lags, which takes longer, and no low-passes. */
int attr_search(struct attr_run *r, bool fine);
/* Whether no other sensor far from the one fitted does as well on a stretch of the run. The fit stays. */
int attr_audit(struct attr_run *r, bool *ret_held);

/* ---- classes.c ---- */
/* Greatest bias of the mean of readings rounded to QUANTUM when their noise has the SD NOISE, in
 * their unit: the first term of Widrow's Fourier series, bounded by quantum / 2 without noise. */
double attr_rounding_bias(double noise, double quantum);
void attr_classes(struct attr_run *r);
/* Of each class the energy of the columns that least squares fit with POWER (per column, W), J. */
void attr_fitted_energies(const struct attr_view *v, const double *power, double *ret);

/* ---- whatever.c: what is said although no sensor fits ---- */
/* The fit is that of the sensor as declared, where no other was found. */
int attr_declared_fit(struct attr_run *r);
/* Then finds what other lags would make of the classes. */
int attr_whatever(struct attr_run *r);

/* ---- known.c: what is likely beforehand ---- */
/* Moves the energies towards what they are if the sensor's delay and clock are as declared, and the power
 * between the layers that outside of the work, as far as the run does not say otherwise. */
int attr_known(struct attr_run *r);

/* ---- results.c ---- */
void attr_results(struct attr_run *r);
/* The share of a reading's window that no reading before saw: windows that overlap count once. */
double attr_fresh(const struct erg_attr_state *st);

/* ---- model.c ---- */
/* The sensor that was fitted, with its uncertainty, and the tests. */
void attr_model(struct attr_run *r);

/* ---- reasons.c ---- */
/* A gate's name, with what is wrong where the model is: of the run, or of one class alone. */
const char *attr_reason(const struct erg_attr *a, enum erg_attr_gate gate);

/* ---- gates.c ---- */
/* The power above which a mean of a class whose instances last DUR_S cannot be, W. */
double attr_power_limit(const struct erg_attr_state *st, double dur_s);
int attr_gates(struct erg_attr *a, const struct erg_attr_options *opt, struct erg_err *err);

void attr_warn(struct erg_attr *a, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
