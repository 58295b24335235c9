/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_PROGRAMS_H
#define ERG_ANALYZE_ACCOUNT_PROGRAMS_H

/*
 * Programs that were counted as a whole: the command, and what ran beside it.
 *
 *	[{"name", "recorded": whether it is the command, "simulated", "span_s": time between its first
 *	  and last reading, "cpu_s", "utilization": CPUs it kept busy, "runs": of it that ended meanwhile,
 *	  "iterations": that it printed, "counters": {NAME: count}, "per_s": {NAME:
 *	  rate of iterations and counters once it works}, "ipc"}]
 *
 * of what happened in that span; null is what was not counted. NULL when there is none.
 */
#include <jansson.h>

#include "analyze/timeline/timeline.h"

json_t *erg_programs_of_run(const struct erg_timeline *tl);

#endif
