/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_EFFECTS_H
#define ERG_ANALYZE_ATTRIBUTION_EFFECTS_H

/* What another sensor would say of the classes. */
struct attr_run;

/* Fills the state's lag_j. */
int attr_lag_effect(struct attr_run *r);
/* Makes a rival, where times scatter and there is none. */
int attr_jitter_effect(struct attr_run *r);

#endif
