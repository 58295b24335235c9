/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Columns beside those of the classes: what the readings would change by if the sensor were another
 * than the one declared. They are linear in a small step, so a fit that has them among its unknowns
 * says which step to take (Gauss-Newton), and a bootstrap of that fit carries what is not known of
 * the sensor into every layer.
 *
 * The parameters are chosen so that they interfere little: the delay c of the middle of the kernel
 * (lag + window / 2 + tau), the window about that middle, the square of the time constant about that
 * middle (near 0 tau itself is not told from the lag: only its square has an effect of its own), and
 * the clock.
 */
#include <math.h>
#include <string.h>

#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/curve.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

#define STEP 0.05      /* of the window */
#define STEP_MAX 1e5   /* ns, of the delay */
#define ROUNDING 1e-6  /* of a mean */
#define BLUR_LEAST 1e5 /* ns */
#define TAU_LEAST 6e4  /* ns, how far a difference by the low-pass reaches near none */
#define TAU_FINE                                                                                   \
	3e4 /* where layers are shorter: of a longer step little is left but its own error */

double attr_window_of(const struct attr_shape *s)
{
	if (s->kind != ERG_SENSOR_EMA)
		return fmax(s->window_ns, ATTR_WINDOW_MIN);
	if (s->period_ns <= 0)
		return ATTR_WINDOW_MIN;
	return s->window_ns > 0 && s->window_ns < s->period_ns ? s->window_ns : s->period_ns;
}

double attr_tau_of(const struct attr_shape *s)
{
	if (s->kind != ERG_SENSOR_EMA)
		return s->rc_ns;
	if (s->period_ns <= 0)
		return s->tau_ns;
	return s->alpha >= 1 ? 0 : -s->period_ns / log1p(-s->alpha);
}

double attr_square_of(const struct attr_shape *s)
{
	double tau = attr_tau_of(s);

	return s->blurred ? s->blur_ns * s->blur_ns / 12 : tau * tau;
}

bool attr_look(const struct attr_view *v, const struct attr_readings *r, const struct attr_shape *s,
	size_t m, struct attr_look *ret)
{
	ret->window = attr_window_of(s);
	ret->stale = attr_stale_of(s, r, m);
	ret->end = attr_read_end(v, r, s, m);
	if (s->kind == ERG_SENSOR_POINT) {
		ret->stale = fmax(ret->stale, 2 * r->half_ns);
		ret->end += fmin(ret->stale, r->half_ns);
	}
	if (s->kind == ERG_SENSOR_COUNTER) {
		if (!m)
			return false;
		ret->window = ret->end - attr_read_end(v, r, s, m - 1);
	}
	return ret->window >= 1;
}

/* Half as much again and half as much, of the square. */
static void set_blur(struct attr_sensor_columns *x)
{
	double square = fmax(x->shape.blur_ns * x->shape.blur_ns, BLUR_LEAST * BLUR_LEAST);

	x->blur_hi = sqrt(1.5 * square);
	x->blur_lo = x->shape.blur_ns > 0 ? sqrt(0.5 * square) : 0;
	x->d_square = (x->blur_hi * x->blur_hi - x->blur_lo * x->blur_lo) / 12;
	x->to_hi = x->blur_hi;
	x->to_lo = 0;
}

int attr_sensor_columns_open(struct attr_sensor_columns *x, const struct attr_view *v,
	const struct attr_readings *r, const struct attr_shape *s, const bool *psi,
	const double *power, double tau_reach)
{
	double tau = attr_tau_of(s), w = attr_window_of(s), lo, hi;
	double segment = (double)(attr_begin(v, v->n) - v->t0) / (double)v->n;
	double least = fmin(TAU_LEAST, fmax(TAU_FINE, segment));
	int rc;

	memset(x, 0, sizeof(*x));
	memcpy(x->psi, psi, sizeof(x->psi));
	x->view = v;
	x->readings = r;
	x->shape = *s;
	if (s->kind == ERG_SENSOR_COUNTER)
		w = r->spacing_ns;
	x->h_delay = fmax(fmin(STEP * w, STEP_MAX), 500);
	x->h_window = fmax(STEP * w, 500);
	hi = fmin(fmax(fmin(w / 4, segment / 2), 1e5), fmax(tau_reach, least));
	lo = 0;
	if (tau > hi / 2) {
		/* no further than the delay's: of a step that is long beside the layers little is left
		 * but its own error, once the model's columns have taken their part of it */
		double by = fmin(STEP * tau, x->h_delay);

		hi = tau + by;
		lo = tau - by;
	} else if (tau > 0) {
		hi = hypot(hi, tau);
	}
	x->d_square = hi * hi - lo * lo;
	x->to_hi = hi - tau;
	x->to_lo = lo - tau;
	if (s->blurred)
		set_blur(x);
	rc = attr_curve_open(&x->curve, v, power, (double[]){tau, lo, hi}, 3);
	if (!psi[ATTR_SQUARE] || s->blurred)
		x->curve.n_tau = 1; /* nobody will ask for the others */
	return rc;
}

void attr_sensor_columns_close(struct attr_sensor_columns *x)
{
	attr_curve_close(&x->curve);
}

static double moved(struct attr_sensor_columns *x, size_t j, const struct attr_look *l, double by,
	double wider)
{
	return attr_curve_mean(&x->curve, j, l->end + by, l->window + wider, l->stale, x->hint);
}

