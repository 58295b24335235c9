/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_RECURRENCE_H
#define ERG_ANALYZE_ATTRIBUTION_RECURRENCE_H

/* After how long the work repeats itself. */
#include <stdint.h>

#include "analyze/attribution/view.h"
#include "formats/base/err.h"

/* *RET: ns from one iteration of the layers after segment FROM of V to the next, typically: of the classes, of each
 * the median time between its beginnings, the median. 0: none of them begins twice there. Errors: -ENOMEM. */
int attr_recurrence(const struct attr_view *v, size_t from, double *ret, struct erg_err *err);

#endif
