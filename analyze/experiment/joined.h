/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_JOINED_H
#define ERG_ANALYZE_EXPERIMENT_JOINED_H

/* One run by several nodes: an archive each, joined by a tag that they share. */
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

/* What joining wants to know of TL beside its totals, into RUN: "node", "join" (the tag's text) and "clock":
 * {"begin_ns", "end_ns", "bound_ns"} of the command by the node's clock of the day, null where it has none;
 * bound_ns is how wrong that clock may have been, null where the kernel did not say. -EINVAL without the tag. */
int erg_joined_note(const struct erg_timeline *tl, const char *tag, json_t *run,
	struct erg_err *err);

/*
 * "joined" of the document: for each value of the tag {"join", "simulated", "time_s": est, "ets_j": est,
 * "edp_js": est, "nodes": [{"node", "archive", "offset_s": est, "time_s", "ets_j": est}]}. -EINVAL for one node
 * twice.
 */
int erg_joined_add(json_t *doc, struct erg_err *err);

#endif
