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
 *   "ranking"  {workload: [partner, …]} by extra energy of the workload's own work, cheapest first
 *
 * slowdown and extra energy are of a fixed amount of the workload's work: the recorded command does
 * the same work alone and together. Other factors (frequency, cap) split the comparison.
 */
int erg_corun_document(const json_t *runs, const char *partner, json_t *doc, struct erg_err *err);

#endif
