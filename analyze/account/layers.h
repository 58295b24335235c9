/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_LAYERS_H
#define ERG_ANALYZE_LAYERS_H

/*
 * The energy of a run's layers as a JSON object, for the verb `layers` and for every analysis that
 * compares runs (sweep, corun, thermal, compare, model, report): they call this, or read the same
 * object from a document that `erg-analyze layers --format json` made before.
 */
#include <jansson.h>

#include "analyze/timeline/timeline.h"
#include "analyze/account/options.h"
#include "formats/base/err.h"

/*
 * One entry of "runs" (keys of `layers` in the schema; BY: "layer", "type", "module", "network" or
 * "phase"), to which these are added for comparing runs:
 *   "workload"   text: tag workload, else the network, else the command's file name
 *   "factors", "tags"   objects of the manifest
 *   "machine"    text: model of the CPU
 *   "mean_w", "peak_w"  of the rail
 *   "rails"      [{"rail", "parent", "ets_j": est, "mean_w", "peak_w"}] of all rails
 *   "channels"   [{"rail", "quantity", "mean", "min", "max"}] of temperature, frequency, voltage
 *                and utilization, SI units, over the run
 *   "counters"  {NAME: count} of the application's counters
 *   "throttled_share"   fraction of the time, null when nothing tells
 * Warnings about the data are added to DOC.
 */
int erg_layers_run(const struct erg_timeline *tl, const struct erg_common *common, const char *by,
	json_t *doc, json_t **ret_run, struct erg_err *err);

/* The same of N tables from one attribution: BY[0] is the entry's own; with more it has "tables", one
 * {"by", "simultaneous", "layers", "rest"} for each of the others in their order. */
int erg_layers_tables(const struct erg_timeline *tl, const struct erg_common *common,
	const char *const *by, size_t n, json_t *doc, json_t **ret_run, struct erg_err *err);

/* Adds to DOC how many of the rows of RUN's first table are merged and how many are not resolved, by their
 * estimate ENERGY ("energy_j"); nothing where all are resolved. Callers of erg_layers_tables() say it when
 * they have done to the rows what they do. */
void erg_layers_warn_unresolved(const json_t *run, const char *energy, json_t *doc);

#endif
