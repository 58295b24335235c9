/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The total power and the joules of every layer. What runs at once adds its own power to that of
 * the base; the base belongs equally to what runs at the time, or to no layer where nothing does.
 * All tracks are walked together, from one edge of any of them to the next.
 */
#include <math.h>
#include <string.h>

#include "tests/accuracy/world.h"

#define NEVER INT64_MAX

struct walk {
	struct work *k;
	size_t at[WORLD_TRACKS], base;
	int64_t t;
};

/* The piece of a track's own that runs at the time of the walk, or NULL. */
static const struct own *running(const struct walk *w, int track)
{
	const struct own *o = &w->k->own[track][w->at[track]];

	return w->at[track] < w->k->owns[track] && o->begin_ns <= w->t ? o : NULL;
}

static int64_t base_edge(const struct walk *w, size_t i)
{
	return i < w->k->base.n ? llround(w->k->base.p[i].t * 1e9) : NEVER;
}

static int64_t next_edge(const struct walk *w)
{
	int64_t next = base_edge(w, w->base + 1);

	for (int i = 0; i < w->k->w->tracks; i++) {
		const struct own *o = &w->k->own[i][w->at[i]];
		int64_t edge = w->at[i] >= w->k->owns[i] ? NEVER
			: o->begin_ns > w->t             ? o->begin_ns
							 : o->end_ns;

		next = edge < next ? edge : next;
	}
	return next;
}

static void advance(struct walk *w, int64_t t)
{
	struct work *k = w->k;

	w->t = t;
	while (base_edge(w, w->base + 1) <= t)
		w->base++;
	for (int i = 0; i < k->w->tracks; i++)
		while (w->at[i] < k->owns[i] && k->own[i][w->at[i]].end_ns <= t)
			w->at[i]++;
}

/* The piece P, from S after its begin on. */
static struct piece later(const struct piece *p, double s, double theta)
{
	struct piece ret = *p;

	ret.a += p->b * s;
	if (p->c != 0)
		ret.c *= exp(-s / theta);
	return ret;
}

/* Of the time from w->t to NEXT: the pieces of power, each with who it belongs to. */
static void step(struct walk *w, int64_t next)
{
	struct work *k = w->k;
	const struct piece *b = &k->base.p[w->base];
	double d = (double)(next - w->t) * 1e-9, at = (double)w->t * 1e-9 - b->t;
	struct piece sum = {.a = b->a + b->b * at, .b = b->b};
	double base_j = piece_joules(&sum, 1, 0, d), own_j[WORLD_TRACKS], all_j;
	int active[WORLD_TRACKS], n = 0;

	for (int i = 0; i < k->w->tracks; i++) {
		const struct own *o = running(w, i);
		struct piece p;

		if (!o)
			continue;
		p = later(&o->p, (double)(w->t - o->begin_ns) * 1e-9, k->total.theta);
		sum.a += p.a;
		sum.b += p.b;
		sum.c += p.c;
		if (o->layer == WORLD_NONE)
			continue;
		active[n] = o->layer;
		own_j[n++] = piece_joules(&p, k->total.theta, 0, d);
	}
	all_j = base_j;
	for (int i = 0; i < n; i++)
		all_j += own_j[i];
	for (int i = 0; i < n; i++) {
		k->energy[active[i]] += own_j[i] + base_j / n;
		k->equal[active[i]] += all_j / n;
		k->time_s[active[i]] += d / n;
	}
	curve_add(&k->total, (double)w->t * 1e-9, sum.a, sum.b, sum.c);
}

void work_add_up(struct work *k)
{
	struct walk w = {.k = k, .t = llround(k->base.p[0].t * 1e9)};
	int64_t next;

	k->total.theta = k->w->onset_s > 0 ? k->w->onset_s : k->w->tail_s > 0 ? k->w->tail_s : 1;
	k->total.tau = k->w->rc_s;
	while ((next = next_edge(&w)) != NEVER) {
		step(&w, next);
		advance(&w, next);
	}
	curve_add(&k->total, (double)w.t * 1e-9, k->base.p[k->base.n - 1].a, 0, 0);
	curve_finish(&k->total);
}

double truth_total(const struct work *k, const struct readings *r)
{
	return curve_joules(&k->total, r->r[r->n - 1].stamp) -
		curve_joules(&k->total, r->r[0].stamp);
}

double truth_rest(const struct work *k, const struct readings *r)
{
	double rest = truth_total(k, r);

	for (int i = 0; i < k->layers; i++)
		rest -= k->energy[i];
	return rest;
}
