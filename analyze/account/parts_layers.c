/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Phases and instances of layers are walked together, thread by thread in the order of time; an
 * instance belongs to the innermost phase that holds all of it. Its counters hold what its inner
 * instances counted, so an instance adds its own count to its phase and takes it from the phase of
 * the instance around it: what is left of each is counted once, wherever phases begin.
 *
 * What was counted outside of any layer is not seen: counters are recorded with layers.
 */
#include "analyze/account/parts_walk.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "analyze/timeline/nesting.h"
#include "formats/base/util.h"

/* Instances of layers that are open on one track. */
struct open_layers {
	struct open_layer {
		uint32_t inst;
		size_t at; /* the instance */
	} layer[ERG_NESTING_MAX];
	unsigned int n;
};

/* The innermost phase of thread T that holds [BEGIN, END]. BEGIN never decreases. */
static uint32_t phase_at(struct parts_walk *w, struct parts_thread *t, uint64_t begin, uint64_t end)
{
	uint32_t in;

	for (; t->next < t->end && w->inst[t->next].begin <= begin; t->next++)
		if (w->inst[t->next].depth < ERG_PARTS_DEEPEST && w->inst[t->next].end > begin)
			t->open = t->next;
	in = t->open = parts_open_at(w, t->open, begin);
	while (in != ERG_NONE && w->inst[in].end < end)
		in = w->inst[in].around;
	return in;
}

static double delta_of(const struct erg_timeline *tl, size_t counter, size_t i)
{
	int64_t v = tl->iv.counter ? tl->iv.counter[counter][i] : INT64_MIN;

	return v == INT64_MIN ? NAN : (double)v;
}

/* The innermost of the N that are OPEN around an instance and have a count of C, which holds the instance's:
 * rows of a log may count in some layers only. */
static const struct open_layer *counted_around(const struct parts_walk *w,
	const struct open_layer *open, unsigned int n, size_t c)
{
	while (n && !isfinite(delta_of(w->p->tl, c, open[n - 1].at)))
		n--;
	return n ? &open[n - 1] : NULL;
}

static void count_instance(struct parts_walk *w, size_t i, uint32_t in,
	const struct open_layer *open, unsigned int n)
{
	const struct erg_timeline *tl = w->p->tl;
	const struct erg_tl_layer *l = &tl->layers[tl->iv.layer[i]];
	const double counted = w->macs == ERG_NONE ? NAN : delta_of(tl, w->macs, i);
	const double macs = l->macs && counted > 0 ? counted : (double)l->macs;

	for (size_t c = 0; c < tl->n_counters; c++) {
		const struct open_layer *around = counted_around(w, open, n, c);
		double v = delta_of(tl, c, i);

		if (in != ERG_NONE)
			parts_add_count(&parts_counts(w, &w->inst[in])[c], v);
		if (in != ERG_NONE && c == w->requests && v > 0 && (!around || around->inst != in))
			w->inst[in].begun++;
		if (around && around->inst != ERG_NONE)
			parts_add_count(&parts_counts(w, &w->inst[around->inst])[c], -v);
		if (!around)
			parts_add_count(&w->p->run.count[c], v);
	}
	if (in != ERG_NONE)
		w->inst[in].macs += macs;
	w->p->run.macs += macs;
}

static void note_layer(struct parts_walk *w, size_t i, uint32_t in, bool outermost)
{
	const uint32_t layer = w->p->tl->iv.layer[i];
	const uint32_t part = in == ERG_NONE ? ERG_NONE : w->inst[in].part;
	uint32_t *of = &w->p->layer_part[layer];

	*of = w->p->layer_calls[layer]++ && *of != part ? ERG_NONE : part;
	if (!outermost)
		return;
	for (; in != ERG_NONE; in = w->inst[in].around)
		w->part_calls[w->inst[in].part * w->p->tl->n_layers + layer]++;
}

static void walk_layers(struct parts_walk *w, const uint32_t *track_thread,
	struct open_layers *of_track)
{
	const struct erg_tl_intervals *iv = &w->p->tl->iv;

	for (size_t i = 0; i < iv->n; i++) {
		const uint16_t track = iv->track[i];
		const uint64_t begin = erg_tl_begin(iv, i), end = erg_tl_end(iv, i);
		const uint32_t thread = track_thread[track];
		struct open_layers *open = &of_track[track];
		uint32_t in;

		if (!erg_tl_track_is(&w->p->tl->tracks[track], false))
			continue;
		while (open->n && erg_tl_end(iv, open->layer[open->n - 1].at) <= begin)
			open->n--;
		in = thread == ERG_NONE ? ERG_NONE : phase_at(w, &w->threads[thread], begin, end);
		count_instance(w, i, in, open->layer, open->n);
		note_layer(w, i, in, !open->n || open->layer[open->n - 1].inst != in);
		if (open->n < ERG_NESTING_MAX)
			open->layer[open->n++] = (struct open_layer){in, i};
	}
}

static int by_ids(const void *a, const void *b)
{
	const struct parts_thread *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* The thread whose phases are those of TRACK, or ERG_NONE. What other threads do belongs to the phases of the
 * only thread that tells any. */
static uint32_t thread_of(const struct parts_walk *w, const struct erg_tl_track *track)
{
	const struct parts_thread key = {.pid = track->pid, .tid = track->tid};
	const struct parts_thread *t = bsearch(&key, w->threads, w->n_threads, sizeof(key), by_ids);

	return t ? (uint32_t)(t - w->threads) : w->n_threads == 1 ? 0 : ERG_NONE;
}

int erg_parts_layers(struct parts_walk *w)
{
	const struct erg_timeline *tl = w->p->tl;
	_cleanup_(erg_freep) uint32_t *track_thread =
		calloc(tl->n_tracks + 1, sizeof(*track_thread));
	_cleanup_(erg_freep) struct open_layers *open = calloc(tl->n_tracks + 1, sizeof(*open));

	if (!track_thread || !open)
		return -ENOMEM;
	for (size_t i = 0; i < tl->n_tracks; i++)
		track_thread[i] = thread_of(w, &tl->tracks[i]);
	walk_layers(w, track_thread, open);
	return 0;
}
