/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LLAMA_PLAN_H
#define ERG_TRACEPOINTS_LLAMA_PLAN_H

/*
 * Where a graph is cut into layers: where the part of the model changes (place.h), or more often.
 */
#include "tracepoints/adapters/llama/llama_abi.h"

enum llama_cut { LLAMA_BLOCKS, LLAMA_OPS, LLAMA_NODES };

struct llama_piece {
	const struct ggml_tensor *last; /* the node that ends it */
	int at;                         /* its place in the graph */
	uint32_t layer;
};

struct llama_plan {
	const struct ggml_graph *graph;
	uint32_t parent;  /* the layers' */
	const char *step; /* begins their names */
	int n_nodes;
	uint32_t n, cap;
	uint64_t hash; /* of the last nodes' addresses and names */
	struct llama_piece *pieces;
};

/* Makes P the plan of GRAPH with layers below PARENT, named "STEP/blk.0.attn"; quick where it is that
 * already. STEP must stay. False without memory. */
bool llama_plan_make(struct llama_plan *p, const struct llama_api *api, struct ggml_graph *graph,
	enum llama_cut cut, uint32_t parent, const char *step);

#endif
