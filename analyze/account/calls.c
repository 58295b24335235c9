/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Calls and inferences. An archive may hold several networks, or one network in phases: what one
 * inference of a network costs is its energy over the times that it ran, not the run.
 */
#include "analyze/account/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* How often each network ran, at all of its layers: calls of the most called of those of depth 0, on
 * the tracks of the device, or of the host; 0 where none of them was there. */
static void count_inferences(const struct erg_timeline *tl, bool device, const uint64_t *calls,
	uint64_t *ret)
{
	const struct erg_tl_intervals *iv = &tl->iv;

	for (size_t i = 0; i < iv->n; i++)
		if (!iv->depth[i] && erg_tl_track_is(&tl->tracks[iv->track[i]], device))
			ret[iv->layer[i]] = calls[iv->layer[i]];
	for (size_t k = 0; k < tl->n_layers; k++) {
		const char *network = erg_layer_network(&tl->layers[k]);
		uint64_t most = 0;

		if (k && !strcmp(erg_layer_network(&tl->layers[k - 1]), network))
			continue; /* done with that one */
		for (int pass = 0; pass < 2; pass++)
			for (size_t i = 0; i < tl->n_layers; i++) {
				if (strcmp(erg_layer_network(&tl->layers[i]), network))
					continue;
				most = ret[i] > most ? ret[i] : most;
				ret[i] = most; /* of all of them in the second pass */
			}
	}
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
	count_inferences(tl, false, host, ran);
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
	count_inferences(tl, device, calls, inferences);
	if (device && prefer_host(tl, calls, inferences) < 0)
		return -ENOMEM;
	for (size_t k = 0; k < tl->n_layers; k++)
		most = inferences[k] > most ? inferences[k] : most;
	for (size_t k = 0; k < tl->n_layers; k++)
		inferences[k] =
			inferences[k] ? inferences[k] : most; /* only ever inside of others */
	return 0;
}
