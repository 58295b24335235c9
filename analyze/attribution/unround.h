/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_UNROUND_H
#define ERG_ANALYZE_ATTRIBUTION_UNROUND_H

/* Times that were rounded, by what usually lies between them. */
#include <stddef.h>
#include <stdint.h>

struct attr_chain {
	size_t n;
	const double *stamp; /* n, in steps: whole numbers; never falls */
	uint32_t *kind;      /* n - 1: of what lies between a time and the next */
	size_t kinds;
	double *time;    /* n: where they were, on average over all that the stamps allow */
	double *length;  /* kinds: mean length */
	double *between; /* kinds: variance of the length by the stamps, less that of the true one */
};

/* Fills time, length and between; 0 or -ENOMEM. */
int attr_unround(struct attr_chain *c);

#endif
