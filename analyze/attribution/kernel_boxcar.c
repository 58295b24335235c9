/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sensor that averages: the reading is the mean over the last window, which ended at the sensor's
 * latest update, at t - lag or up to one period (stale) before.
 */
#include <math.h>

#include "analyze/attribution/internal.h"

static double memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return fmax(s->window_ns, 1000) + s->stale_ns;
}

static bool row(struct attr_kernel *k)
{
	double window = fmax(k->shape.window_ns, 1000), stale = k->shape.stale_ns, end;

	end = (double)(int64_t)(k->r->t[k->m] - k->view->begin[0]) - k->shape.lag_ns;
	if (!attr_walk(k, &k->seg, end, window, stale, 1))
		return false;
	if (k->power)
		k->row.d = attr_slope(k, end, window, stale);
	return true;
}

const struct attr_kernel_ops attr_kernel_boxcar = {
	.kind = ERG_SENSOR_BOXCAR,
	.row = row,
	.memory = memory,
};
