/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Phases and instances of layers are walked together, thread by thread in the order of time; an
 * instance belongs to the innermost phase that holds all of it. Its counters hold what its inner
 * instances counted, so an instance adds its own count to its phase and takes it from the phase of
 * the instance around it: what is left of each is counted once, wherever phases begin.
 *
 * What was counted outside of any layer is not seen: counters are recorded with layers.
 */
#include "analyze/account/parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/account/calls.h"
#include "analyze/account/counts.h"
#include "formats/base/hash.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define DEEPEST 32
#define BIN_STEPS 30 /* fewer are no bin */
#define BIN_S 0.25   /* nor is less time */
#define WRITES 64    /* tokens: a step with more reads a prompt */

/* One phase: an instance of a part. */
struct inst {
	uint32_t phase; /* of the timeline */
	uint32_t part;
	uint32_t around; /* the phase around it, an index of instances, or ERG_NONE */
	uint32_t thread;
	uint32_t class_;
	uint64_t begin, end;
	double *count;  /* per counter */
	uint32_t begun; /* how many instances of layers in it counted requests */
	double macs;
};

struct thread {
	uint32_t pid, tid;
	uint32_t first, n; /* its instances */
	uint32_t next;     /* not yet begun */
	uint32_t open[DEEPEST];
	unsigned int n_open;
};

/* An instance of a layer that is open on its track. */
struct open_layer {
	uint64_t end;
	uint32_t inst;
	size_t at; /* the instance */
};

struct class_key {
	uint32_t around, part, bin; /* around: a class, or ERG_NONE */
};

struct class_entry {
	struct class_key key;
	uint32_t class_;
	UT_hash_handle hh;
};

struct walk {
	struct erg_parts *p;
	const struct erg_timeline *tl;
	struct inst *inst;
	size_t n;
	double *counts;
	struct thread *threads;
	size_t n_threads;
	uint32_t *track_thread;             /* ERG_NONE: no phases there */
	struct open_layer (*open)[DEEPEST]; /* per track */
	unsigned int *n_open;
	struct class_entry *classes;
	uint64_t *part_calls;            /* part x layer, outermost instances */
	uint32_t macs_counter, requests; /* counters, or ERG_NONE */
};

uint32_t erg_parts_counter(const struct erg_timeline *tl, const char *name)
{
	for (uint32_t i = 0; i < tl->n_counters; i++)
		if (!strcmp(tl->counters[i].name, name) && erg_counts_work(&tl->counters[i]))
			return i;
	return ERG_NONE;
}

/* ---- phases ---- */

static int by_thread_and_time(const void *a, const void *b, void *data)
{
	const struct erg_tl_phase *phases = data;
	const struct erg_tl_phase *p = &phases[((const struct inst *)a)->phase];
	const struct erg_tl_phase *q = &phases[((const struct inst *)b)->phase];

	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	if (p->tid != q->tid)
		return p->tid < q->tid ? -1 : 1;
	if (p->begin != q->begin)
		return p->begin < q->begin ? -1 : 1;
	return p->end == q->end ? 0 : p->end > q->end ? -1 : 1;
}

/* The part of that name, made at need; there is room for as many as there are phases. */
static int part_named(struct erg_parts *p, const char *name, uint32_t *ret)
{
	size_t i;

	if (erg_numbered_put(&p->names, name, &i) < 0)
		return -ENOMEM;
	if (i == p->n)
		p->part[p->n++] = (struct erg_part){.name = name};
	*ret = (uint32_t)i;
	return 0;
}

static int add_phases(struct walk *w)
{
	struct erg_timeline const *tl = w->tl;

	for (uint32_t i = 0; i < tl->n_phases; i++) {
		const struct erg_tl_phase *p = &tl->phases[i];
		uint64_t begin = p->begin > tl->begin ? p->begin : tl->begin;
		uint64_t end = p->end < tl->end ? p->end : tl->end;
		uint32_t part;

		if (end <= begin || !strcmp(p->name, "idle"))
			continue;
		if (part_named(w->p, p->name, &part) < 0)
			return -ENOMEM;
		w->inst[w->n++] = (struct inst){.phase = i,
			.around = ERG_NONE,
			.begin = begin,
			.end = end,
			.part = part};
	}
	erg_sort_by(w->inst, w->n, sizeof(*w->inst), by_thread_and_time, tl->phases);
	return 0;
}

