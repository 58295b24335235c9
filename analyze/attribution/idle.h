/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_IDLE_H
#define ERG_ANALYZE_ATTRIBUTION_IDLE_H

/* Power in the idle phases, as a line over the run. */
#include <stddef.h>

#include "analyze/attribution/attribution.h"

struct erg_attr_state;

/* Sorts X. */
double attr_median(double *x, size_t n);
int attr_idle(struct erg_attr_state *st, struct erg_err *err);

#endif
