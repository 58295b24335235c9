/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Occupancy: for every reading the share of each column in the sensor's window. One pass: windows
 * move forward with the readings and a cursor with them, so a segment is looked at as often as
 * windows overlap it. What a window is belongs to the kind of sensor (kernel_*.c).
 *
 * A window whose end is only known to lie within `stale` ns (a sensor that updates on its own and
 * is read at some time later) has the mean occupancy over that time. The error this leaves is of
 * Berkson's kind (Berkson 1950): independent of the regressor, so it adds noise but no bias. Where
 * the updates come like clockwork and their phase was found, the end is known exactly instead.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"
#include "analyze/attribution/view.h"
#include "formats/base/util.h"

void attr_row_begin(struct attr_kernel *k)
{
	for (size_t i = 0; i < k->row.n; i++) {
		k->dense[k->row.col[i]] = 0;
		k->seen[k->row.col[i]] = 0;
	}
	k->row.n = 0;
	k->row.x[0] = 0;
}

/* Columns in ascending order, their shares beside them. */
static void row_finish(struct attr_kernel *k)
{
	struct attr_row *row = &k->row;

	if (row->n > 24) {
		row->n = 0;
		for (size_t c = 0; c < k->view->n_cols; c++)
			if (k->seen[c])
				row->col[row->n++] = (uint16_t)c;
	}
	for (size_t i = 1; i < row->n && row->n <= 24; i++) {
		uint16_t c = row->col[i];
		size_t j = i;

		for (; j && row->col[j - 1] > c; j--)
			row->col[j] = row->col[j - 1];
		row->col[j] = c;
	}
	row->apart = 0;
	for (size_t i = 0; i < row->n; i++) {
		row->a[i] = k->dense[row->col[i]];
		if (k->view->col_apart[row->col[i]])
			row->apart += row->a[i];
	}
}

#define OUTSIDE 0.999 /* share of a row that is outside of the work; and that is not */
#define INSIDE 0.01
#define CALLS_FEW 20

/* Of a layer that ran a few times, and not for long. */
static bool is_brief(const struct attr_view *v, size_t col)
{
	uint32_t k = v->col_class[col];

	return k < v->gap_class && v->col_time[col] < v->brief_s && v->class_calls[k] < CALLS_FEW;
}

double attr_row_left(const struct attr_row *row, const double *power)
{
	double e = row->y;

	for (size_t i = 0; i < row->n; i++)
		e -= row->a[i] * power[row->col[i]];
	return e;
}

bool attr_row_is_outside(const struct attr_row *row)
{
	return row->apart >= OUTSIDE;
}

bool attr_row_is_edge(const struct attr_row *row)
{
	return row->apart >= INSIDE && row->apart < OUTSIDE;
}

bool attr_row_counts(const struct attr_view *v, const struct attr_row *row)
{
	if (!attr_row_is_edge(row) || !(v->brief_s > 0))
		return !attr_row_is_outside(row);
	for (size_t i = 0; i < row->n; i++)
		if (is_brief(v, row->col[i]))
			return true;
	return false;
}

struct attr_row *attr_kernel_next(struct attr_kernel *k)
{
	while (k->m < k->end) {
		bool ok;

		attr_row_begin(k);
		k->row.t = k->r->t[k->m];
		k->row.y = k->r->v[k->m];
		k->row.sw = 1;
		ok = k->ops->row(k);
		k->m += k->stride;
		if (!ok)
			continue;
		row_finish(k);
		k->work += k->row.n;
		return &k->row;
	}
	return NULL;
}

static double stale_of(const struct attr_shape *s)
{
	return s->phase >= 0 && s->period_ns > 0 ? 0 : s->stale_ns;
}

/* A blur widens it, about its middle. */
double attr_stale(const struct attr_shape *s)
{
	return s->blur_ns > 0 ? hypot(stale_of(s), s->blur_ns) : stale_of(s);
}

double attr_blur_of(const struct attr_shape *s, const struct attr_readings *r, size_t m)
{
	return r->scatter ? s->blur_ns * r->scatter[m] : s->blur_ns;
}

double attr_stale_of(const struct attr_shape *s, const struct attr_readings *r, size_t m)
{
	return s->blur_ns > 0 ? hypot(stale_of(s), attr_blur_of(s, r, m)) : stale_of(s);
}

static double first_update(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *s)
{
	return (double)(int64_t)(r->t[0] - v->t0) + (s->phase - 1) * s->period_ns;
}

double attr_update_end(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *s, double number)
{
	double t = first_update(v, r, s) + number * s->period_ns;

	return t - s->skew * (t - s->mid_ns) - s->lag_ns;
}

double attr_update_due(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *s, size_t m)
{
	double t = (double)(int64_t)(r->t[m] - v->t0);

	return floor((t - s->skew * (t - s->mid_ns) - first_update(v, r, s)) / s->period_ns);
}

double attr_read_end(const struct attr_view *v, const struct attr_readings *r,
	const struct attr_shape *s, size_t m)
{
	double t = (double)(int64_t)(r->t[m] - v->t0), first;

	t -= s->skew * (t - s->mid_ns);
	t += s->blur_ns > 0 ? (attr_stale_of(s, r, m) - stale_of(s)) / 2 : 0;
	if (s->phase < 0 || s->period_ns <= 0)
		return t - s->lag_ns;
	if (r->update)
		return attr_update_end(v, r, s, r->update[m]);
	first = first_update(v, r, s);
	return first + floor((t - first) / s->period_ns) * s->period_ns - s->lag_ns;
}

