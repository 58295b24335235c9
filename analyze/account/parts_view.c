/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A timeline of which the parts are the layers, for an attribution of their own: a class is a part with what
 * is around it and its range of context.
 */
#include "analyze/account/parts_walk.h"

#include <errno.h>
#include <stdlib.h>

#include "formats/base/hash.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

struct class_key {
	uint32_t around, part, bin; /* around: a class, or ERG_NONE */
};

struct class_entry {
	struct class_key key;
	uint32_t class_;
	UT_hash_handle hh;
};

static void release_classes(struct class_entry **classes)
{
	struct class_entry *e, *next;

	HASH_ITER(hh, *classes, e, next)
	{
		HASH_DEL(*classes, e);
		free(e);
	}
}

/* The class of (what is around it, its part, its bin), made at need. */
static int class_of(struct parts_walk *w, struct class_entry **classes, const struct class_key *key,
	uint32_t *ret)
{
	struct erg_timeline *view = w->p->view;
	char *name = (char *)(uintptr_t)w->p->part[key->part].name;
	struct class_entry *e;

	HASH_FIND(hh, *classes, key, sizeof(*key), e);
	if (e) {
		*ret = e->class_;
		return 0;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->key = *key;
	e->class_ = *ret = (uint32_t)view->n_layers;
	HASH_ADD(hh, *classes, key, sizeof(e->key), e);
	if (erg_hash_lost(e)) {
		free(e);
		return -ENOMEM;
	}
	view->layers[view->n_layers++] = (struct erg_tl_layer){.name = name,
		.type = name,
		.network = (char *)(uintptr_t) "",
		.module = (char *)(uintptr_t) "",
		.parent = key->around,
		.level = ERG_TL_LAYER};
	return 0;
}

static int make_classes(struct parts_walk *w)
{
	_cleanup_(release_classes) struct class_entry *classes = NULL;

	w->p->view->layers = calloc(w->n + 1, sizeof(*w->p->view->layers));
	if (!w->p->view->layers)
		return -ENOMEM;
	for (size_t i = 0; i < w->n; i++) {
		struct parts_inst *in = &w->inst[i];
		struct erg_part *part = &w->p->part[in->part];
		const struct class_key key = {in->around == ERG_NONE ? ERG_NONE
								     : w->inst[in->around].class_,
			in->part, in->bin};

		if (class_of(w, &classes, &key, &in->class_) < 0)
			return -ENOMEM;
		if (part->n_bins)
			part->bin[in->bin].class_ = in->class_;
	}
	return 0;
}

static int by_interval(const void *a, const void *b)
{
	const struct parts_inst *x = *(const struct parts_inst *const *)a;
	const struct parts_inst *y = *(const struct parts_inst *const *)b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

static int fill_intervals(struct parts_walk *w)
{
	struct erg_timeline *v = w->p->view;
	struct erg_tl_intervals *iv = &v->iv;
	_cleanup_(erg_freep) const struct parts_inst **order = calloc(w->n + 1, sizeof(*order));

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
		if (order[i]->thread >= v->n_tracks)
			return -E2BIG;
		iv->layer[i] = order[i]->class_;
		iv->track[i] = (uint16_t)order[i]->thread;
		iv->depth[i] = order[i]->depth;
		if (erg_times_push(&iv->begin, order[i]->begin) < 0 ||
			erg_times_push(&iv->end, order[i]->end) < 0)
			return -ENOMEM;
		iv->n++;
	}
	return 0;
}

int erg_parts_view(struct parts_walk *w)
{
	struct erg_timeline *v = w->p->view = calloc(1, sizeof(*w->p->view));
	int r;

	if (!v)
		return -ENOMEM;
	*v = *w->p->tl;
	v->iv = (struct erg_tl_intervals){0};
	v->tracks = NULL;
	v->layers = NULL;
	v->n_tracks = v->n_layers = 0;
	r = make_classes(w);
	return r < 0 ? r : fill_intervals(w);
}
