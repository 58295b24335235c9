/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sweep over the ends of the phases. Between two of them nothing begins or ends, so the phases
 * that are open share that time as phases.h says. What is open is few, whatever the number of phases.
 */
#include "analyze/account/phases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/numbered.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

struct edge {
	uint64_t t;
	size_t phase;
	bool begin;
};

struct open {
	size_t phase;
	bool inner; /* the innermost of its thread */
};

struct sweep {
	const struct erg_timeline *tl;
	struct erg_phases *out;
	struct erg_numbered names;
	size_t *name; /* per phase of the timeline: index into out->phase */
	struct edge *edge;
	size_t n_edges;
	struct open *open; /* in the order of their beginnings */
	size_t n_open;
	double *share; /* per name: scratch, 0 between uses */
};

static void sweep_release(struct sweep *s)
{
	erg_numbered_release(&s->names);
	free(s->name);
	free(s->edge);
	free(s->open);
	free(s->share);
}

static int add_time(struct erg_phase_time *t, uint64_t begin, uint64_t end, double weight)
{
	struct erg_attr_stretch *last = t->n ? &t->at[t->n - 1] : NULL, *p;

	t->time_s += weight * (double)(end - begin) * 1e-9;
	if (last && last->end == begin && last->weight == weight) {
		last->end = end;
		return 0;
	}
	if (!(t->n & (t->n - 1))) {
		p = reallocarray(t->at, t->n ? 2 * t->n : 1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		t->at = p;
	}
	t->at[t->n++] = (struct erg_attr_stretch){begin, end, weight};
	return 0;
}

static int add_own(struct sweep *s, uint64_t begin, uint64_t end)
{
	size_t n = 0;
	int r = 0;

	begin = begin < s->tl->begin ? s->tl->begin : begin;
	end = end > s->tl->end ? s->tl->end : end;
	if (begin >= end)
		return 0;
	for (size_t i = 0; i < s->n_open; i++) {
		size_t name = s->name[s->open[i].phase];

		s->out->phase[name].inside = true;
		s->share[name] += s->open[i].inner;
		n += s->open[i].inner;
	}
	if (!n)
		return add_time(&s->out->phase[s->out->n].own, begin, end, 1);
	for (size_t i = 0; i < s->n_open && !r; i++) {
		size_t name = s->name[s->open[i].phase];

		if (s->share[name] > 0)
			r = add_time(&s->out->phase[name].own, begin, end,
				s->share[name] / (double)n);
		s->share[name] = 0; /* others of this name are in it */
	}
	return r;
}

static int add_span(struct sweep *s, uint64_t begin, uint64_t end)
{
	int r = begin < end ? add_own(s, begin, end) : 0;

	for (size_t i = 0; i < s->n_open && !r && begin < end; i++) {
		struct erg_phase_time *t = &s->out->phase[s->name[s->open[i].phase]].whole;

		if (!t->n || t->at[t->n - 1].end < end) /* not yet by another of this name */
			r = add_time(t, begin, end, 1);
	}
	return r;
}

static bool same_thread(const struct erg_tl_phase *a, const struct erg_tl_phase *b)
{
	return a->pid == b->pid && a->tid == b->tid;
}

/* Opens or closes a phase; its thread then has another innermost one. */
static void turn(struct sweep *s, const struct edge *e)
{
	const struct erg_tl_phase *p = s->tl->phases;
	size_t kept = 0, inner = SIZE_MAX;

	if (e->begin)
		s->open[s->n_open++] = (struct open){e->phase, false};
	for (size_t i = 0; i < s->n_open; i++) {
		if (!e->begin && s->open[i].phase == e->phase)
			continue;
		s->open[kept] = s->open[i];
		if (same_thread(&p[s->open[i].phase], &p[e->phase])) {
			s->open[kept].inner = false;
			inner = kept;
		}
		kept++;
	}
	s->n_open = kept;
	if (inner != SIZE_MAX)
		s->open[inner].inner = true;
}

/* At one time ends come before beginnings; of two that begin, the longer is the outer one. */
static int by_time(const void *a, const void *b, void *phases)
{
	const struct edge *x = a, *y = b;
	const struct erg_tl_phase *p = phases;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	if (x->begin != y->begin)
		return x->begin ? 1 : -1;
	if (x->begin && p[x->phase].end != p[y->phase].end)
		return p[x->phase].end > p[y->phase].end ? -1 : 1;
	return x->phase < y->phase ? -1 : x->phase > y->phase;
}

static int add_name(struct sweep *s, size_t phase)
{
	const struct erg_tl_phase *p = &s->tl->phases[phase];
	size_t i;

	if (erg_numbered_put(&s->names, p->name, &i) < 0)
		return -ENOMEM;
	s->out->n = s->names.n;
	s->out->phase[i].name = p->name;
	s->out->phase[i].count++;
	s->out->phase[i].open |= p->open;
	s->name[phase] = i;
	return 0;
}

static int prepare_sweep(struct sweep *s)
{
	const struct erg_timeline *tl = s->tl;

	s->name = calloc(tl->n_phases + 1, sizeof(*s->name));
	s->edge = calloc(2 * tl->n_phases + 1, sizeof(*s->edge));
	s->open = calloc(tl->n_phases + 1, sizeof(*s->open));
	s->out->phase = calloc(tl->n_phases + 2, sizeof(*s->out->phase));
	s->share = calloc(tl->n_phases + 1, sizeof(*s->share));
	if (!s->name || !s->edge || !s->open || !s->out->phase || !s->share)
		return -ENOMEM;
	for (size_t i = 0; i < tl->n_phases; i++) {
		if (tl->phases[i].end <= tl->phases[i].begin)
			continue;
		s->edge[s->n_edges++] = (struct edge){tl->phases[i].begin, i, true};
		s->edge[s->n_edges++] = (struct edge){tl->phases[i].end, i, false};
	}
	erg_sort_by(s->edge, s->n_edges, sizeof(*s->edge), by_time, tl->phases);
	for (size_t i = 0; i < s->n_edges; i++)
		if (s->edge[i].begin && add_name(s, s->edge[i].phase) < 0)
			return -ENOMEM;
	for (size_t i = 0; i < tl->n_phases; i++)
		if (tl->phases[i].end <= tl->phases[i].begin && add_name(s, i) < 0)
			return -ENOMEM; /* it is counted, but of no time */
	s->out->phase[s->out->n].name = "";
	return 0;
}

int erg_phases_find(const struct erg_timeline *tl, struct erg_phases *ret, struct erg_err *err)
{
	_cleanup_(sweep_release) struct sweep s = {.tl = tl, .out = ret};
	uint64_t before = tl->begin;
	int r;

	*ret = (struct erg_phases){0};
	r = prepare_sweep(&s);
	if (s.n_edges && s.edge[0].t < before)
		before = s.edge[0].t;
	for (size_t i = 0; i < s.n_edges && !r; i++) {
		r = add_span(&s, before, s.edge[i].t);
		before = s.edge[i].t;
		turn(&s, &s.edge[i]);
	}
	if (!r && before < tl->end)
		r = add_span(&s, before, tl->end);
	if (r < 0) {
		erg_phases_release(ret);
		return erg_fail(err, r, "out of memory for %zu phases", tl->n_phases);
	}
	return 0;
}

void erg_phases_release(struct erg_phases *p)
{
	for (size_t i = 0; p->phase && i <= p->n; i++) {
		free(p->phase[i].whole.at);
		free(p->phase[i].own.at);
	}
	free(p->phase);
	*p = (struct erg_phases){0};
}
