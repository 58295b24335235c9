/* SPDX-License-Identifier: MIT */
/*
 * A graph is planned by walking its nodes once, some 30 ns each. llama.cpp uses a graph again while
 * its shape stays: then only the nodes that end pieces are compared with what they were.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/llama/plan.h"
#include "tracepoints/erg.h"

#define PIECES_MAX 65536u

enum part { EMBEDDING, ATTENTION, FEED_FORWARD, OUTPUT };

struct place {
	enum part part;
	int block; /* -1: none */
};

/* What is known while walking: the place of the node before. */
struct walk {
	struct place at;
	bool next_feeds_forward; /* the attention of the block has ended */
};

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
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

static struct place next_place(struct walk *w, const char *name)
{
	int block = block_of(name);

	if (begins(name, "result_")) {
		w->at = (struct place){OUTPUT, -1};
	} else if (block >= 0 && block != w->at.block) {
		w->at = (struct place){ATTENTION, block};
		w->next_feeds_forward = false;
	} else if (w->next_feeds_forward ||
		(block >= 0 && begins(name, "ffn_") && !begins(name, "ffn_inp"))) {
		w->at.part = w->at.block >= 0 ? FEED_FORWARD : w->at.part;
	}
	/* "result_norm" comes after a norm that has no name of its own: after the last block's end
	 * nothing but the output follows, or another block, which says so itself. */
	if (block >= 0 && begins(name, "l_out")) {
		struct place was = w->at;

		w->at = (struct place){OUTPUT, -1};
		w->next_feeds_forward = false;
		return was;
	}
	if (block >= 0 && begins(name, "ffn_inp"))
		w->next_feeds_forward = true;
	return w->at;
}

/* Nodes that only say how the memory of another is seen. */
static bool is_view(const char *op)
{
	static const char *const views[] = {"VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE", "NONE"};

	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if (!strcmp(op, views[i]))
			return true;
	return false;
}

static void lower(char *s)
{
	for (; *s; s++)
		*s = (char)tolower((unsigned char)*s);
}

/* "decode/blk.3.attn", "decode/output"; followed by /op, or by the node's own name and its op. */
static uint32_t define(const struct llama_plan *p, const struct place *at, enum llama_cut cut,
	const char *node, const char *op)
{
	static const char *const parts[] = {"embedding", "attn", "ffn", "output"};
	static const char *const types[] = {"embedding", "attention", "ffn", "output"};
	struct erg_layer_info info = {.size = sizeof(info), .type = types[at->part]};
	char name[256], block[64], type[64];
	const bool named = *node && !begins(node, "node_") && !strchr(node, '(');

	snprintf(block, sizeof(block), "%s/", p->step);
	if (at->block >= 0)
		snprintf(block, sizeof(block), "%s/blk.%d.", p->step, at->block);
	snprintf(type, sizeof(type), "%.60s", op);
	lower(type);
	if (cut == LLAMA_BLOCKS)
		snprintf(name, sizeof(name), "%s%s", block, parts[at->part]);
	else if (cut == LLAMA_OPS || !named)
		snprintf(name, sizeof(name), "%s%s/%s", block, parts[at->part], type);
	else
		snprintf(name, sizeof(name), "%s%s/%.*s %s", block, parts[at->part],
			at->block >= 0 ? (int)strcspn(node, "-") : 128, node, type);
	if (cut != LLAMA_BLOCKS)
		info.type = type;
	info.name = name;
	return erg_layer(p->parent, &info);
}

static bool append(struct llama_plan *p, const struct ggml_tensor *last, int at, uint32_t layer)
{
	if (p->n == p->cap) {
		uint32_t cap = p->cap ? 2 * p->cap : 64;
		struct llama_piece *grown =
			cap > PIECES_MAX ? NULL : realloc(p->pieces, cap * sizeof(*grown));

		if (!grown)
			return false;
		p->pieces = grown;
		p->cap = cap;
	}
	p->pieces[p->n++] = (struct llama_piece){last, at, layer};
	return true;
}

static uint64_t hash_node(uint64_t h, const struct ggml_tensor *t, const char *name)
{
	h = (h ^ (uintptr_t)t) * 0x100000001b3u;
	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3u;
	return h;
}

static uint64_t hash_ends(const struct llama_plan *p, const struct llama_api *api,
	struct ggml_graph *graph)
{
	uint64_t h = 0;

	for (uint32_t i = 0; i < p->n; i++) {
		const struct ggml_tensor *t = api->node(graph, p->pieces[i].at);

		h = hash_node(h, t, api->name(t));
	}
	return h;
}

/* Does the node at NOW belong to another piece than the one at WAS? */
static bool is_cut(enum llama_cut cut, const struct place *was, const struct place *now,
	const char *was_op, const char *op)
{
	if (was->part != now->part || was->block != now->block)
		return true;
	return cut == LLAMA_NODES || (cut == LLAMA_OPS && strcmp(was_op, op));
}

bool llama_plan_make(struct llama_plan *p, const struct llama_api *api, struct ggml_graph *graph,
	enum llama_cut cut, uint32_t parent, const char *step)
{
	struct walk w = {{EMBEDDING, -1}, false};
	struct place was = w.at;
	const char *was_op = "", *was_name = "";
	const struct ggml_tensor *last = NULL;
	int n = api->n_nodes(graph), last_at = 0;

	if (p->graph == graph && p->parent == parent && p->n_nodes == n && p->n &&
		hash_ends(p, api, graph) == p->hash)
		return true;
	*p = (struct llama_plan){.graph = graph,
		.parent = parent,
		.step = step,
		.n_nodes = n,
		.cap = p->cap,
		.pieces = p->pieces};
	for (int i = 0; i < n; i++) {
		const struct ggml_tensor *t = api->node(graph, i);
		const char *name = api->name(t), *op = api->op(t);
		struct place now = next_place(&w, name);

		if (is_view(op)) {
			last = last ? t : NULL;
			last_at = i;
			continue;
		}
		if (last && is_cut(cut, &was, &now, was_op, op) &&
			!append(p, last, last_at, define(p, &was, cut, was_name, was_op)))
			return false;
		was = now;
		was_op = op;
		was_name = name;
		last = t;
		last_at = i;
	}
	/* The graph's last node ends the last piece, whatever it is. */
	if (last &&
		!append(p, api->node(graph, n - 1), n - 1, define(p, &was, cut, was_name, was_op)))
		return false;
	p->hash = hash_ends(p, api, graph);
	return true;
}