/* With the blur BLUR instead. */
static double with_blur(struct attr_sensor_columns *x, size_t m, double blur)
{
	struct attr_shape s = x->shape;
	struct attr_look l;

	s.blur_ns = blur;
	if (!attr_look(x->view, x->readings, &s, m, &l))
		return 0;
	return attr_curve_mean(&x->curve, 0, l.end, l.window, l.stale, x->hint);
}

/* By the lag, W/ns, where the model is no line over the times that reading M may be of: the root of what it varies by
 * there, in the SD of those times. Gauss-Legendre. */
static double slope_over_blur(struct attr_sensor_columns *x, size_t m)
{
	static const double at[] = {0.2386191861, 0.6612093865, 0.9324695142},
			    weight[] = {0.2339569673, 0.1803807865, 0.0856622462};
	struct attr_shape s = x->shape;
	double half = attr_blur_of(&x->shape, x->readings, m) / 2, sum = 0, square = 0;
	struct attr_look l;

	s.blur_ns = 0;
	if (!attr_look(x->view, x->readings, &s, m, &l))
		return 0;
	for (size_t i = 0; i < ERG_ARRAY_SIZE(at); i++)
		for (int side = -1; side <= 1; side += 2) {
			double p = moved(x, 0, &l, side * at[i] * half, 0);

			sum += weight[i] * p;
			square += weight[i] * p * p;
		}
	return sqrt(12 * fmax(square - sum * sum, 0)) / x->shape.blur_ns;
}

/* Means of a short window are differences of long sums: what they differ by may be rounding. */
static bool is_rounding(double before, double after)
{
	return fabs(before - after) <= ROUNDING * fmax(fabs(before), fabs(after));
}

int attr_sensor_columns_fill(struct attr_sensor_columns *x, size_t m, double *out)
{
	struct attr_look l;
	double reach, slope, before, after;
	size_t was;
	int r;

	memset(out, 0, ATTR_PSI * sizeof(*out));
	x->slope = 0;
	if (!attr_look(x->view, x->readings, &x->shape, m, &l))
		return 0;
	reach = x->h_delay + x->h_window + x->to_hi - x->to_lo +
		(x->readings->scatter ? l.stale : 0);
	r = attr_curve_cover(&x->curve, l.end - l.window - l.stale - reach, l.end + reach);
	if (r < 0)
		return r;
	was = x->hint[0];
	x->hint[0] += x->by; /* readings look about as far from each other */
	x->hint[1] += x->by;
	before = moved(x, 0, &l, -x->h_delay, 0);
	x->by = x->hint[0] - was;
	after = moved(x, 0, &l, x->h_delay, 0);
	slope = (before - after) / (2 * x->h_delay);
	if (x->readings->scatter && x->shape.blur_ns > 0)
		x->slope = slope_over_blur(x, m);
	else
		x->slope = is_rounding(before, after) ? 0 : slope;
	if (x->psi[ATTR_DELAY])
		out[ATTR_DELAY] = slope;
	if (x->psi[ATTR_WINDOW])
		out[ATTR_WINDOW] = (moved(x, 0, &l, x->h_window / 2, x->h_window) -
					   moved(x, 0, &l, -x->h_window / 2, -x->h_window)) /
			(2 * x->h_window);
	if (x->psi[ATTR_SQUARE] && x->shape.blurred)
		out[ATTR_SQUARE] =
			(with_blur(x, m, x->blur_hi) - with_blur(x, m, x->blur_lo)) / x->d_square;
	else if (x->psi[ATTR_SQUARE])
		out[ATTR_SQUARE] =
			(moved(x, 2, &l, x->to_hi, 0) - moved(x, 1, &l, x->to_lo, 0)) / x->d_square;
	if (x->psi[ATTR_CLOCK])
		out[ATTR_CLOCK] = slope *
			((double)(int64_t)(x->readings->t[m] - x->view->t0) - x->shape.mid_ns);
	return 0;
}

double attr_delay_of(const struct attr_shape *s)
{
	double w = s->kind == ERG_SENSOR_COUNTER ? 0 : attr_window_of(s);

	return s->lag_ns + w / 2 + attr_tau_of(s);
}

void attr_shape_move(struct attr_shape *s, const double *step)
{
	double delay = attr_delay_of(s) + step[ATTR_DELAY], w, tau = attr_tau_of(s);

	s->skew += step[ATTR_CLOCK];
	if (s->kind == ERG_SENSOR_EMA) {
		s->lag_ns += step[ATTR_DELAY];
		return;
	}
	w = s->kind == ERG_SENSOR_COUNTER ? 0 : attr_window_of(s);
	if (w > 0 && step[ATTR_WINDOW] != 0)
		s->window_ns = w = fmax(w + step[ATTR_WINDOW], ATTR_WINDOW_MIN);
	if (step[ATTR_SQUARE] != 0 && s->blurred)
		s->blur_ns = sqrt(fmax(s->blur_ns * s->blur_ns + 12 * step[ATTR_SQUARE], 0));
	else if (step[ATTR_SQUARE] != 0)
		s->rc_ns = tau = sqrt(fmax(tau * tau + step[ATTR_SQUARE], 0));
	if (s->rc_ns < 1000)
		s->rc_ns = tau = 0;
	s->lag_ns = delay - w / 2 - tau;
}
