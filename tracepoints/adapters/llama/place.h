/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LLAMA_PLACE_H
#define ERG_TRACEPOINTS_LLAMA_PLACE_H

/*
 * To what part of the model each node of a graph belongs. llama.cpp names the nodes of its graphs: what
 * belongs to block N ends in "-N", the sum that ends its attention is "ffn_inp-N" (or "sa_out",
 * "attn_residual"), what is fed forward begins with "ffn_", and what comes after the blocks begins with
 * "result_". A node without such a name belongs to what came before it.
 *
 * Where attention and feed-forward lie side by side (Falcon, GPT-NeoX, Cohere), the sum at the end of the
 * block asks for the one after the other: the product without a name that follows "ffn_out" there is
 * the attention's output. Blocks that carry a state instead of attending (Mamba, RWKV, delta nets) tell
 * themselves by their operations.
 */
#include <stdbool.h>

#include "tracepoints/adapters/llama/llama_abi.h"

enum llama_part {
	LLAMA_EMBEDDING,
	LLAMA_CACHE, /* moves what the context holds: no part of the model */
	LLAMA_ATTENTION,
	LLAMA_RECURRENT,
	LLAMA_MIXER, /* attention and a state in one block */
	LLAMA_FEED_FORWARD,
	LLAMA_OUTPUT
};

struct llama_place {
	enum llama_part part;
	int block; /* -1: none */
};

/* What is known while walking: the place of the node before. */
struct llama_walk {
	const struct llama_api *api;
	struct ggml_graph *graph;
	struct llama_place at;
	enum llama_part mixes;   /* what the block does before it feeds forward */
	bool next_feeds_forward; /* the attention of the block has ended */
	bool fed_forward;        /* its feed-forward part has */
};

/* Before the first node. */
void llama_place_begin(struct llama_walk *w);

/* The place of the node AT, which comes next. */
struct llama_place llama_place_next(struct llama_walk *w, int at);

/* Whether the model gave the node this name; ggml calls the others node_N. */
bool llama_is_named(const char *name);

#endif
