/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sensor that converts on demand: the reading is the mean over one conversion, which ended at
 * t - lag. The time of the reading itself is known to +-half only, which is a boxcar of its own.
 */
#include <math.h>

#include "analyze/attribution/internal.h"

static double window_of(const struct attr_shape *s)
{
	return fmax(s->window_ns, 1000);
}

static double jitter_of(const struct attr_shape *s, const struct attr_readings *r)
{
	return fmax(attr_stale(s), 2 * r->half_ns);
}

static double memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return window_of(s) + fmax(s->stale_ns, 2 * r->half_ns) + RC_SEEN * s->rc_ns + s->blur_ns;
}

static bool row(struct attr_kernel *k)
{
	double jitter = jitter_of(&k->shape, k->r), window = window_of(&k->shape), end;

	end = attr_end(k, k->m) + fmin(jitter, k->r->half_ns);
	if (!attr_walk(k, &k->seg, end, window, jitter, 1))
		return false;
	if (k->power)
		k->row.x[0] = attr_slope(k, end, window, jitter);
	return true;
}

const struct attr_kernel_ops attr_kernel_point = {
	.kind = ERG_SENSOR_POINT,
	.row = row,
	.memory = memory,
};
