/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The phases of a timeline as instances of parts, those of one name together. On a thread a phase is
 * around another where it began earlier; one that would end later than what is around it is cut.
 */
#include "analyze/account/parts_walk.h"

#include <errno.h>
#include <string.h>

#include "formats/base/order.h"

static int by_thread_and_time(const void *a, const void *b, void *data)
{
	const struct erg_tl_phase *phases = data;
	const struct erg_tl_phase *p = &phases[((const struct parts_inst *)a)->phase];
	const struct erg_tl_phase *q = &phases[((const struct parts_inst *)b)->phase];

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

static int add_phases(struct parts_walk *w)
{
	struct erg_timeline const *tl = w->p->tl;

	for (uint32_t i = 0; i < tl->n_phases; i++) {
		const struct erg_tl_phase *p = &tl->phases[i];
		uint64_t begin = p->begin > tl->begin ? p->begin : tl->begin;
		uint64_t end = p->end < tl->end ? p->end : tl->end;
		uint32_t part;

		if (end <= begin || !strcmp(p->name, "idle"))
			continue;
		if (part_named(w->p, p->name, &part) < 0)
			return -ENOMEM;
		w->inst[w->n++] = (struct parts_inst){.phase = i,
			.around = ERG_NONE,
			.begin = begin,
			.end = end,
			.part = part};
	}
	erg_sort_by(w->inst, w->n, sizeof(*w->inst), by_thread_and_time, tl->phases);
	return 0;
}

static void put_within(struct parts_walk *w, struct parts_inst *in, uint32_t around)
{
	const struct parts_inst *a = &w->inst[around];

	in->around = around;
	in->end = in->end < a->end ? in->end : a->end;
	in->depth = (uint8_t)(a->depth + 1);
	w->p->n_too_deep += in->depth == ERG_PARTS_DEEPEST;
}

/* Threads, and the phase around each. */
static void nest_phases(struct parts_walk *w)
{
	struct parts_thread *t = NULL;
	uint32_t open = ERG_NONE; /* the innermost; those around it follow */

	for (uint32_t i = 0; i < w->n; i++) {
		struct parts_inst *in = &w->inst[i];
		const struct erg_tl_phase *p = &w->p->tl->phases[in->phase];

		if (!t || t->pid != p->pid || t->tid != p->tid) {
			t = &w->threads[w->n_threads++];
			*t = (struct parts_thread){.pid = p->pid,
				.tid = p->tid,
				.next = i,
				.open = ERG_NONE};
			open = ERG_NONE;
		}
		t->end = i + 1;
		in->thread = (uint32_t)(t - w->threads);
		open = parts_open_at(w, open, in->begin);
		if (open != ERG_NONE)
			put_within(w, in, open);
		if (in->depth < ERG_PARTS_DEEPEST)
			open = i;
	}
}

int erg_parts_phases(struct parts_walk *w)
{
	int r = add_phases(w);

	if (r >= 0)
		nest_phases(w);
	return r;
}
