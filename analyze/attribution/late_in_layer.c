/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stamps that are late while one particular layer runs (a driver that stamps when a read completes, on a CPU
 * that the layer loads): the reading is of a time before the one that it says, by a delay that the lag of all
 * readings does not have. So each layer has columns of its own in the tests of the model (misfit.c): what a
 * lag would change of the readings that were stamped, or whose windows ended, while it ran. A delay is seen
 * by the slope of the model; one that is long beside the layers by a finite shift as well.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/attribution/late_in_layer.h"
#include "analyze/attribution/kernel.h"
#include "analyze/attribution/view.h"

#define LAYERS_MAX 32 /* those with the most time */
#define APART_NS                                                                                   \
	100e3 /* a lag, from which on the layers at the stamp and at the window's end differ */

/* The least time of a layer that is asked about. */
static double least_time(const struct attr_view *v)
{
	double least = 0;
	size_t n = LAYERS_MAX + 1;

	while (n > LAYERS_MAX) {
		double next = INFINITY;

		n = 0;
		for (size_t k = 0; k < v->gap_class; k++) {
			n += v->class_time[k] > least;
			if (v->class_time[k] > least)
				next = fmin(next, v->class_time[k]);
		}
		if (n > LAYERS_MAX)
			least = next;
	}
	return least;
}

size_t attr_most_time(const struct attr_view *v, uint32_t *ret_slot)
{
	double least = least_time(v);
	size_t n = 0;

	for (size_t k = 0; k < v->n_classes; k++)
		ret_slot[k] =
			k < v->gap_class && v->class_time[k] > least ? (uint32_t)n++ : ERG_NONE;
	return n;
}

int attr_late_in_layer_open(struct attr_late_in_layer *l, const struct attr_view *v,
	const struct attr_shape *s)
{
	/* updates that come like clockwork have times of their own */
	bool clockwork = s->phase >= 0 && s->period_ns > 0;

	*l = (struct attr_late_in_layer){.view = v, .ends = fabs(s->lag_ns) > APART_NS};
	l->slot = malloc((v->n_classes + 1) * sizeof(*l->slot));
	if (!l->slot)
		return -ENOMEM;
	l->layers = attr_most_time(v, l->slot);
	for (size_t k = 0; k < v->n_classes && clockwork; k++)
		l->slot[k] = ERG_NONE;
	l->layers = clockwork ? 0 : l->layers;
	l->n = l->layers * ATTR_LATE_IN_LAYER_EACH * (l->ends ? 2 : 1);
	return 0;
}

void attr_late_in_layer_close(struct attr_late_in_layer *l)
{
	free(l->slot);
	l->slot = NULL;
}

static bool is_there(const struct attr_late_in_layer *l, uint32_t column)
{
	for (size_t i = 0; i < l->n_at; i++)
		if (l->at[i] == column)
			return true;
	return false;
}

/* Each once, also one that has several columns there: bent ones, or those of several tracks. */
static void add_layers(struct attr_late_in_layer *l, double at, size_t from, size_t *segment)
{
	const struct attr_view *v = l->view;
	size_t i = *segment;

	if (at < 0 || at >= (double)(int64_t)(attr_begin(v, v->n) - v->t0))
		return;
	if ((double)(int64_t)(attr_begin(v, i) - v->t0) <= at)
		i = attr_skip(v, i, at);
	else
		i = attr_view_find(v, v->t0 + (uint64_t)at);
	*segment = i;
	for (uint32_t e = attr_first(v, i); e < attr_first(v, i + 1); e++) {
		uint32_t slot = l->slot[v->col_class[v->col[e]]];
		uint32_t column = (uint32_t)(from + slot * ATTR_LATE_IN_LAYER_EACH);

		if (slot != ERG_NONE && l->n_at < ATTR_LATE_IN_LAYER_AT && !is_there(l, column))
			l->at[l->n_at++] = column;
	}
}

void attr_late_in_layer_look(struct attr_late_in_layer *l, double stamp, double end)
{
	l->n_at = 0;
	add_layers(l, stamp, 0, &l->segment[0]);
	if (l->ends)
		add_layers(l, end, l->layers * ATTR_LATE_IN_LAYER_EACH, &l->segment[1]);
}
