/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_GATES_H
#define ERG_ANALYZE_ATTRIBUTION_GATES_H

/* What may be said of a class, and why not. */
#include "analyze/attribution/attribution.h"

struct erg_attr_state;

#define ATTR_SPREAD 12 /* readings that differ by a layer, which tell it though it fills few */
/* A gate's name, with what is wrong where the model is: of the run, or of one class alone. */
const char *attr_reason(const struct erg_attr *a, enum erg_attr_gate gate);
/* The power above which a mean of a class whose instances last DUR_S cannot be, W. */
double attr_power_limit(const struct erg_attr_state *st, double dur_s);
int attr_gates(struct erg_attr *a, const struct erg_attr_options *opt, struct erg_err *err);

#endif
