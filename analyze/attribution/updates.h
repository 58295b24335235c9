/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_UPDATES_H
#define ERG_ANALYZE_ATTRIBUTION_UPDATES_H

/* When a sensor that is read more often than it updates did so. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr_updates {
	double period_ns, first_ns; /* update 0, since the first reading */
	double room_ns; /* by up to half of which all of them may be earlier, or later; 0: hardly any */
};

/* From N readings of a sensor whose period is about PERIOD ns. 1: updates come like clockwork, and *RET has when; 0:
 * they do not; -ENOMEM. */
int attr_updates_find(const uint64_t *t, const double *v, size_t n, double period,
	struct attr_updates *ret);
/* The number of the update that was the latest one WHEN ns since the first reading. */
double attr_updates_number(const struct attr_updates *u, double when);
/* Of the update that a value is of that a reading BY had and the one before, AFTER, had not. */
double attr_updates_between(const struct attr_updates *u, double after, double by);
/* When update NUMBER was, ns since the first reading. */
double attr_updates_at(const struct attr_updates *u, double number);

#endif
