/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_EXPERIMENT_NODES_H
#define ERG_ANALYZE_EXPERIMENT_NODES_H

#include "analyze/experiment/points.h"

/*
 * Takes what is the nodes' out of observations that are finished, where runs of a group are of several nodes
 * (tag node, else host) and neither node nor machine is among the dimensions: energy and time become those of
 * the mean node. DOC (or NULL) gets "nodes": [{"group", "node", "runs", "energy_ratio", "time_ratio"}] and a
 * warning.
 */
int erg_nodes_block(struct erg_observations *o, json_t *doc, struct erg_err *err);

#endif
