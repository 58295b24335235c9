/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_INTERVAL_H
#define ERG_ANALYZE_ATTRIBUTION_INTERVAL_H

/* The energy of the run by the readings alone. */
#include "analyze/attribution/attribution.h"

int attr_total(struct erg_attr *a, struct erg_err *err);

#endif
