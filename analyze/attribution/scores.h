/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_SCORES_H
#define ERG_ANALYZE_ATTRIBUTION_SCORES_H

/* What each block would change of the solution. */
struct attr_run;

/* SCORE (blocks x dim): h - G X of each block of st->gram. */
int attr_scores(struct attr_run *r, const double *x, double *score);

#endif
