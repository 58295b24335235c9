/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_ANY_LAG_H
#define ERG_ANALYZE_ATTRIBUTION_ANY_LAG_H

/* What is said although no sensor fits. */
struct attr_run;

/* The fit is that of the sensor as declared, where no other was found. */
int attr_declared_fit(struct attr_run *r);
/* Then finds what other lags would make of the classes. */
int attr_any_lag(struct attr_run *r);

#endif
