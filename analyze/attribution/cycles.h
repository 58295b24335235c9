/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_CYCLES_H
#define ERG_ANALYZE_ATTRIBUTION_CYCLES_H

/* The turns of the work, one after the other: from one call to the next of the layer that is called least often
 * but at least ATTR_CYCLES_MIN times. */
#include <stddef.h>
#include <stdint.h>

#include "analyze/attribution/view.h"

#define ATTR_CYCLES_MIN 50

struct attr_cycles {
	const struct attr_view *view;
	uint32_t ref; /* the class of that layer; ERG_NONE: there is none, and no cycle */
	size_t seg;
	uint64_t from, to; /* of the one found last, ns */
};
struct attr_cycles attr_cycles_of(const struct attr_view *v);
/* Finds the next; false: there is none. */
bool attr_cycles_next(struct attr_cycles *c);

#endif