/* Threads, and the phase around each. */
static void nest_phases(struct walk *w)
{
	struct thread *t = NULL;
	uint32_t open[DEEPEST];
	unsigned int n_open = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		struct inst *in = &w->inst[i];
		const struct erg_tl_phase *p = &w->tl->phases[in->phase];

		if (!t || t->pid != p->pid || t->tid != p->tid) {
			t = &w->threads[w->n_threads++];
			*t = (struct thread){.pid = p->pid, .tid = p->tid, .first = i, .next = i};
			n_open = 0;
		}
		t->n++;
		in->thread = (uint32_t)(t - w->threads);
		in->count = w->counts + (size_t)i * w->tl->n_counters;
		while (n_open && w->inst[open[n_open - 1]].end <= in->begin)
			n_open--;
		if (n_open) {
			const struct inst *around = &w->inst[open[n_open - 1]];

			in->around = open[n_open - 1];
			in->end = in->end < around->end ? in->end : around->end;
		}
		if (n_open < DEEPEST)
			open[n_open++] = i;
	}
}

/* ---- instances of layers ---- */

/* The innermost phase of thread T that holds [BEGIN, END]. BEGIN never decreases. */
static uint32_t phase_at(struct walk *w, struct thread *t, uint64_t begin, uint64_t end)
{
	while (t->n_open && w->inst[t->open[t->n_open - 1]].end <= begin)
		t->n_open--;
	for (; t->next < t->first + t->n && w->inst[t->next].begin <= begin; t->next++) {
		while (t->n_open && w->inst[t->open[t->n_open - 1]].end <= w->inst[t->next].begin)
			t->n_open--;
		if (t->n_open < DEEPEST && w->inst[t->next].end > begin)
			t->open[t->n_open++] = t->next;
	}
	for (unsigned int k = t->n_open; k > 0; k--)
		if (w->inst[t->open[k - 1]].end >= end)
			return t->open[k - 1];
	return ERG_NONE;
}

static double delta_of(const struct erg_timeline *tl, size_t counter, size_t i)
{
	int64_t v = tl->iv.counter ? tl->iv.counter[counter][i] : INT64_MIN;

	return v == INT64_MIN ? NAN : (double)v;
}

static void add_count(double *to, double v)
{
	if (isfinite(v))
		*to = (isnan(*to) ? 0 : *to) + v;
}

/* The innermost of the N that are OPEN around an instance and have a count of C, which holds the instance's:
 * rows of a log may count in some layers only. */
static const struct open_layer *counted_around(const struct walk *w, const struct open_layer *open,
	unsigned int n, size_t c)
{
	while (n && !isfinite(delta_of(w->tl, c, open[n - 1].at)))
		n--;
	return n ? &open[n - 1] : NULL;
}

static void count_instance(struct walk *w, size_t i, uint32_t in, const struct open_layer *open,
	unsigned int n)
{
	const struct erg_timeline *tl = w->tl;
	const struct erg_tl_layer *l = &tl->layers[tl->iv.layer[i]];
	const double counted = w->macs_counter == ERG_NONE ? NAN : delta_of(tl, w->macs_counter, i);
	const double macs = l->macs && counted > 0 ? counted : (double)l->macs;

	for (size_t c = 0; c < tl->n_counters; c++) {
		const struct open_layer *around = counted_around(w, open, n, c);
		double v = delta_of(tl, c, i);

		if (in != ERG_NONE)
			add_count(&w->inst[in].count[c], v);
		if (in != ERG_NONE && c == w->requests && v > 0 && (!around || around->inst != in))
			w->inst[in].begun++;
		if (around && around->inst != ERG_NONE)
			add_count(&w->inst[around->inst].count[c], -v);
		if (!around)
			add_count(&w->p->run.count[c], v);
	}
	if (in != ERG_NONE)
		w->inst[in].macs += macs;
	w->p->run.macs += macs;
}

