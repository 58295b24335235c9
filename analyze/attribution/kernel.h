/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_KERNEL_H
#define ERG_ANALYZE_ATTRIBUTION_KERNEL_H

/* What a sensor makes of a view: one sparse row of the occupancy matrix a reading. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/attribution.h"
#include "analyze/attribution/view.h"

struct attr_readings;

#define ATTR_EXTRA_MAX 40 /* columns beside those of the classes */

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
	double *a; /* sum 1 */
	double sw; /* root of its weight: y, a and x are multiplied by it */
	double slope; /* W/ns: d(model)/d(lag) where the sensor is asked, for the weight; of a blur not signed */
	double apart;             /* share of columns that are integrated apart */
	double x[ATTR_EXTRA_MAX]; /* further columns (sensor_columns.c); x[0] W/ns: d(model)/d(lag), for the
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
	size_t n_falls; /* segments that a low-pass passed */
	/* By whole ns: what is left after them; 0: not asked yet; NULL: each is found anew. */
	double *fall;
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
/* What the powers of the columns leave of it, W. */
double attr_row_left(const struct attr_row *row, const double *power);
/* Whether a fit may be of ROW: not of what lies outside of the work; nor, where the view leaves edges out, of what saw
 * an edge of it, unless it is of a column that has little else. */
bool attr_row_counts(const struct attr_view *v, const struct attr_row *row);
bool attr_row_is_outside(const struct attr_row *row); /* of the work */
bool attr_row_is_edge(const struct attr_row *row);    /* of it, partly */
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
/* The same of reading M, whose time may be known better or worse than those of the others. */
double attr_stale_of(const struct attr_shape *s, const struct attr_readings *r, size_t m);
double attr_blur_of(const struct attr_shape *s, const struct attr_readings *r, size_t m);
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

#endif
