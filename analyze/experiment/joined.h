/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_JOINED_H
#define ERG_ANALYZE_EXPERIMENT_JOINED_H

/* One run by several nodes: an archive each, joined by a tag that they share. */
#include "analyze/result/estimate.h"
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

#define ERG_JOINED_UNRESOLVED "a node's energy is unresolved"

/* What joining wants to know of TL beside its totals or layers, into RUN: "node", "join" (the tag's text) and "clock":
 * {"begin_ns", "end_ns", "bound_ns"} of the command by the node's clock of the day, null where it has none;
 * bound_ns is how wrong that clock may have been, null where the kernel did not say. -EINVAL without the tag. */
int erg_joined_note(const struct erg_timeline *tl, const char *tag, json_t *run,
	struct erg_err *err);

/*
 * "joined" of the document: for each value of the tag {"join", "simulated", "time_s": est, "ets_j": est,
 * "edp_js": est, "nodes": [{"node", "archive", "offset_s": est, "time_s", "ets_j": est}]}; of the document of
 * layers also "layers" and "rest", each row {"name", "type", "network", "module", "merged_with", "nodes" (that
 * have it), "calls", "time_s", "energy_j", "above_idle_j", "power_w"}: sums over the nodes, the power one node's
 * in it. -EINVAL for one node twice.
 */
int erg_joined_add(json_t *doc, struct erg_err *err);

/* Rows LIST of the RUNS whose tag is JOIN, as INTO's (joined_layers.c, as the next). */
int erg_joined_rows(const json_t *runs, const char *join, const char *list, json_t *into,
	struct erg_err *err);
/* SUM += E, which is another node's; FIRST: SUM = E. NaN where one of them is unresolved. */
void erg_joined_sum(struct erg_est *sum, const struct erg_est *e, bool first);

#endif
