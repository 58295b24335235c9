/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parts by ranges of their context, of equally many steps each: only where each step of a part writes
 * behind one, and they are many enough.
 */
#include "analyze/account/parts_walk.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

#define BIN_STEPS 30 /* fewer are no bin */
#define BIN_S 0.25   /* nor is less time */
#define WRITES 64    /* tokens: a step with more reads a prompt */

/* Mean context of the tokens that a step wrote; NaN: it has none, or reads a prompt. */
static double context_of(const struct parts_walk *w, const struct parts_inst *in,
	double *ret_tokens)
{
	const double *count = parts_counts(w, in);

	if (w->context == ERG_NONE || w->tokens == ERG_NONE || !(count[w->tokens] > 0) ||
		count[w->tokens] > WRITES || !(count[w->context] >= count[w->tokens]))
		return NAN;
	*ret_tokens = count[w->tokens];
	return count[w->context] / count[w->tokens];
}

/* Upper ends of the part's bins, of equally many steps; returns how many. */
static size_t bin_edges(const struct parts_walk *w, uint32_t part, double *scratch, double edge[])
{
	size_t n = 0, all = 0, bins;
	uint32_t around = ERG_NONE;
	double tokens, time_s = 0;

	for (size_t i = 0; i < w->n; i++) {
		const uint32_t a = w->inst[i].around;
		double x;

		if (w->inst[i].part != part)
			continue;
		/* Steps within different phases are different classes: no bins of both. */
		if (all && around != (a == ERG_NONE ? a : w->inst[a].part))
			return 0;
		around = a == ERG_NONE ? a : w->inst[a].part;
		all++;
		time_s += (double)(w->inst[i].end - w->inst[i].begin) * 1e-9;
		x = context_of(w, &w->inst[i], &tokens);
		if (!isnan(x))
			scratch[n++] = x;
	}
	bins = n / BIN_STEPS < ERG_PARTS_BINS ? n / BIN_STEPS : ERG_PARTS_BINS;
	bins = time_s / BIN_S < (double)bins ? (size_t)(time_s / BIN_S) : bins;
	if (bins < 2 || n < all)
		return 0;
	erg_sort(scratch, n, sizeof(*scratch), erg_order_double);
	for (size_t b = 0; b < bins; b++)
		edge[b] = scratch[(b + 1) * n / bins - 1];
	return scratch[0] < scratch[n - 1] ? bins : 0;
}

static uint32_t bin_of(const double *edge, size_t n, double x)
{
	uint32_t b = 0;

	while (b + 1 < n && x > edge[b])
		b++;
	return b;
}

static void add_to_bin(struct parts_walk *w, struct parts_inst *in, const double *edge)
{
	struct erg_part *part = &w->p->part[in->part];
	struct erg_part_bin *b;
	double tokens = 0, context = context_of(w, in, &tokens);

	in->bin = bin_of(edge, part->n_bins, context);
	b = &part->bin[in->bin];
	b->context += context * tokens; /* a sum until all are there */
	b->tokens += tokens;
	b->time_s += (double)(in->end - in->begin) * 1e-9;
}

int erg_parts_contexts(struct parts_walk *w)
{
	_cleanup_(erg_freep) double *scratch = calloc(w->n + 1, sizeof(*scratch));
	_cleanup_(erg_freep) double(*edge)[ERG_PARTS_BINS] = calloc(w->p->n + 1, sizeof(*edge));
	_cleanup_(erg_freep) size_t *steps = calloc(w->p->n + 1, sizeof(*steps));

	if (!scratch || !edge || !steps)
		return -ENOMEM;
	for (size_t i = 0; i < w->n; i++)
		steps[w->inst[i].part]++;
	for (uint32_t k = 0; k < w->p->n; k++) /* each looks at the instances of all */
		if (steps[k] >= 2 * BIN_STEPS)
			w->p->part[k].n_bins = bin_edges(w, k, scratch, edge[k]);
	for (size_t i = 0; i < w->n; i++)
		if (w->p->part[w->inst[i].part].n_bins)
			add_to_bin(w, &w->inst[i], edge[w->inst[i].part]);
	for (uint32_t k = 0; k < w->p->n; k++)
		for (size_t b = 0; b < w->p->part[k].n_bins; b++)
			w->p->part[k].bin[b].context /= w->p->part[k].bin[b].tokens;
	return 0;
}