double attr_end(const struct attr_kernel *k, size_t m)
{
	return attr_read_end(k->view, k->r, &k->shape, m);
}

static inline double rel(const struct attr_view *v, size_t i)
{
	return (double)(int64_t)(attr_begin(v, i) - v->t0); /* signed: one instruction */
}

/* The kernel boxcar(long) * boxcar(ramp) that begins at start. */
struct trapezoid {
	double start, lng, ramp, inv_lng, inv_corner;
};

/* Share of it that lies in its first x ns. */
static inline double cumulative(const struct trapezoid *z, double x)
{
	double back = z->lng + z->ramp - x;

	if (x >= z->ramp && back >= z->ramp)
		return (x - z->ramp / 2) * z->inv_lng;
	if (back <= 0)
		return 1;
	return x < z->ramp ? x * x * z->inv_corner : 1 - back * back * z->inv_corner;
}

/* One entry a segment, from segment I on. */
static void walk_single(struct attr_kernel *k, size_t i, const struct trapezoid *z, double weight)
{
	const struct attr_view *v = k->view;
	double last = 0;

	while (i < v->n && last < 1) {
		const uint16_t *col = v->col + i;
		const int32_t *offset;
		int64_t base;
		size_t n = attr_ends(v, i, &base, &offset);

		for (size_t j = 0; j < n && last < 1; j++) {
			double c = cumulative(z, (double)(base + offset[j]) - z->start);

			attr_row_add(k, col[j], (c - last) * weight);
			last = c;
		}
		i += n;
		k->work += n;
	}
}

static void walk_several(struct attr_kernel *k, size_t i, const struct trapezoid *z, double weight)
{
	const struct attr_view *v = k->view;
	double last = 0;

	for (; i < v->n && last < 1; i++) {
		double c = cumulative(z, rel(v, i + 1) - z->start), a = (c - last) * weight;

		last = c;
		for (uint32_t e = v->first[i]; e < v->first[i + 1]; e++)
			attr_row_add(k, v->col[e], a * (double)v->share[e]);
	}
}

#define STALE_SEEN 0.02 /* of the time constant: behind it a shorter doubt is a delay of its mean */

/* The windows, evenly over the doubt about their end, each less what the low-pass has not passed on. */
static bool walk_rc(struct attr_kernel *k, size_t *cursor, double end, double window, double stale,
	double weight)
{
	const struct attr_view *v = k->view;
	size_t n = stale > STALE_SEEN * k->shape.rc_ns ? ATTR_STALE_POINTS : 1;

	if (end - stale - window - k->shape.rc_ns < 0 || end > rel(v, v->n))
		return false;
	for (size_t i = n; i-- > 0;) {
		double e = end - stale * ((double)i + 0.5) / (double)n;
		struct trapezoid z = {.start = e - window, .lng = window, .inv_lng = 1 / window};

		*cursor = attr_skip(v, *cursor, z.start);
		if (v->first)
			walk_several(k, *cursor, &z, weight / (double)n);
		else
			walk_single(k, *cursor, &z, weight / (double)n);
		attr_lowpass_add(k, i, e, window, weight / (double)n);
	}
	return true;
}

bool attr_walk(struct attr_kernel *k, size_t *cursor, double end_ns, double window_ns,
	double stale_ns, double weight)
{
	const struct attr_view *v = k->view;
	struct trapezoid z = {.start = end_ns - window_ns - stale_ns,
		.lng = fmax(window_ns, stale_ns),
		.ramp = fmin(window_ns, stale_ns)};
	size_t i = *cursor;

	if (k->shape.rc_ns > 0 && k->shape.kind != ERG_SENSOR_EMA)
		return walk_rc(k, cursor, end_ns, window_ns, stale_ns, weight);
	if (z.start < 0 || end_ns > rel(v, v->n))
		return false;
	z.inv_lng = 1 / z.lng;
	z.inv_corner = z.ramp > 0 ? 1 / (2 * z.ramp * z.lng) : 0;
	*cursor = i = attr_skip(v, i, z.start);
	if (v->first)
		walk_several(k, i, &z, weight);
	else
		walk_single(k, i, &z, weight);
	return true;
}

static double segment_power(const struct attr_kernel *k, size_t i)
{
	const struct attr_view *v = k->view;
	double p = 0;

	if (!v->first)
		return k->power[v->col[i]];
	for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++)
		p += k->power[v->col[e]] * (v->share ? (double)v->share[e] : 1);
	return p;
}

double attr_power_mean(const struct attr_kernel *k, size_t *cursor, double end_ns, double width_ns)
{
	const struct attr_view *v = k->view;
	double start = end_ns - width_ns, sum = 0, from = start;
	size_t i = attr_skip(v, *cursor, start);

	*cursor = i;
	if (width_ns <= 0)
		return segment_power(k, i);
	while (i < v->n && from < end_ns) {
		const int32_t *offset;
		int64_t base;
		size_t n = attr_ends(v, i, &base, &offset);

		for (size_t j = 0; j < n && from < end_ns; j++) {
			double to = (double)(base + offset[j]);

			to = to < end_ns ? to : end_ns;
			sum += segment_power(k, i + j) * (to - from);
			from = to;
		}
		i += n;
	}
	return sum / width_ns;
}

double attr_slope(struct attr_kernel *k, double end_ns, double window_ns, double stale_ns)
{
	double lng = fmax(window_ns, stale_ns), ramp = fmin(window_ns, stale_ns);

	return (attr_power_mean(k, &k->tail, end_ns - lng, ramp) -
		       attr_power_mean(k, &k->head, end_ns, ramp)) /
		lng;
}
