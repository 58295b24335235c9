/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers whose MACs differ from call to call (the tokens of a batch): their definition has those of
 * the first call, and what all calls did is in the application's counter "MACs". A layer's MACs are
 * then the mean over its calls, so that everything that multiplies by calls has the sum.
 *
 * A counter's differences hold what inner layers counted; a layer within which another counts MACs
 * keeps its definition.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/reader/join.h"
#include "formats/base/util.h"

struct counted {
	uint64_t macs, calls;
	bool encloses;
};

static size_t find_macs(const struct erg_timeline *tl)
{
	size_t c = 0;

	while (c < tl->n_counters &&
		(strcmp(tl->counters[c].name, "MACs") || strcmp(tl->counters[c].origin, "app")))
		c++;
	return c;
}

static void mark_enclosing(const struct erg_timeline *tl, struct counted *of)
{
	for (size_t k = 0; k < tl->n_layers; k++) {
		uint32_t p = tl->layers[k].parent;

		for (size_t steps = 0; of[k].macs && tl->layers[k].macs && p < tl->n_layers &&
			steps < tl->n_layers;
			steps++) {
			of[p].encloses = true;
			p = tl->layers[p].parent;
		}
	}
}

int erg_join_macs(struct erg_timeline *tl)
{
	const struct erg_tl_intervals *iv = &tl->iv;
	const size_t c = find_macs(tl);
	_cleanup_(erg_freep) struct counted *of = NULL;

	if (c == tl->n_counters || !iv->counter)
		return 0;
	of = calloc(tl->n_layers + 1, sizeof(*of));
	if (!of)
		return -ENOMEM;
	for (size_t i = 0; i < iv->n; i++) {
		const int64_t v = iv->counter[c][i];

		of[iv->layer[i]].calls += v != INT64_MIN;
		of[iv->layer[i]].macs += v > 0 ? (uint64_t)v : 0;
	}
	mark_enclosing(tl, of);
	for (size_t k = 0; k < tl->n_layers; k++)
		if (tl->layers[k].macs && of[k].macs && !of[k].encloses)
			tl->layers[k].macs = (of[k].macs + of[k].calls / 2) / of[k].calls;
	return 0;
}
