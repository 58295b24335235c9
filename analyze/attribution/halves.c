/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power that is not the same all through a layer: a burst at its begin, a ramp, what the layer before left,
 * a second half that costs less. Least squares with one power for the layer then blames its neighbours, for
 * a window that sees its begin sees the one before as well. So each layer has a column of its own in the tests
 * of the model (misfit.c): what a reading would change by if the first half of each instance took a watt more
 * and the second a watt less. The energy of the layer is the same with any share of that column. An instance
 * that a window holds as a whole adds nothing to it, so only what runs at the ends of the windows is looked at.
 *
 * The ends are known up to the doubt about when the sensor updated, and a low-pass sees a mixture of many: of
 * either a few points stand for all.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/attribution/halves.h"
#include "analyze/attribution/sensor_columns.h"
#include "analyze/attribution/late_in_layer.h"
#include "analyze/attribution/view.h"

#define POINTS 6         /* of what is not one moment */
#define TAU_SHARE 0.02   /* of the window, below which a low-pass is a delay */
#define STRETCH_MAX 4096 /* segments on either side that an instance is followed for */

int attr_halves_open(struct attr_halves *h, const struct attr_view *v)
{
	*h = (struct attr_halves){.view = v};
	h->slot = malloc((v->n_classes + 1) * sizeof(*h->slot));
	h->instance = calloc(4 * (v->n_classes + 1), sizeof(*h->instance));
	if (!h->slot || !h->instance)
		return -ENOMEM;
	h->n = attr_most_time(v, h->slot);
	return 0;
}

void attr_halves_close(struct attr_halves *h)
{
	free(h->slot);
	free(h->instance);
	h->slot = NULL;
	h->instance = NULL;
}

static double since_t0(const struct attr_view *v, size_t i)
{
	return (double)(int64_t)(attr_begin(v, i) - v->t0);
}

/* Begin and end of the instance of class K that runs in segment I. */
static void find_instance(const struct attr_view *v, size_t i, uint32_t k, double *ret)
{
	size_t from = i, to = i + 1;

	while (from && i - from < STRETCH_MAX && attr_runs_in(v, from - 1, k))
		from--;
	while (to < v->n && to - i < STRETCH_MAX && attr_runs_in(v, to, k))
		to++;
	ret[0] = since_t0(v, from);
	ret[1] = since_t0(v, to);
}

/* Of the instance of class K that runs at X, in segment I: its first half so far less the second, ns. */
static double so_far(struct attr_halves *h, size_t side, size_t i, uint32_t k, double x)
{
	double *instance = h->instance + 2 * (2 * (size_t)k + side);

	if (x < instance[0] || x >= instance[1])
		find_instance(h->view, i, k, instance);
	return fmin(x - instance[0], instance[1] - x);
}

static void add(struct attr_halves *h, uint32_t column, double z)
{
	size_t i = 0;

	while (i < h->n_at && h->at[i] != column)
		i++;
	if (i == ATTR_HALVES_AT)
		return;
	if (i == h->n_at) {
		h->at[h->n_at++] = column;
		h->z[i] = 0;
	}
	h->z[i] += z;
}

/* WEIGHT of what runs at X, where windows end (SIDE 0) or begin. */
static void look_at(struct attr_halves *h, size_t side, double x, double weight)
{
	const struct attr_view *v = h->view;
	size_t i = h->segment[side];

	if (x < 0 || x >= since_t0(v, v->n))
		return;
	i = since_t0(v, i) <= x ? attr_skip(v, i, x) : attr_view_find(v, v->t0 + (uint64_t)x);
	h->segment[side] = i;
	for (uint32_t e = attr_first(v, i), last = ERG_NONE; e < attr_first(v, i + 1); e++) {
		uint32_t k = v->col_class[v->col[e]];

		/* the columns of one layer are beside each other */
		if (k != last && h->slot[k] != ERG_NONE)
			add(h, h->slot[k], weight * so_far(h, side, i, k, x));
		last = k;
	}
}

void attr_halves_look(struct attr_halves *h, const struct attr_look *l, double tau)
{
	size_t n_stale = l->stale > 0 ? POINTS : 1;
	size_t n_tau = tau > TAU_SHARE * l->window ? POINTS : 1;
	double weight = 1 / ((double)(n_stale * n_tau) * l->window);

	h->n_at = 0;
	for (size_t i = 0; i < n_stale * n_tau; i++) {
		double stale = ((double)(i % n_stale) + .5) / (double)n_stale * l->stale;
		double later = n_tau > 1
			? -tau * log(1 - ((double)(i / n_stale) + .5) / (double)n_tau)
			: tau;
		double end = l->end - stale - later;

		look_at(h, 0, end, weight);
		look_at(h, 1, end - l->window, -weight);
	}
}
