/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_GATE_RUNS_H
#define ERG_ANALYZE_GATE_RUNS_H

/* The gate over runs: repeated runs as one, and the verdicts on the whole and on each layer. */
#include <jansson.h>

#include "analyze/experiment/gate.h"
#include "formats/base/err.h"

/* KEY is the same in both, or a text or list in neither. */
bool erg_gate_alike(const json_t *a, const json_t *b, const char *key);

/* One run of the layers' document whose energies and times are the means of RUNS (an array, not empty),
 * with the 95 % intervals of those means from the scatter of the runs. A row that is not in all of them, or not
 * resolved in all, is unresolved, with the reason "runs". */
json_t *erg_gate_mean_run(const json_t *runs);

/*
 * {"fail_above", "equivalent", "base_runs", "new_runs", "verdict", "total": {…}, "layers": [{"name", …}]};
 * an entry has "verdict", "added": {"value", "lo", "hi"} (90 %: both one-sided bounds of new / base - 1),
 * "p_value" and "repetitions" (null where unknown). "layers" is there with BY_LAYER; "verdict" is then the worst of
 * all of them, and "only_base" and "only_new" list the layers of one side, with their "energy_j": they have
 * no verdict of their own, and count in the total. NULL without memory.
 */
json_t *erg_gate_json(const json_t *base, const json_t *added, const struct erg_gate_wish *w,
	bool by_layer);

#endif
