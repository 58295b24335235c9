/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An energy counter: the difference of two readings is the integral between the two updates that
 * they saw, so each row is the mean power between the reading before and this one. An update may
 * lie up to one period (stale) before its reading.
 */
#include "analyze/attribution/internal.h"

static double memory(const struct attr_shape *s, const struct attr_readings *r)
{
	return (r->stale ? r->period_ns : r->spacing_ns) + s->stale_ns + RC_SEEN * s->rc_ns;
}

static bool row(struct attr_kernel *k)
{
	double end, span, joules, stale = attr_stale(&k->shape);

	if (!k->m)
		return false;
	end = attr_end(k, k->m);
	span = end - attr_end(k, k->m - 1);
	joules = k->r->v[k->m] - k->r->v[k->m - 1];
	if (span < 1 || joules < 0)
		return false;
	k->row.y = joules / span * 1e9;
	if (!attr_walk(k, &k->seg, end, span, stale, 1))
		return false;
	if (k->power)
		k->row.x[0] = attr_slope(k, end, span, stale);
	return true;
}

const struct attr_kernel_ops attr_kernel_counter = {
	.kind = ERG_SENSOR_COUNTER,
	.row = row,
	.memory = memory,
};
