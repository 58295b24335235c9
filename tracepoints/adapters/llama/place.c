/* SPDX-License-Identifier: MIT */
/* Places of nodes; see place.h. */
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/llama/place.h"

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static bool begins_with_any(const char *name, const char *const *with)
{
	while (*with && !begins(name, *with))
		with++;
	return *with != NULL;
}

/* The block that the name ends in; -1: none. "Qcur-3 (reshaped)" is of block 3. */
static int block_of(const char *name)
{
	const char *dash = strchr(name, '-');

	for (; dash; dash = strchr(dash + 1, '-')) {
		size_t digits = strspn(dash + 1, "0123456789");

		if (digits && digits < 6 && (dash[1 + digits] == '\0' || dash[1 + digits] == ' '))
			return atoi(dash + 1);
	}
	return -1;
}

bool llama_is_named(const char *name)
{
	return *name && !begins(name, "node_");
}

/* What the block that begins with the node AT does. */
static enum llama_part mixes(const struct llama_walk *w, int at, int block)
{
	static const char *const states[] = {"SSM_", "RWKV_", "GATED_LINEAR_ATTN",
		"GATED_DELTA_NET", NULL};
	static const char *const attends[] = {"FLASH_ATTN", "SOFT_MAX", NULL};
	bool state = false, attention = false;

	for (int n = w->api->n_nodes(w->graph); at < n; at++) {
		const struct ggml_tensor *t = w->api->node(w->graph, at);
		const char *name = w->api->name(t), *op = w->api->op(t);
		int other = block_of(name);

		if ((other >= 0 && other != block) || begins(name, "result_"))
			break;
		/* the experts of a feed-forward part are chosen by a softmax, too */
		state |= begins_with_any(op, states);
		attention |= !begins(name, "ffn_") && begins_with_any(op, attends);
	}
	return !state ? LLAMA_ATTENTION : attention ? LLAMA_MIXER : LLAMA_RECURRENT;
}

/* Within a block. */
static enum llama_part part_of(struct llama_walk *w, const char *name, const char *op)
{
	static const char *const attention[] = {"Qcur", "Kcur", "Vcur", "wqkv", "kq", "attn_",
		NULL};
	static const char *const ends[] = {"ffn_inp", "sa_out", "attn_residual", NULL};

	if (begins_with_any(name, ends)) {
		w->next_feeds_forward = true;
		return w->mixes;
	}
	if (w->next_feeds_forward)
		return LLAMA_FEED_FORWARD;
	if (begins(name, "ffn_")) {
		w->fed_forward |= begins(name, "ffn_out");
		return LLAMA_FEED_FORWARD;
	}
	if (begins_with_any(name, attention) ||
		(w->fed_forward && !llama_is_named(name) && !strcmp(op, "MUL_MAT")))
		return w->mixes;
	return w->at.part;
}

/* llama.cpp shifts and sorts its cache by graphs of their own, in which no node is of the model. */
void llama_place_begin(struct llama_walk *w)
{
	int n = w->api->n_nodes(w->graph), i;

	for (i = 0; i < n; i++) {
		const char *name = w->api->name(w->api->node(w->graph, i));

		if (block_of(name) >= 0 || begins(name, "result_"))
			break;
	}
	w->at = (struct llama_place){i < n ? LLAMA_EMBEDDING : LLAMA_CACHE, -1};
}

struct llama_place llama_place_next(struct llama_walk *w, int at)
{
	const struct ggml_tensor *t = w->api->node(w->graph, at);
	const char *name = w->api->name(t);
	int block = block_of(name);
	struct llama_place was;

	if (begins(name, "result_")) {
		w->at = (struct llama_place){LLAMA_OUTPUT, -1};
	} else if (block >= 0 && block != w->at.block) {
		w->mixes = mixes(w, at, block);
		w->next_feeds_forward = w->fed_forward = false;
		w->at = (struct llama_place){w->mixes, block};
	} else if (w->at.block >= 0) {
		w->at.part = part_of(w, name, w->api->op(t));
	}
	was = w->at;
	/* "result_norm" comes after a norm that has no name of its own: after the last block's end
	 * nothing but the output follows, or another block, which says so itself. */
	if (block >= 0 && begins(name, "l_out"))
		w->at = (struct llama_place){LLAMA_OUTPUT, -1};
	return was;
}
