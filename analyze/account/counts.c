/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel multiplexes counters when others want them too: a group then runs for a part of the
 * time that it is enabled, and what it counted stands for all of it (perf_event_open(2),
 * "time_enabled"). A single instance of a layer is shorter than the kernel's turns of some
 * milliseconds, so the times are summed over a layer's instances before the count is scaled.
 */
#include "analyze/account/counts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/timeline/nesting.h"
#include "formats/base/util.h"

int erg_layer_counts_init(struct erg_layer_counts *c, const struct erg_timeline *tl)
{
	size_t n = tl->n_layers * tl->n_counters;

	*c = (struct erg_layer_counts){.tl = tl};
	c->sum = calloc(n + 1, sizeof(*c->sum));
	c->enabled = calloc(tl->n_layers + 1, sizeof(*c->enabled));
	c->running = calloc(tl->n_layers + 1, sizeof(*c->running));
	if (!c->sum || !c->enabled || !c->running)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		c->sum[i] = INT64_MIN;
	return 0;
}

void erg_layer_counts_release(struct erg_layer_counts *c)
{
	free(c->sum);
	free(c->enabled);
	free(c->running);
}

void erg_layer_counts_add(struct erg_layer_counts *c, size_t i)
{
	const struct erg_tl_intervals *iv = &c->tl->iv;
	int64_t *sum = &c->sum[iv->layer[i] * c->tl->n_counters];

	if (!iv->counter)
		return;
	c->enabled[iv->layer[i]] += iv->enabled[i];
	c->running[iv->layer[i]] += iv->running[i];
	for (size_t k = 0; k < c->tl->n_counters; k++)
		if (iv->counter[k][i] != INT64_MIN)
			sum[k] = (sum[k] == INT64_MIN ? 0 : sum[k]) + iv->counter[k][i];
}

/* Of LAYER; INT64_MIN: not counted. */
static int64_t count_of(const struct erg_layer_counts *c, size_t layer, size_t counter)
{
	int64_t v = c->sum[layer * c->tl->n_counters + counter];
	uint64_t enabled = c->enabled[layer], running = c->running[layer];

	if (v == INT64_MIN || running >= enabled || strcmp(c->tl->counters[counter].origin, "perf"))
		return v;
	return running ? llround((double)v * ((double)enabled / (double)running)) : INT64_MIN;
}

/* A module's or network's counts hold those of the layers in it: are K's in the set already? */
static bool counted_outside(const struct erg_layer_counts *c, const double *weight, size_t k,
	size_t counter)
{
	const struct erg_timeline *tl = c->tl;

	for (uint32_t p = tl->layers[k].parent; p != ERG_NONE; p = tl->layers[p].parent)
		if (weight[p] != 0 && count_of(c, p, counter) != INT64_MIN)
			return true;
	return false;
}

json_t *erg_layer_counts_json(const struct erg_layer_counts *c, const double *weight,
	const uint32_t *set, size_t n)
{
	json_t *counters = json_object();

	for (size_t i = 0; i < c->tl->n_counters; i++) {
		int64_t sum = INT64_MIN;

		for (size_t j = 0; j < n; j++) {
			uint32_t k = set[j];
			int64_t v = k < c->tl->n_layers ? count_of(c, k, i) : INT64_MIN;

			if (v != INT64_MIN && !counted_outside(c, weight, k, i))
				sum = (sum == INT64_MIN ? 0 : sum) + v;
		}
		if (sum != INT64_MIN)
			json_object_set_new(counters, c->tl->counters[i].name, json_integer(sum));
	}
	return counters;
}

bool erg_counts_work(const struct erg_tl_counter *c)
{
	return strcmp(c->origin, "perf") != 0;
}

#define DEPTHS (ERG_NESTING_MAX + 1) /* the last for all that is deeper (nesting.h) */

/* The sum of the outermost instances that have a count of C. LAST: by track and depth, room for the last
 * instance there, counted from 1. */
static int64_t count_of_run(const struct erg_timeline *tl, size_t c, size_t (*last)[DEPTHS])
{
	const struct erg_tl_intervals *iv = &tl->iv;
	int64_t sum = INT64_MIN;

	for (size_t i = 0; i < iv->n; i++) {
		size_t *around = last[iv->track[i]];
		size_t depth = iv->depth[i] < DEPTHS ? iv->depth[i] : DEPTHS - 1, d = 0;

		around[depth] = i + 1;
		if (iv->counter[c][i] == INT64_MIN ||
			!erg_tl_track_is(&tl->tracks[iv->track[i]], false))
			continue;
		while (d < depth && (!around[d] || iv->counter[c][around[d] - 1] == INT64_MIN))
			d++;
		if (d == depth)
			sum = (sum == INT64_MIN ? 0 : sum) + iv->counter[c][i];
	}
	return sum;
}

json_t *erg_counts_of_run(const struct erg_timeline *tl)
{
	_cleanup_(erg_freep) size_t(*last)[DEPTHS] = calloc(tl->n_tracks + 1, sizeof(*last));
	json_t *counters = json_object();

	for (size_t c = 0; last && tl->iv.counter && c < tl->n_counters; c++) {
		int64_t sum;

		if (!erg_counts_work(&tl->counters[c]))
			continue;
		sum = count_of_run(tl, c, last);
		if (sum != INT64_MIN)
			json_object_set_new(counters, tl->counters[c].name, json_integer(sum));
	}
	return counters;
}
