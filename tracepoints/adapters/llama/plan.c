/* SPDX-License-Identifier: MIT */
/*
 * A graph is planned by walking its nodes once, some 30 ns each. llama.cpp uses a graph again while
 * its shape stays: then only the nodes that end pieces are compared with what they were.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracepoints/adapters/llama/place.h"
#include "tracepoints/adapters/llama/plan.h"
#include "tracepoints/erg.h"

#define PIECES_MAX 65536u

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
static uint32_t define(const struct llama_plan *p, const struct llama_place *at, enum llama_cut cut,
	const char *node, const char *op)
{
	static const char *const parts[] = {"embedding", "cache", "attn", "recurrent", "mixer",
		"ffn", "output"};
	static const char *const types[] = {"embedding", "cache", "attention", "recurrent", "mixer",
		"ffn", "output"};
	struct erg_layer_info info = {.size = sizeof(info), .type = types[at->part]};
	char name[256], block[64], type[64];
	const bool named = llama_is_named(node) && !strchr(node, '(');

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
static bool is_cut(enum llama_cut cut, const struct llama_place *was, const struct llama_place *now,
	const char *was_op, const char *op)
{
	if (was->part != now->part || was->block != now->block)
		return true;
	return cut == LLAMA_NODES || (cut == LLAMA_OPS && strcmp(was_op, op));
}

bool llama_plan_make(struct llama_plan *p, const struct llama_api *api, struct ggml_graph *graph,
	enum llama_cut cut, uint32_t parent, const char *step)
{
	struct llama_walk w = {.api = api, .graph = graph};
	struct llama_place was;
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
	llama_place_begin(&w);
	was = w.at;
	for (int i = 0; i < n; i++) {
		const struct ggml_tensor *t = api->node(graph, i);
		const char *name = api->name(t), *op = api->op(t);
		struct llama_place now = llama_place_next(&w, i);

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
