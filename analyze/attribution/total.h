/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_TOTAL_H
#define ERG_ANALYZE_ATTRIBUTION_TOTAL_H

#include "analyze/attribution/attribution.h"

/* The energy of the run, EDP and ED2P. -ENOMEM. */
int attr_total(struct erg_attr *a, struct erg_err *err);

#endif
