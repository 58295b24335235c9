/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_EVENT_COST_H
#define ERG_RECORD_EVENT_COST_H

/*
 * What one layer event costs the thread that emits it, on this machine and in the sessions that
 * record now.
 */
#include <stdbool.h>
#include <stdint.h>

struct erg_cost_spread {
	double min, p50, p95; /* ns */
};

struct erg_event_cost {
	unsigned rounds;
	struct erg_cost_spread warm; /* in a row: everything is in the caches */
	struct erg_cost_spread cold; /* after other work has used the caches */
	double clock_ns;             /* reading CLOCK_MONOTONIC, as the beginning of a layer does */
};

#define ERG_EVENT_COST_ROUNDS_MAX 4096

/*
 * Times ROUNDS rounds of a few events, about 0.1 ms each: some in a row, and one alone behind a walk
 * over memory. False when no session records them, or memory is short: nothing is known then.
 */
bool erg_event_cost_measure(unsigned rounds, struct erg_event_cost *ret);
/* ns of a tracepoint that nobody records (`layer_begin`, unless it was asked for). */
double erg_event_cost_disabled_ns(void);

#endif