static void note_layer(struct walk *w, size_t i, uint32_t in, bool outermost)
{
	const uint32_t layer = w->tl->iv.layer[i];
	const uint32_t part = in == ERG_NONE ? ERG_NONE : w->inst[in].part;
	uint32_t *of = &w->p->layer_part[layer];

	*of = w->p->layer_calls[layer]++ && *of != part ? ERG_NONE : part;
	if (!outermost)
		return;
	for (; in != ERG_NONE; in = w->inst[in].around)
		w->part_calls[w->inst[in].part * w->tl->n_layers + layer]++;
}

static void walk_layers(struct walk *w)
{
	const struct erg_tl_intervals *iv = &w->tl->iv;

	for (size_t i = 0; i < iv->n; i++) {
		const uint16_t track = iv->track[i];
		const uint64_t begin = erg_tl_begin(iv, i), end = erg_tl_end(iv, i);
		const uint32_t thread = w->track_thread[track];
		struct open_layer *open = w->open[track], *around;
		unsigned int *n = &w->n_open[track];
		uint32_t in;

		if (!erg_tl_track_is(&w->tl->tracks[track], false))
			continue;
		while (*n && open[*n - 1].end <= begin)
			--*n;
		around = *n ? &open[*n - 1] : NULL;
		in = thread == ERG_NONE ? ERG_NONE : phase_at(w, &w->threads[thread], begin, end);
		count_instance(w, i, in, open, *n);
		note_layer(w, i, in, !around || around->inst != in);
		if (*n < DEEPEST)
			open[(*n)++] = (struct open_layer){end, in, i};
	}
}

/* ---- classes ---- */

static double context_of(const struct walk *w, const struct inst *in, double *ret_tokens)
{
	const uint32_t c = erg_parts_counter(w->tl, "context"),
		       t = erg_parts_counter(w->tl, "tokens");

	if (c == ERG_NONE || t == ERG_NONE || !(in->count[t] > 0) || in->count[t] > WRITES ||
		!(in->count[c] >= in->count[t]))
		return NAN;
	*ret_tokens = in->count[t];
	return in->count[c] / in->count[t];
}

/* Upper ends of the part's bins, of equally many steps; returns how many. */
static size_t bin_edges(const struct walk *w, uint32_t part, double *scratch, double edge[])
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

/* The class of (what is around it, its part, its bin), made at need. */
static int class_of(struct walk *w, const struct class_key *key, uint32_t *ret)
{
	struct erg_timeline *view = w->p->view;
	char *name = (char *)(uintptr_t)w->p->part[key->part].name;
	struct class_entry *e;

	HASH_FIND(hh, w->classes, key, sizeof(*key), e);
	if (e) {
		*ret = e->class_;
		return 0;
	}
	e = erg_noted(calloc(1, sizeof(*e)));
	if (!e)
		return -ENOMEM;
	e->key = *key;
	e->class_ = *ret = (uint32_t)view->n_layers;
	HASH_ADD(hh, w->classes, key, sizeof(e->key), e);
	if (erg_hash_lost(e)) {
		free(e);
		return -ENOMEM;
	}
	view->layers[view->n_layers++] = (struct erg_tl_layer){.name = name,
		.type = name,
		.network = (char *)(uintptr_t) "",
		.module = (char *)(uintptr_t) "",
		.parent = key->around,
		.level = ERG_TL_LAYER,
		.macs = key->bin};
	return 0;
}

static void add_to_bin(struct walk *w, struct inst *in, uint32_t bin, double context, double tokens)
{
	struct erg_part_bin *b = &w->p->part[in->part].bin[bin];

	b->context += context * tokens; /* a sum until all are there */
	b->tokens += tokens;
	b->time_s += (double)(in->end - in->begin) * 1e-9;
	b->class_ = in->class_;
}

