/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_REBUILD_H
#define ERG_ANALYZE_ATTRIBUTION_REBUILD_H

/* The view of a run, again and again. */
#include <stdbool.h>

#include "analyze/attribution/view.h"

struct attr_run;

/* The columns, with the changes of level that were found so far: rows that may have seen both sides of one
 * are left out; and with the profiles of R, none where they would be too many. */
int attr_build_view(struct attr_run *r);
/* As a view of R is built. */
struct attr_gap_rules attr_gap_rules_of(const struct attr_run *r);
/* What a reading sees at once as far as it was declared, or the time between two, ns. */
double attr_declared_ns(const struct attr_run *r);
/* Leaves out readings that saw an edge of the work; false: they are too many. */
bool attr_leave_edges_out(struct attr_run *r);
/* The next view has pauses amid the work integrated, as what is outside of it, and leaves edges out; false: that is
 * what this one has. */
bool attr_take_outside(struct attr_run *r);
/* Instead of the one that was fitted: each column begins at the power that its class had. */
int attr_view_again(struct attr_run *r);
void attr_profiles_forget(struct attr_run *r);

#endif
