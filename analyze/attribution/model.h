/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_MODEL_H
#define ERG_ANALYZE_ATTRIBUTION_MODEL_H

/* The sensor that was fitted, with its uncertainty, and the tests. */
struct attr_run;

/* The sensor that was fitted, with its uncertainty, and the tests. */
void attr_model(struct attr_run *r);

#endif
