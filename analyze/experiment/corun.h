/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_CORUN_H
#define ERG_ANALYZE_EXPERIMENT_CORUN_H

#include <jansson.h>

#include "formats/base/err.h"

/*
 * RUNS (as of erg_runs_load) of workloads alone and beside partners. PARTNER names the factor that
 * holds the partner ("none", "alone" or "" for a run alone); NULL: corun, corunner or partner,
 * whichever the runs have. Adds to DOC:
 *
 *   "matrix"   [{"workload", "partner", "runs", "alone_runs", "slowdown": est (1: none),
 *               "extra_energy_j": est, "extra_power_w": est,
 *               "rails": [{"rail", "alone_w", "together_w", "share_alone", "share_together"}],
 *               "frequency": [{"rail", "alone_hz", "together_hz", "lost"}],
 *               "utilization": [{"rail", "alone", "together"}],
 *               "ipc_alone", "ipc_together", "throttled"}]
 *   in each cell "partners" [{"name", "slowdown": est of its own work, "measured_by": iterations,
 *               instructions, runs or null}], for partners that were run alone, too (coruns: self)
 *   "combinations"  [{"workload", "partner" ("none": alone), "settings", "runs", "time_s": est, "ets_j":
 *               est, "power_w": est, "temperature_degc": est (the hottest sensor's highest), "programs":
 *               [{"name", "ipc": est, "utilization": est}], "within_budget"}]
 *   "budget_w", "choices"  with BUDGET_W (NaN: none): of each workload and partner the fastest
 *               combination whose power is surely, with its interval, within it
 *   "ranking"  {workload: [partner, …]} by extra energy of the workload's own work, cheapest first
 *
 * slowdown and extra energy are of a fixed amount of the workload's work: the recorded command does
 * the same work alone and together. Other factors (frequency, cap) split the comparison.
 */
int erg_corun_document(const json_t *runs, const char *partner, double budget_w, json_t *doc,
	struct erg_err *err);

#endif
