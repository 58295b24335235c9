/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_RESULTS_H
#define ERG_ANALYZE_ATTRIBUTION_RESULTS_H

/* The classes as they are told. */
#include "analyze/attribution/attribution.h"

struct attr_run;
struct erg_attr_state;

void attr_results(struct attr_run *r);
/* The share of a reading's window that no reading before saw: windows that overlap count once. */
double attr_fresh(const struct erg_attr_state *st);

#endif
