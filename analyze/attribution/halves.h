/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_HALVES_H
#define ERG_ANALYZE_ATTRIBUTION_HALVES_H

/* For misfit.c: what a reading saw of the first halves of layers less what it saw of the second. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr_look;
struct attr_view;

#define ATTR_HALVES_AT 64 /* layers at once that are looked at */

struct attr_halves {
	const struct attr_view *view;
	uint32_t *slot; /* per class, or ERG_NONE */
	size_t n;       /* columns: layers that are asked about */
	/* Of this reading: N_AT columns and their values. */
	uint32_t at[ATTR_HALVES_AT];
	double z[ATTR_HALVES_AT];
	size_t n_at;
	size_t segment[2]; /* where the windows of the last reading ended and began */
	double *instance; /* per class, for either: begin and end of the one that was there, ns since t0 */
};
int attr_halves_open(struct attr_halves *h, const struct attr_view *v);
void attr_halves_close(struct attr_halves *h);
/* A reading that looked at L behind a low-pass of TAU ns; 0: none. */
void attr_halves_look(struct attr_halves *h, const struct attr_look *l, double tau);

#endif
