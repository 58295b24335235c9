/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kinds of sensors whose reading is a mean over one window.
 *
 * A boxcar averages always: the window ended at the sensor's latest update, at t - lag or up to one
 * period (stale) before.
 *
 * A point converts on demand: the window is one conversion, which ended at t - lag. The time of the
 * reading itself is known to +-half only, which is a boxcar of its own.
 *
 * A counter of energy: the difference of two readings is the integral between the two updates that
 * they saw, so each row is the mean power between the reading before and this one. An update may
 * lie up to one period (stale) before its reading.
 */
#include <math.h>

#include "analyze/attribution/kernel.h"
#include "analyze/attribution/readings.h"

static double window_of(const struct attr_shape *s)
{
	return fmax(s->window_ns, 1000);
}

/* The row of a window of LENGTH that ended at END or up to STALE before. */
static bool window_row(struct attr_kernel *k, double end, double length, double stale)
{
	if (!attr_walk(k, &k->seg, end, length, stale, 1))
		return false;
	if (k->power)
		k->row.x[0] = attr_slope(k, end, length, stale);
	return true;
}

static double boxcar_memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return window_of(s) + s->stale_ns + RC_SEEN * s->rc_ns + s->blur_ns;
}

static bool boxcar_row(struct attr_kernel *k)
{
	return window_row(k, attr_end(k, k->m), window_of(&k->shape),
		attr_stale_of(&k->shape, k->r, k->m));
}

static double point_memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return window_of(s) + fmax(s->stale_ns, 2 * r->half_ns) + RC_SEEN * s->rc_ns + s->blur_ns;
}

static bool point_row(struct attr_kernel *k)
{
	double jitter = fmax(attr_stale_of(&k->shape, k->r, k->m), 2 * k->r->half_ns);

	return window_row(k, attr_end(k, k->m) + fmin(jitter, k->r->half_ns), window_of(&k->shape),
		jitter);
}

static double counter_memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return (r->stale ? r->period_ns : r->spacing_ns) + s->stale_ns + RC_SEEN * s->rc_ns;
}

static bool counter_row(struct attr_kernel *k)
{
	double end, span, joules;

	if (!k->m)
		return false;
	end = attr_end(k, k->m);
	span = end - attr_end(k, k->m - 1);
	joules = k->r->v[k->m] - k->r->v[k->m - 1];
	if (span < 1 || joules < 0)
		return false;
	k->row.y = joules / span * 1e9;
	return window_row(k, end, span, attr_stale(&k->shape));
}

const struct attr_kernel_ops attr_kernel_boxcar = {
	.kind = ERG_SENSOR_BOXCAR,
	.row = boxcar_row,
	.memory = boxcar_memory,
};

const struct attr_kernel_ops attr_kernel_point = {
	.kind = ERG_SENSOR_POINT,
	.row = point_row,
	.memory = point_memory,
};

const struct attr_kernel_ops attr_kernel_counter = {
	.kind = ERG_SENSOR_COUNTER,
	.row = counter_row,
	.memory = counter_memory,
};
