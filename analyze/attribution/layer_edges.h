/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_LAYER_EDGES_H
#define ERG_ANALYZE_ATTRIBUTION_LAYER_EDGES_H

/* Where the layers of a track begin and end, as one chain. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

struct attr_edge {
	uint64_t t;        /* ns, as stamped */
	uint32_t instance; /* of tl->iv */
	uint32_t owner;    /* the layer that runs from here on; tl->n_layers: none */
	uint32_t kind; /* of the time from here to the next edge: what begins or ended at both */
	uint8_t depth; /* of an instance that begins */
	bool ends;
};

struct attr_edges {
	struct attr_edge *at;
	size_t n;
	size_t kinds;
};

/* 1; 0: none, or its layers do not nest. */
int attr_edges_of(const struct erg_timeline *tl, uint16_t track, struct attr_edges *ret,
	struct erg_err *err);
void attr_edges_release(struct attr_edges *e);

#endif
