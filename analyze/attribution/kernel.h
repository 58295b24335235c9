/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_KERNEL_H
#define ERG_ANALYZE_ATTRIBUTION_KERNEL_H

/* What a sensor makes of a view: the row of one reading, and what it would be for another sensor. */
#include "analyze/attribution/view.h"

#define ATTR_EXTRA_MAX 40 /* columns beside those of the classes */

/* ---- kernel.c and kernel_*.c: one row of the occupancy matrix per reading ---- */
struct attr_shape {
	enum erg_sensor_kind kind;
	double lag_ns;
	double window_ns; /* point, boxcar; ema: part of the period that is converted */
	double stale_ns;  /* the window ended uniformly up to so long before t - lag */
	double period_ns; /* between updates; ema: between conversions, 0: continuous, tau_ns */
	double alpha;
	double tau_ns;
	double phase; /* of the updates, in periods since the first reading; < 0: unknown: stale_ns */
	double rc_ns;   /* a low-pass before the window (board, amplifier), first order; 0: none */
	bool blurred;   /* its square among the parameters is that of blur_ns instead */
	double blur_ns; /* the readings' times are off by up to half of it either way, uniformly */
	double skew;    /* the readings' clock less the layers', s/s, about mid_ns since t0 */
	double mid_ns;
};

struct attr_row {
	uint64_t t; /* of the reading */
	double y;   /* W: mean over the window */
	size_t n;   /* entries */
	uint16_t *col;
	double *a;    /* sum 1 */
	double sw;    /* root of its weight: y, a and x are multiplied by it */
	double slope; /* W/ns: d(model)/d(lag) where the sensor is asked, before the weight */
	double apart; /* share of columns that are integrated apart */
	double x[ATTR_EXTRA_MAX]; /* further columns (extras.c); x[0] W/ns: d(model)/d(lag), for the
				     power given; 0 without */
};

struct attr_kernel {
	const struct attr_kernel_ops *ops;
	const struct attr_view *view;
	const struct attr_readings *r;
	struct attr_shape shape;
	const double *power; /* per column, or NULL: fill row->x[0] */
	size_t m, end;       /* next reading, one past the last */
	size_t stride;       /* from one reading to the next: 1, or more for a sample of them */
	size_t seg;          /* cursor */
	size_t work;         /* entries and segments looked at */
	size_t head, tail;   /* cursors of the derivative at both ends of the window */
	double *dense;       /* n_cols */
	uint8_t *seen;       /* n_cols */
	struct attr_row row;
	struct attr_ema *ema; /* n_phases */
	size_t n_phases;
	struct attr_lowpass *lowpass; /* n_lowpass: begin and end of each window of a reading */
	size_t n_lowpass;
};

/* Levels of all columns behind a low-pass, at one time. */
struct attr_lowpass {
	double *level;     /* n_cols, to be multiplied by scale */
	uint16_t *touched; /* n columns: those whose level is not 0, or all */
	size_t n;
	bool all;
	double scale;
	double at; /* since t0 */
	size_t seg;
	bool begun;
};

/* One filter: ema with the conversions at one phase. */
struct attr_ema {
	double *state; /* n_cols, to be multiplied by scale */
	double scale;
	double next_ns; /* end of the next conversion, since t0, lag removed */
	double warm;    /* weight of what lies before the first conversion */
	double slope;   /* the filtered derivative */
	size_t cursor, head, tail;
};

struct attr_kernel_ops {
	enum erg_sensor_kind kind;
	int (*start)(struct attr_kernel *k, struct erg_err *err); /* may be NULL */
	/* Fills k->row for reading k->m; false: no row (window not inside the segments, …). */
	bool (*row)(struct attr_kernel *k);
	/* Length of the memory: what a layer must contain to be seen alone, ns. */
	double (*memory)(const struct attr_shape *s, const struct attr_readings *r);
};
extern const struct attr_kernel_ops attr_kernel_point, attr_kernel_boxcar, attr_kernel_ema,
	attr_kernel_counter;
/* lowpass.c: for kernel.c; nothing without a low-pass. */
int attr_lowpass_open(struct attr_kernel *k, struct erg_err *err);
void attr_lowpass_close(struct attr_kernel *k);
/* Takes from the row what window WHICH, which ended at END, is less than its occupancy, times WEIGHT. */
void attr_lowpass_add(struct attr_kernel *k, size_t which, double end, double window,
	double weight);

const struct attr_kernel_ops *attr_kernel_ops_of(enum erg_sensor_kind kind);

/* Rows of readings FIRST .. END-1. */
int attr_kernel_open(struct attr_kernel *k, const struct attr_view *view,
	const struct attr_readings *r, const struct attr_shape *shape, size_t first, size_t end,
	struct erg_err *err);
void attr_kernel_close(struct attr_kernel *k);
/* The next row, or NULL at the end. Valid until the next call. */
struct attr_row *attr_kernel_next(struct attr_kernel *k);

/* For kernel_*.c: when the window of reading M ended, ns since t0; with a known phase of the
 * updates exactly, else up to attr_stale() earlier. */
double attr_end(const struct attr_kernel *k, size_t m);
double attr_read_end(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *s, size_t m);
/* When the sensor made update NUMBER, as attr_read_end() says it; and the number of the one that was due at
 * reading M. */
double attr_update_end(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *s, double number);
double attr_update_due(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *s, size_t m);
double attr_stale(const struct attr_shape *s);
/* For kernel_*.c: adds the occupancy of boxcar(window) convolved with boxcar(stale) that ends at
 * END (ns, absolute), times WEIGHT; *cursor is a segment at or before the support and moves on.
 * False when the support leaves the segments. */