static int make_classes(struct walk *w)
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
	for (size_t i = 0; i < w->n; i++) {
		struct inst *in = &w->inst[i];
		struct erg_part *part = &w->p->part[in->part];
		const uint32_t around =
			in->around == ERG_NONE ? ERG_NONE : w->inst[in->around].class_;
		double tokens = 0, x = part->n_bins ? context_of(w, in, &tokens) : NAN;
		uint32_t bin = part->n_bins ? bin_of(edge[in->part], part->n_bins, x) : 0;

		if (class_of(w, &(struct class_key){around, in->part, bin}, &in->class_) < 0)
			return -ENOMEM;
		if (part->n_bins)
			add_to_bin(w, in, bin, x, tokens);
	}
	for (uint32_t k = 0; k < w->p->n; k++)
		for (size_t b = 0; b < w->p->part[k].n_bins; b++)
			w->p->part[k].bin[b].context /= w->p->part[k].bin[b].tokens;
	return 0;
}

/* Sums of a part hold what the phases within it hold. A part within itself counts once. */
static void sum_parts(struct walk *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct inst *in = &w->inst[i];
		bool again = false;

		for (uint32_t a = in->around; a != ERG_NONE; a = w->inst[a].around)
			again |= w->inst[a].part == in->part;
		w->p->part[in->part].calls++;
		w->p->part[in->part].open |= w->tl->phases[in->phase].open;
		if (!again)
			w->p->part[in->part].time_s += (double)(in->end - in->begin) * 1e-9;
		for (uint32_t a = (uint32_t)i; a != ERG_NONE; a = w->inst[a].around) {
			struct erg_part *to = &w->p->part[w->inst[a].part];
			bool seen = false;

			for (uint32_t b = (uint32_t)i; b != a; b = w->inst[b].around)
				seen |= w->inst[b].part == w->inst[a].part;
			if (seen)
				continue;
			to->macs += in->macs;
			for (size_t c = 0; c < w->tl->n_counters; c++)
				add_count(&to->count[c], in->count[c]);
		}
	}
	for (size_t k = 0; k < w->p->n; k++)
		for (size_t l = 0; l < w->tl->n_layers; l++)
			if (w->part_calls[k * w->tl->n_layers + l] > w->p->part[k].inferences)
				w->p->part[k].inferences = w->part_calls[k * w->tl->n_layers + l];
}

/* ---- the time to a first token ---- */

