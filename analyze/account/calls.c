/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Calls and inferences. An archive may hold several networks, or one network in phases: what one
 * inference of a network costs is its energy over the times that it ran, not the run.
 */
#include "analyze/account/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

const char *erg_layer_network(const struct erg_tl_layer *l)
{
	return l->level == ERG_TL_NETWORK ? l->name : l->network;
}

static void count_calls(const struct erg_timeline *tl, bool device, uint64_t *calls)
{
	for (size_t i = 0; i < tl->iv.n; i++)
		calls[tl->iv.layer[i]] += erg_tl_track_is(&tl->tracks[tl->iv.track[i]], device);
}

static int compare_networks(const void *a, const void *b, void *data)
{
	const struct erg_tl_layer *layers = data;

	return strcmp(erg_layer_network(&layers[*(const size_t *)a]),
		erg_layer_network(&layers[*(const size_t *)b]));
}

/* Of all layers of a network the most that one of them has in V. */
static int spread_most(const struct erg_timeline *tl, uint64_t *v)
{
	_cleanup_(erg_freep) size_t *at = calloc(tl->n_layers + 1, sizeof(*at));

	if (!at)
		return -ENOMEM;
	for (size_t k = 0; k < tl->n_layers; k++)
		at[k] = k;
	erg_sort_by(at, tl->n_layers, sizeof(*at), compare_networks, tl->layers);
	for (size_t from = 0, to; from < tl->n_layers; from = to) {
		uint64_t most = 0;

		for (to = from;
			to < tl->n_layers && !compare_networks(&at[from], &at[to], tl->layers);
			to++)
			most = v[at[to]] > most ? v[at[to]] : most;
		for (size_t k = from; k < to; k++)
			v[at[k]] = most;
	}
	return 0;
}

/* How often each network ran, at all of its layers: calls of the most called of those of depth 0, on
 * the tracks of the device, or of the host; 0 where none of them was there. */
static int count_inferences(const struct erg_timeline *tl, bool device, const uint64_t *calls,
	uint64_t *ret)
{
	const struct erg_tl_intervals *iv = &tl->iv;

	for (size_t i = 0; i < iv->n; i++)
		if (!iv->depth[i] && erg_tl_track_is(&tl->tracks[iv->track[i]], device))
			ret[iv->layer[i]] = calls[iv->layer[i]];
	return spread_most(tl, ret);
}

/*
 * What a call launches on a device may be many spans, so a layer's calls are those of the host;
 * spans count only for what the host never called (work outside of layers, logs of a device alone).
 */
static int prefer_host(const struct erg_timeline *tl, uint64_t *calls, uint64_t *inferences)
{
	_cleanup_(erg_freep) uint64_t *host = calloc(tl->n_layers + 1, sizeof(*host));
	_cleanup_(erg_freep) uint64_t *ran = calloc(tl->n_layers + 1, sizeof(*ran));

	if (!host || !ran)
		return -ENOMEM;
	count_calls(tl, false, host);
	if (count_inferences(tl, false, host, ran) < 0)
		return -ENOMEM;
	for (size_t k = 0; k < tl->n_layers; k++) {
		if (calls[k] && host[k])
			calls[k] = host[k];
		if (ran[k])
			inferences[k] = ran[k];
	}
	return 0;
}

int erg_layer_calls(const struct erg_timeline *tl, bool device, uint64_t *calls,
	uint64_t *inferences)
{
	uint64_t most = 0;

	count_calls(tl, device, calls);
	if (count_inferences(tl, device, calls, inferences) < 0)
		return -ENOMEM;
	if (device && prefer_host(tl, calls, inferences) < 0)
		return -ENOMEM;
	for (size_t k = 0; k < tl->n_layers; k++)
		most = inferences[k] > most ? inferences[k] : most;
	for (size_t k = 0; k < tl->n_layers; k++)
		inferences[k] =
			inferences[k] ? inferences[k] : most; /* only ever inside of others */
	return 0;
}
