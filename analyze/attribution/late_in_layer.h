/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_LATE_IN_LAYER_H
#define ERG_ANALYZE_ATTRIBUTION_LATE_IN_LAYER_H

/* For misfit.c: which layers run at a reading. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr_shape;
struct attr_view;

#define ATTR_LATE_IN_LAYER_EACH 2 /* columns of a layer */
#define ATTR_LATE_IN_LAYER_AT 16  /* layers at once that are looked at */

struct attr_late_in_layer {
	const struct attr_view *view;
	uint32_t *slot; /* per class, or ERG_NONE */
	size_t layers, n;
	bool ends; /* those at the window's end have columns of their own */
	uint32_t at[ATTR_LATE_IN_LAYER_AT]; /* first columns of those that run at this reading */
	size_t n_at;
	size_t segment[2]; /* where the last reading was stamped, and its window ended */
};
/* Per class its number among those with the most time, or ERG_NONE; returns how many those are. */
size_t attr_most_time(const struct attr_view *v, uint32_t *ret_slot);
int attr_late_in_layer_open(struct attr_late_in_layer *l, const struct attr_view *v,
	const struct attr_shape *s);
void attr_late_in_layer_close(struct attr_late_in_layer *l);
/* A reading that was stamped at STAMP, and whose window ended at END (ns since t0). */
void attr_late_in_layer_look(struct attr_late_in_layer *l, double stamp, double end);

#endif