static int by_time(const void *a, const void *b)
{
	const struct inst *x = *(const struct inst *const *)a, *y = *(const struct inst *const *)b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

#define TOGETHER                                                                                   \
	4096 /* requests that begin in one step, at most: more is a count of something else */

static size_t together(double requests)
{
	return (size_t)(requests < TOGETHER ? ceil(requests) : TOGETHER);
}

/* A request's first token is there when the last step that reads its prompt ends: before a step of
 * another part begins, or another request. In a phase that holds the steps of several it is not known when. */
static int find_latencies(struct walk *w)
{
	const uint32_t c = w->requests;
	_cleanup_(erg_freep) const struct inst **order = calloc(w->n + 1, sizeof(*order));
	size_t all = 0;

	for (size_t i = 0; c != ERG_NONE && i < w->n; i++)
		all += w->inst[i].count[c] > 0 ? together(w->inst[i].count[c]) : 0;
	w->p->latency_s = calloc(all + 1, sizeof(*w->p->latency_s));
	if (!order || !w->p->latency_s)
		return -ENOMEM;
	for (size_t i = 0; i < w->n; i++)
		order[i] = &w->inst[i];
	erg_sort(order, w->n, sizeof(*order), by_time);
	for (size_t i = 0; c != ERG_NONE && i < w->n; i++) {
		const size_t n = order[i]->count[c] > 0 ? together(order[i]->count[c]) : 0;
		size_t last = i;

		if (order[i]->begun > 1) {
			w->p->n_untimed += n;
			continue;
		}
		while (last + 1 < w->n && order[last + 1]->part == order[i]->part &&
			!(order[last + 1]->count[c] > 0))
			last++;
		for (size_t k = 0; k < n; k++)
			w->p->latency_s[w->p->n_latency++] =
				(double)(order[last]->end - order[i]->begin) * 1e-9;
	}
	return 0;
}

/* ---- the view ---- */

static int by_interval(const void *a, const void *b)
{
	const struct inst *x = *(const struct inst *const *)a, *y = *(const struct inst *const *)b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static int fill_view(struct walk *w)
{
	struct erg_timeline *v = w->p->view;
	struct erg_tl_intervals *iv = &v->iv;
	_cleanup_(erg_freep) const struct inst **order =
		erg_noted(calloc(w->n + 1, sizeof(*order)));

	iv->layer = calloc(w->n + 1, sizeof(*iv->layer));
	iv->iteration = calloc(w->n + 1, sizeof(*iv->iteration));
	iv->track = calloc(w->n + 1, sizeof(*iv->track));
	iv->depth = calloc(w->n + 1, sizeof(*iv->depth));
	v->tracks = calloc(w->n_threads + 1, sizeof(*v->tracks));
	if (!order || !iv->layer || !iv->iteration || !iv->track || !iv->depth || !v->tracks ||
		erg_times_reserve(&iv->begin, w->n) < 0 || erg_times_reserve(&iv->end, w->n) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < w->n_threads && i <= UINT16_MAX; i++)
		v->tracks[v->n_tracks++] = (struct erg_tl_track){(char *)(uintptr_t) "phases",
			w->threads[i].pid, w->threads[i].tid, ERG_TL_HOST};
	for (size_t i = 0; i < w->n; i++)
		order[i] = &w->inst[i];
	erg_sort(order, w->n, sizeof(*order), by_interval);
	for (size_t i = 0; i < w->n; i++) {
		uint8_t depth = 0;

		if (order[i]->thread >= v->n_tracks)
			return -E2BIG;
		for (uint32_t a = order[i]->around; a != ERG_NONE; a = w->inst[a].around)
			depth++;
		iv->layer[i] = order[i]->class_;
		iv->track[i] = (uint16_t)order[i]->thread;
		iv->depth[i] = depth;
		if (erg_times_push(&iv->begin, order[i]->begin) < 0 ||
			erg_times_push(&iv->end, order[i]->end) < 0)
			return -ENOMEM;
		iv->n++;
	}
	return 0;
}

/* ---- all of it ---- */

static double *no_counts(size_t n)
{
	double *v = erg_noted(malloc((n + 1) * sizeof(*v)));

	for (size_t i = 0; v && i < n; i++)
		v[i] = NAN;
	return v;
}

static void release_walk(struct walk *w)
{
	struct class_entry *e, *next;

	HASH_ITER(hh, w->classes, e, next)
	{
		HASH_DEL(w->classes, e);
		free(e);
	}
	free(w->inst);
	free(w->counts);
	free(w->threads);
	free(w->track_thread);
	free(w->open);
	free(w->n_open);
	free(w->part_calls);
}

static int allocate(struct walk *w)
{
	const struct erg_timeline *tl = w->tl;
	struct erg_parts *p = w->p;

	w->inst = erg_noted(calloc(tl->n_phases + 1, sizeof(*w->inst)));
	w->threads = erg_noted(calloc(tl->n_phases + 1, sizeof(*w->threads)));
	w->counts = no_counts((tl->n_phases + 1) * tl->n_counters);
	w->track_thread = erg_noted(calloc(tl->n_tracks + 1, sizeof(*w->track_thread)));
	w->open = erg_noted(calloc(tl->n_tracks + 1, sizeof(*w->open)));
	w->n_open = erg_noted(calloc(tl->n_tracks + 1, sizeof(*w->n_open)));
	p->part = calloc(tl->n_phases + 1, sizeof(*p->part));
	p->layer_part = calloc(tl->n_layers + 1, sizeof(*p->layer_part));
	p->layer_calls = calloc(tl->n_layers + 1, sizeof(*p->layer_calls));
	p->run.count = no_counts(tl->n_counters);
	p->view = calloc(1, sizeof(*p->view));
	if (!w->inst || !w->threads || !w->counts || !w->track_thread || !w->open || !w->n_open ||
		!p->part || !p->layer_part || !p->layer_calls || !p->run.count || !p->view)
		return -ENOMEM;
	*p->view = *tl;
	p->view->iv = (struct erg_tl_intervals){0};
	p->view->tracks = NULL;
	p->view->n_tracks = p->view->n_layers = 0;
	p->view->layers = calloc((tl->n_phases + 1), sizeof(*p->view->layers));
	return p->view->layers ? 0 : -ENOMEM;
}

static int allocate_parts(struct walk *w)
{
	for (size_t k = 0; k < w->p->n; k++)
		if (!(w->p->part[k].count = no_counts(w->tl->n_counters)))
			return -ENOMEM;
	w->part_calls = calloc(w->p->n * w->tl->n_layers + 1, sizeof(*w->part_calls));
	return w->part_calls ? 0 : -ENOMEM;
}

static int count_run(struct erg_parts *p)
{
	const struct erg_timeline *tl = p->tl;
	_cleanup_(erg_freep) uint64_t *calls = calloc(tl->n_layers + 1, sizeof(*calls));
	_cleanup_(erg_freep) uint64_t *ran = calloc(tl->n_layers + 1, sizeof(*ran));

	if (!calls || !ran || erg_layer_calls(tl, false, calls, ran) < 0)
		return -ENOMEM;
	p->run.name = "run";
	p->run.calls = 1;
	p->run.time_s = (double)(tl->end - tl->begin) * 1e-9;
	for (size_t k = 0; k < tl->n_layers; k++)
		p->run.inferences = ran[k] > p->run.inferences ? ran[k] : p->run.inferences;
	return 0;
}

static int open_parts(struct walk *w)
{
	int r = allocate(w);

	if (r < 0)
		return r;
	r = add_phases(w);
	if (r < 0)
		return r;
	nest_phases(w);
	r = allocate_parts(w);
	if (r < 0)
		return r;
	for (size_t i = 0; i < w->tl->n_tracks; i++) {
		w->track_thread[i] = ERG_NONE;
		for (uint32_t t = 0; t < w->n_threads; t++)
			if (w->threads[t].pid == w->tl->tracks[i].pid &&
				w->threads[t].tid == w->tl->tracks[i].tid)
				w->track_thread[i] = t;
		/* What other threads do belongs to the phases of the only thread that tells any. */
		if (w->track_thread[i] == ERG_NONE && w->n_threads == 1)
			w->track_thread[i] = 0;
	}
	walk_layers(w);
	r = make_classes(w);
	if (r >= 0)
		r = find_latencies(w);
	if (r >= 0)
		r = fill_view(w);
	if (r >= 0)
		r = count_run(w->p);
	sum_parts(w);
	return r;
}

int erg_parts_open(struct erg_parts *p, const struct erg_timeline *tl, struct erg_err *err)
{
	_cleanup_(release_walk) struct walk w = {.p = p, .tl = tl};
	int r;

	*p = (struct erg_parts){.tl = tl};
	w.macs_counter = erg_parts_counter(tl, "MACs");
	w.requests = erg_parts_counter(tl, "requests");
	r = open_parts(&w);
	if (r == -E2BIG)
		return erg_fail(err, r, "%s: phases of more than %u threads", tl->archive,
			UINT16_MAX);
	return r < 0 ? erg_fail(err, r, "%s: out of memory", tl->archive) : 0;
}

void erg_parts_release(struct erg_parts *p)
{
	for (size_t k = 0; k < p->n; k++)
		free(p->part[k].count);
	free(p->part);
	erg_numbered_release(&p->names);
	free(p->run.count);
	free(p->layer_part);
	free(p->layer_calls);
	free(p->latency_s);
	free(p->weight);
	if (p->attributed)
		erg_account_release(&p->account);
	if (p->view) {
		free(p->view->layers);
		free(p->view->tracks);
		free(p->view->iv.layer);
		free(p->view->iv.iteration);
		free(p->view->iv.track);
		free(p->view->iv.depth);
		erg_times_release(&p->view->iv.begin);
		erg_times_release(&p->view->iv.end);
	}
	free(p->view);
	*p = (struct erg_parts){0};
}

const struct erg_part *erg_parts_named(const struct erg_parts *p, const char *name)
{
	size_t k;

	return erg_numbered_find(&p->names, name, &k) ? &p->part[k] : NULL;
}
