/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sensor that averages: the reading is the mean over the last window, which ended at the sensor's
 * latest update, at t - lag or up to one period (stale) before.
 */
#include <math.h>

#include "analyze/attribution/internal.h"

static double memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return fmax(s->window_ns, 1000) + s->stale_ns + RC_SEEN * s->rc_ns + s->blur_ns;
}

static bool row(struct attr_kernel *k)
{
	double window = fmax(k->shape.window_ns, 1000), stale = attr_stale(&k->shape);
	double end = attr_end(k, k->m);

	if (!attr_walk(k, &k->seg, end, window, stale, 1))
		return false;
	if (k->power)
		k->row.x[0] = attr_slope(k, end, window, stale);
	return true;
}

const struct attr_kernel_ops attr_kernel_boxcar = {
	.kind = ERG_SENSOR_BOXCAR,
	.row = row,
	.memory = memory,
};
