/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_QUANTUM_H
#define ERG_ANALYZE_ATTRIBUTION_QUANTUM_H

/* What rounding adds to the replicates: readings that share their error. */
#include <stdbool.h>
#include <stddef.h>

struct attr_row;
struct attr_run;

/* Readings that share their rounding error, by the power that the fit gives them. */
struct attr_levels {
	size_t n;
	double width; /* W */
};
/* Whether the rounding of the readings is not small beside what else scatters them. */
bool attr_coarse_quantum(const struct attr_run *r);
void attr_levels_span(const struct attr_run *r, struct attr_levels *ret);
/* The level of a row. *RET_SD: of what its readings share, W, times the row's weight. */
size_t attr_level_of(const struct attr_run *r, const struct attr_levels *l,
	const struct attr_row *row, double *ret_sd);
/* Adds to R->boot what readings of one level share of their rounding, and finds what that does to the
 * mean of all; nothing but for cells. */
int attr_quantum(struct attr_run *r);

#endif
