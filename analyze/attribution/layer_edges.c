/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The begins and ends of a track's layers in order of time. Between two of them lies a time of some kind: a layer, what
 * is between that layer and this, a module before its first layer. Times of one kind are what can be compared.
 */
#include "analyze/attribution/layer_edges.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

#define DEEPEST 255

struct walk {
	const struct erg_timeline *tl;
	struct attr_edges *e;
	uint32_t open[DEEPEST + 1]; /* instances, innermost last */
	size_t depth;
};

static void add_edge(struct walk *w, uint64_t t, uint32_t instance, bool ends)
{
	uint32_t owner =
		w->depth ? w->tl->iv.layer[w->open[w->depth - 1]] : (uint32_t)w->tl->n_layers;

	w->e->at[w->e->n++] = (struct attr_edge){.t = t,
		.instance = instance,
		.owner = owner,
		.depth = (uint8_t)(w->depth ? w->depth - 1 : 0),
		.ends = ends};
}

static void close_until(struct walk *w, uint64_t now)
{
	while (w->depth && erg_tl_end(&w->tl->iv, w->open[w->depth - 1]) <= now) {
		uint32_t i = w->open[--w->depth];

		add_edge(w, erg_tl_end(&w->tl->iv, i), i, true);
	}
}

static void open_instance(struct walk *w, uint32_t i)
{
	const struct erg_tl_intervals *iv = &w->tl->iv;

	close_until(w, erg_tl_begin(iv, i));
	if (w->depth == DEEPEST)
		return;
	w->open[w->depth++] = i;
	add_edge(w, erg_tl_begin(iv, i), i, false);
}

/* Of instances that begin at one time those of no length come first: by their begin they stand behind the longer ones. */
static void walk_track(struct walk *w, uint16_t track)
{
	const struct erg_tl_intervals *iv = &w->tl->iv;

	for (size_t i = 0, next; i < iv->n; i = next) {
		for (next = i; next < iv->n && erg_tl_begin(iv, next) == erg_tl_begin(iv, i);
			next++)
			if (iv->track[next] == track && !erg_tl_duration(iv, next))
				open_instance(w, (uint32_t)next);
		for (size_t k = i; k < next; k++)
			if (iv->track[k] == track && erg_tl_duration(iv, k))
				open_instance(w, (uint32_t)k);
	}
	close_until(w, UINT64_MAX);
}

static uint64_t code_of(const struct erg_timeline *tl, const struct attr_edge *a)
{
	uint64_t x = 2 * (uint64_t)tl->iv.layer[a[0].instance] + a[0].ends;

	return x << 32 | (2 * (uint64_t)tl->iv.layer[a[1].instance] + a[1].ends);
}

static int number_kinds(const struct erg_timeline *tl, struct attr_edges *e)
{
	size_t n = e->n - 1, kinds = 0;
	_cleanup_(erg_freep) uint64_t *code = malloc(e->n * sizeof(*code));

	if (!code)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		code[i] = code_of(tl, e->at + i);
	erg_sort(code, n, sizeof(*code), erg_order_u64);
	for (size_t i = 0; i < n; i++)
		if (!kinds || code[i] != code[kinds - 1])
			code[kinds++] = code[i];
	for (size_t i = 0; i < n; i++) {
		uint64_t own = code_of(tl, e->at + i), *at;

		at = bsearch(&own, code, kinds, sizeof(*code), erg_order_u64);
		e->at[i].kind = (uint32_t)(at - code);
	}
	e->kinds = kinds;
	return 0;
}

static bool in_order(const struct attr_edges *e)
{
	for (size_t i = 1; i < e->n; i++)
		if (e->at[i].t < e->at[i - 1].t)
			return false;
	return true;
}

int attr_edges_of(const struct erg_timeline *tl, uint16_t track, struct attr_edges *ret,
	struct erg_err *err)
{
	struct walk w = {.tl = tl, .e = ret};
	size_t n = 0;
	int r;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < tl->iv.n; i++)
		n += tl->iv.track[i] == track;
	if (!n)
		return 0;
	ret->at = calloc(2 * n, sizeof(*ret->at));
	r = ret->at ? 0 : -ENOMEM;
	if (!r) {
		walk_track(&w, track);
		if (ret->n != 2 * n || !in_order(ret)) {
			attr_edges_release(ret);
			return 0;
		}
		r = number_kinds(tl, ret);
	}
	if (r < 0) {
		attr_edges_release(ret);
		return erg_fail(err, r, "out of memory for %zu instances", n);
	}
	return 1;
}

void attr_edges_release(struct attr_edges *e)
{
	free(e->at);
	memset(e, 0, sizeof(*e));
}
