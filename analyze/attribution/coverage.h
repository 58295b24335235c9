/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_COVERAGE_H
#define ERG_ANALYZE_ATTRIBUTION_COVERAGE_H

/* Which time lies within reach of a reading. */
#include "analyze/attribution/attribution.h"

struct erg_attr_state;

int attr_coverage(struct erg_attr_state *st, struct erg_err *err);

#endif
