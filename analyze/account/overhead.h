/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_OVERHEAD_H
#define ERG_ANALYZE_OVERHEAD_H

/*
 * The recorder's share of a run: of its time, and of the energy of a rail.
 */
#include <stdbool.h>

#include "analyze/result/estimate.h"
#include "analyze/timeline/rail.h"

/* What is known of a run. Times are seconds; NaN: not known. */
struct erg_overhead_facts {
	double time_s;        /* of the command */
	double cpus;          /* that were online */
	double events;        /* of layers, of all threads */
	double events_thread; /* of the thread that emitted the most */
	bool counted;         /* perf counters were read at the layers' boundaries */
	double event_lo_s, event_s, event_hi_s; /* cost of an event; NaN: not measured */
	double recorder_s;                      /* CPU time of erg-record */
	double daemons_s;        /* CPU time of LTTng's daemons: the most that is this run's */
	double busy_s, busy_u_s; /* all CPUs together during the command, and half width */
	double idle_busy;        /* CPUs that were busy in the idle phases */
	struct erg_est energy_j, idle_w; /* of the rail: during the command; power when idle */
};

/* Shares, 0 to 1. A share without a value may have bounds. */
struct erg_overhead {
	struct erg_est threads; /* of the time: events in the command's own threads */
	struct erg_est beside;  /* of the time: what ran beside them */
	struct erg_est time;    /* both */
	struct erg_est energy;
};

/*
 * Let T be the command's time, c the cost of an event, n and N the events of the busiest and of all
 * threads, C = C_recorder + C_daemons the CPU time beside, P the number of CPUs, B the CPU time that
 * all CPUs were busy, E the rail's energy and W its power; primed: in the idle phases.
 *
 *   threads = n c / T                     the time lost is in the thread itself. From the least cost
 *                                         of an event to the dear one of cold caches.
 *   beside  = C / (P T), 0 to C / T       work on other CPUs delays nobody while one of them is idle;
 *                                         at the worst every second of it holds everyone up, as a
 *                                         team of threads waits for its last.
 *   time    = threads + beside            bounds added too
 *   energy  = k (C + N c) / E             k = (W - W') / (B/T - B'), what a busy CPU adds: a line
 *                                         through idle and run (Fan, Weber, Barroso, ISCA 2007)
 *             0 to (C + N c) / min(T, B)  a second of it costs at most what a second of the run
 *                                         costs, if it made it longer, or a busy CPU's part of all
 *                                         the energy. It may cost next to nothing, because k is that
 *                                         of the command's work and of all else on the rail.
 *
 * Without idle phases, or when the run was no busier than they, the energy has bounds and no value;
 * without B, neither. With perf counters the reading of these, which is not in c, makes the time
 * open upwards.
 */
void erg_overhead_estimate(const struct erg_overhead_facts *f, struct erg_overhead *ret);

/*
 * The shares of the run TL and what they come from, as JSON; null where the recording did not say
 * what it cost (older archives, imported ones). RAIL: whose energy, or NULL.
 */
json_t *erg_overhead_result(const struct erg_timeline *tl, const struct erg_rail *rail);

#endif
