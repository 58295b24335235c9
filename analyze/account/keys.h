/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_KEYS_H
#define ERG_ANALYZE_ACCOUNT_KEYS_H

/* What layers are summed by, and which of them are one row then. */
#include "analyze/timeline/timeline.h"

/* A layer and what it is summed by. */
struct erg_keyed {
	const char *key, *network;
	uint64_t first; /* when it first began */
	uint32_t k;     /* the layer */
	/* of the first of a row: where its layers lie in the list of all, and how many */
	size_t at, n;
};

/* The type of the outermost module around a layer, where it has one ("fire"), else its own ("conv"). */
const char *erg_key_block(const struct erg_timeline *tl, const struct erg_tl_layer *l);

/*
 * BY: type, block, module or network. FIRST: when each layer first began. Layers of one row follow each
 * other in SORTED. HEADS: the first of each row, in the order in which they ran; returns how many. Both
 * have room for all layers.
 */
size_t erg_keys_sort(const struct erg_timeline *tl, const uint64_t *first, const char *by,
	struct erg_keyed *sorted, struct erg_keyed *heads);

#endif
