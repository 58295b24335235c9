/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_GAPS_H
#define ERG_ANALYZE_ATTRIBUTION_GAPS_H

/* The time in no layer, told apart by how long it lasts. */
#include <stdint.h>

#include "formats/base/err.h"

struct attr_view;

#define ATTR_GAPS_MAX 3 /* lengths */

/* Gaps of LEAST_NS and longer begin with HEAD_NS and end with TAIL_NS that are as the shorter ones are. 0: none does. */
struct attr_gap_ends {
	double least_ns, head_ns, tail_ns;
};

struct attr_gaps {
	uint32_t n;
	double at[ATTR_GAPS_MAX - 1]; /* ns, ascending: between one length and another */
};

/* Of gaps shorter than LONG_NS. V's col must still be classes. */
int attr_gaps_find(struct attr_gaps *g, const struct attr_view *v, double long_ns,
	struct erg_err *err);
/* Which length DUR ns is, from 0. */
uint32_t attr_gaps_part(const struct attr_gaps *g, double dur);

#endif