bool attr_walk(struct attr_kernel *k, size_t *cursor, double end_ns, double window_ns,
	double stale_ns, double weight);
void attr_row_begin(struct attr_kernel *k);
static inline void attr_row_add(struct attr_kernel *k, uint16_t col, double a)
{
	k->dense[col] += a;
	if (!k->seen[col]) {
		k->seen[col] = 1;
		k->row.col[k->row.n++] = col;
	}
}
/* Mean of the model's power over the WIDTH ns before END (at END for 0), for derivatives. */
double attr_power_mean(const struct attr_kernel *k, size_t *cursor, double end_ns, double width_ns);
/* d/d(lag) of the model behind boxcar(window) * boxcar(stale) that ends at END. */
double attr_slope(struct attr_kernel *k, double end_ns, double window_ns, double stale_ns);

/* The time ns since t0 that a reading at T tells of. */
static inline double attr_lagged(const struct attr_view *v, const struct attr_shape *s, uint64_t t)
{
	double at = (double)(int64_t)(t - v->t0);

	return at - s->lag_ns - s->skew * (at - s->mid_ns);
}
#define ATTR_STALE_POINTS 8 /* of a window's end that is known to within `stale` only */
#define RC_SEEN 6           /* time constants of a low-pass that count as its memory */

/* ---- curve.c: the power that the classes' powers make of the timeline, and its integral ---- */
#define ATTR_TAUS 3
#define ATTR_GROUPS 7
struct attr_curve {
	const struct attr_view *view;
	const double *power;   /* per column, W; borrowed */
	size_t n_tau, n, cap;  /* n segments are ready */
	double tau[ATTR_TAUS]; /* ns; 0: none */
	double from;           /* from here on the low-passes are warm, ns since t0 */
	double span;           /* the longest that was asked for, ns */
	size_t most;           /* segments, before those that are done with are left out */
	size_t next;           /* segment after the last that is ready */
	size_t work;           /* as an attr_kernel's */
	bool at_end;
	double *edge, *sum;   /* n + 1: ns since t0; W ns */
	double *p;            /* n: W */
	double *y[ATTR_TAUS]; /* n + 1: power behind the low-pass, W; NULL without one */
	double apart;         /* of the points whose exponentials SERIES has, ns */
	double series[ATTR_TAUS]
		     [ATTR_STALE_POINTS + 1]; /* sums of so many of them, the last one being 1 */
	size_t n_groups; /* of columns, by index: sums of power x z, the last of power x (z^2 - 1) */
	double *group[ATTR_GROUPS]; /* n + 1: W ns */
};
int attr_curve_open(struct attr_curve *c, const struct attr_view *v, const double *power,
	const double *tau, size_t n_tau);
void attr_curve_close(struct attr_curve *c);
/* Makes FROM .. TO (ns since t0) ready. Cheap when they move forward. */
int attr_curve_cover(struct attr_curve *c, double from, double to);
/* Leaves out the segments that end before X. */
void attr_curve_drop(struct attr_curve *c, double x);
double attr_curve_group(const struct attr_curve *c, size_t g, double end, double window,
	size_t hint[2]);
/* Mean over a window that ends at END, or up to STALE before. HINT: two cursors. */
double attr_curve_mean(struct attr_curve *c, size_t j, double end, double window, double stale,
	size_t hint[2]);

/* ---- extras.c: parameters of the sensor as further columns ---- */
enum attr_psi { ATTR_DELAY, ATTR_WINDOW, ATTR_SQUARE, ATTR_CLOCK, ATTR_PSI };
struct attr_look {
	double end, window, stale; /* ns since t0; ns */
};
/* Where reading M looks; false: nowhere. */
bool attr_look(const struct attr_view *v, const struct attr_readings *r, const struct attr_shape *s,
	size_t m, struct attr_look *ret);
double attr_window_of(const struct attr_shape *s);
double attr_tau_of(const struct attr_shape *s);
/* Variance of the blur, or square of the time constant, ns^2. */
double attr_square_of(const struct attr_shape *s);
double attr_delay_of(const struct attr_shape *s); /* of the middle of the kernel */
/* ATTR_PSI steps: ns, ns, ns^2, s/s. */
void attr_shape_move(struct attr_shape *s, const double *step);
struct attr_extras {
	const struct attr_view *view;
	const struct attr_readings *readings;
	struct attr_shape shape;
	bool psi[ATTR_PSI]; /* which are free */
	double h_delay, h_window, d_square, to_hi, to_lo;
	double blur_hi, blur_lo; /* ns, where the square is that of a blur */
	size_t hint[6][2];
	double slope; /* of the reading filled last: by the lag, W/ns */
	struct attr_curve curve;
};
/* TAU_REACH: ns, how far the step by the low-pass is thought to go from none. Behind a window of edges the
 * model has kinks, of which a low-pass changes more, for the square of its time constant, the shorter it is:
 * a difference that reaches much further than the step says too little, and the steps go to and fro. */
int attr_extras_open(struct attr_extras *x, const struct attr_view *v,
	const struct attr_readings *r, const struct attr_shape *s, const bool *psi,
	const double *power, double tau_reach);
void attr_extras_close(struct attr_extras *x);
/* Derivatives of reading M by the free parameters, 0 of the others. */
int attr_extras_fill(struct attr_extras *x, size_t m, double *out);

#endif
