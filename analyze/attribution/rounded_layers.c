/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stamps of layers are as coarse as the log that has them. All that is a multiple of 10 us or more, from some first stamp on,
 * was rounded, unless each layer takes the same time each time: as stamps would not be by chance. The instances are put where
 * they are likely to have been (unround.c), and two things are in the intervals: the time of a layer, which is
 * known as well as the sum of its stamps is; and a part of what putting them there changed, as that goes by lengths that are normal,
 * which those of no program are.
 */
#include "analyze/attribution/rounded_layers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/attribution/classes.h"
#include "analyze/attribution/layer_edges.h"
#include "analyze/attribution/refit.h"
#include "analyze/attribution/run.h"
#include "analyze/attribution/state.h"
#include "analyze/attribution/step.h"
#include "analyze/attribution/unround.h"
#include "analyze/attribution/warn.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define STEP_LEAST 10000u /* ns: finer does not matter to any layer */
#define STAMPS_LEAST                                                                               \
	1000 /* of fewer, as of logs made by hand, nothing tells how long each kind usually takes */
#define ODD 0.05        /* share of the times of one kind that are not as long as the one before */
#define CHANGE_PART 0.5 /* of what putting instances where they were likely to be did */
#define HARDLY 1        /* steps */

/* What the times of each track are multiples of, from its first on, ns; 1: of nothing that matters. NULL: no memory. */
static uint64_t *steps_of(const struct erg_timeline *tl)
{
	_cleanup_(erg_freep) uint64_t *first = calloc(tl->n_tracks + 1, sizeof(*first));
	uint64_t *step = calloc(tl->n_tracks + 1, sizeof(*step));

	for (size_t i = 0; first && step && i < tl->iv.n; i++) {
		uint64_t begin = erg_tl_begin(&tl->iv, i), *s = &step[tl->iv.track[i]],
			 *from = &first[tl->iv.track[i]];

		if (*s && *s < STEP_LEAST)
			continue;
		*from = *from ? *from : begin;
		*s = attr_common_step(*s, begin - *from);
		*s = attr_common_step(*s, erg_tl_duration(&tl->iv, i));
		*s = *s && *s < STEP_LEAST ? 1 : *s;
	}
	if (!first)
		free(step);
	return first ? step : NULL;
}

/* Whether what lies between two times of E is not as long each time: times of clockwork are multiples, too. */
static bool are_odd(const struct attr_edges *e, uint64_t *last)
{
	size_t odd = 0;

	memset(last, 0, e->kinds * sizeof(*last));
	for (size_t i = 1; i < e->n; i++) {
		uint64_t d = e->at[i].t - e->at[i - 1].t, *before = &last[e->at[i - 1].kind];

		odd += d != *before;
		*before = d;
	}
	return e->n >= STAMPS_LEAST && (double)odd > (double)e->kinds + ODD * (double)e->n;
}

struct finder {
	const struct attr_source *src;
	struct attr_rounded *ret;
	uint64_t *begin, *end; /* of instances, ns */
	uint8_t *depth;
};

static uint32_t class_of(const struct attr_source *src, uint32_t layer)
{
	return src->map ? src->map[layer] : layer;
}

/* What the stamps alone say of the time of each class. */
static void add_times(struct finder *f, const struct attr_edges *e, const struct attr_chain *c,
	double step)
{
	for (size_t i = 0; i + 1 < e->n; i++) {
		uint32_t k = class_of(f->src, e->at[i].owner), kind = e->at[i].kind;

		f->ret->time_u2[k] += c->between[kind] * step * step * 1e-18;
		if (c->length[kind] < HARDLY)
			f->ret->hardly_s[k] += c->length[kind] * step * 1e-9;
	}
}

static void put(struct finder *f, const struct attr_edges *e, const double *time, double step)
{
	const struct erg_timeline *tl = f->src->tl;

	for (size_t i = 0; i < e->n; i++) {
		double at = (double)(e->at[0].t - tl->begin) + time[i] * step;
		uint64_t t = tl->begin + (uint64_t)llround(fmax(at, 0));

		t = t > tl->end ? tl->end : t;
		(e->at[i].ends ? f->end : f->begin)[e->at[i].instance] = t;
		if (!e->at[i].ends)
			f->depth[e->at[i].instance] = e->at[i].depth;
	}
}

static int unround(struct finder *f, const struct attr_edges *e, double step)
{
	size_t n = e->n;
	_cleanup_(erg_freep) double *stamp = malloc(2 * (n + e->kinds) * sizeof(*stamp));
	_cleanup_(erg_freep) uint32_t *kind = malloc(n * sizeof(*kind));
	struct attr_chain c = {.n = n, .stamp = stamp, .kind = kind, .kinds = e->kinds};
	int r;

	if (!stamp || !kind)
		return -ENOMEM;
	c.time = stamp + n;
	c.length = c.time + n;
	c.between = c.length + e->kinds;
	for (size_t i = 0; i < n; i++) {
		stamp[i] = round((double)(e->at[i].t - e->at[0].t) / step);
		kind[i] = e->at[i].kind;
	}
	r = attr_unround(&c);
	if (r < 0)
		return r;
	put(f, e, c.time, step);
	add_times(f, e, &c, step);
	if (step > f->ret->step_ns) {
		f->ret->step_ns = step;
		f->ret->origin = e->at[0].t;
	}
	return 0;
}

static int look_at_track(struct finder *f, uint16_t track, uint64_t step, struct erg_err *err)
{
	struct attr_edges e;
	int r = attr_edges_of(f->src->tl, track, &e, err);
	_cleanup_(erg_freep) uint64_t *last = NULL;

	if (r <= 0)
		return r;
	last = malloc(e.kinds * sizeof(*last) + 1);
	r = !last ? -ENOMEM : are_odd(&e, last) ? unround(f, &e, (double)step) : 0;
	attr_edges_release(&e);
	return r < 0 ? erg_fail(err, r, "out of memory for the stamps of layers") : 0;
}

static int open_finder(struct finder *f)
{
	const struct erg_timeline *tl = f->src->tl;
	struct attr_rounded *x = f->ret;

	f->begin = malloc((tl->iv.n + 1) * sizeof(*f->begin));
	f->end = malloc((tl->iv.n + 1) * sizeof(*f->end));
	f->depth = calloc(tl->iv.n + 1, sizeof(*f->depth));
	x->time_u2 = calloc(tl->n_layers + 2, sizeof(*x->time_u2));
	x->hardly_s = calloc(tl->n_layers + 2, sizeof(*x->hardly_s));
	if (!f->begin || !f->end || !f->depth || !x->time_u2 || !x->hardly_s)
		return -ENOMEM;
	for (size_t i = 0; i < tl->iv.n; i++) {
		f->begin[i] = erg_tl_begin(&tl->iv, i);
		f->end[i] = erg_tl_end(&tl->iv, i);
		f->depth[i] = tl->iv.depth ? tl->iv.depth[i] : 0;
	}
	return 0;
}

/* Those whose stamps are multiples of a step. */
static int look_at_tracks(struct finder *f, struct erg_err *err)
{
	const struct erg_timeline *tl = f->src->tl;
	_cleanup_(erg_freep) uint64_t *step = steps_of(tl);
	bool open = false;
	int r = step ? 0 : -ENOMEM;

	for (size_t t = 0; !r && t < tl->n_tracks; t++) {
		if (step[t] < STEP_LEAST || !erg_tl_track_is(&tl->tracks[t], f->src->device))
			continue;
		r = open ? 0 : open_finder(f);
		open = true;
		if (!r)
			r = look_at_track(f, (uint16_t)t, step[t], err);
	}
	return r;
}

struct by_time {
	const struct finder *f;
	const uint16_t *track;
};

/* As instances of a timeline are. */
static int order_instances(const void *a, const void *b, void *data)
{
	const struct by_time *d = data;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (d->f->begin[x] != d->f->begin[y])
		return d->f->begin[x] < d->f->begin[y] ? -1 : 1;
	if (d->f->end[x] != d->f->end[y])
		return d->f->end[x] > d->f->end[y] ? -1 : 1;
	if (d->track[x] != d->track[y])
		return d->track[x] < d->track[y] ? -1 : 1;
	return (x > y) - (x < y);
}

static void *in_order(const void *column, size_t size, const uint32_t *order, size_t n)
{
	char *p = malloc(n * size + 1);

	for (size_t i = 0; p && i < n; i++)
		memcpy(p + i * size, (const char *)column + order[i] * size, size);
	return p;
}

static int own_counters(const struct erg_timeline *tl, const uint32_t *order,
	struct erg_timeline *ret)
{
	ret->iv.counter = NULL;
	if (!tl->iv.counter)
		return 0;
	ret->iv.counter = calloc(tl->n_counters + 1, sizeof(*ret->iv.counter));
	for (size_t c = 0; ret->iv.counter && c < tl->n_counters; c++) {
		ret->iv.counter[c] = in_order(tl->iv.counter[c], sizeof(int64_t), order, tl->iv.n);
		if (!ret->iv.counter[c])
			return -ENOMEM;
	}
	return ret->iv.counter ? 0 : -ENOMEM;
}

static int own_timeline(const struct finder *f, uint32_t *order)
{
	const struct erg_timeline *tl = f->src->tl;
	struct erg_timeline *own = &f->ret->tl;
	size_t n = tl->iv.n;
	struct by_time by = {f, tl->iv.track};

	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	erg_sort_by(order, n, sizeof(*order), order_instances, &by);
	*own = *tl;
	memset(&own->iv, 0, sizeof(own->iv));
	own->iv.n = n;
	own->iv.layer = in_order(tl->iv.layer, sizeof(*tl->iv.layer), order, n);
	own->iv.iteration = in_order(tl->iv.iteration, sizeof(*tl->iv.iteration), order, n);
	own->iv.track = in_order(tl->iv.track, sizeof(*tl->iv.track), order, n);
	own->iv.depth = in_order(f->depth, sizeof(*f->depth), order, n);
	if (!own->iv.layer || !own->iv.iteration || !own->iv.track || !own->iv.depth ||
		own_counters(tl, order, own) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (erg_times_push(&own->iv.begin, f->begin[order[i]]) < 0 ||
			erg_times_push(&own->iv.end, f->end[order[i]]) < 0)
			return -ENOMEM;
	return 0;
}

int attr_rounded_find(const struct attr_source *src, struct attr_rounded *ret, struct erg_err *err)
{
	const struct erg_timeline *tl = src->tl;
	struct finder f = {.src = src, .ret = ret};
	_cleanup_(erg_freep) uint32_t *order = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	r = look_at_tracks(&f, err);
	if (!r && ret->step_ns > 0) {
		order = malloc((tl->iv.n + 1) * sizeof(*order));
		r = order ? own_timeline(&f, order) : -ENOMEM;
	}
	free(f.begin);
	free(f.end);
	free(f.depth);
	return r < 0 ? erg_fail(err, r, "out of memory for %zu instances", tl->iv.n) : 0;
}

void attr_rounded_release(struct attr_rounded *x)
{
	struct erg_tl_intervals *iv = &x->tl.iv;

	for (size_t c = 0; iv->counter && c < x->tl.n_counters; c++)
		free(iv->counter[c]);
	free(iv->counter);
	free(iv->layer);
	free(iv->iteration);
	free(iv->track);
	free(iv->depth);
	erg_times_release(&iv->begin);
	erg_times_release(&iv->end);
	free(x->time_u2);
	free(x->hardly_s);
	memset(x, 0, sizeof(*x));
}

/* The begins of the segments as they were stamped. */
static int stamped(const struct attr_run *r, struct erg_times *ret)
{
	const struct attr_view *v = &r->st->view;
	double step = r->rounded.step_ns;
	int64_t last = 0;

	for (size_t i = 0; i <= v->n; i++) {
		int64_t t = (int64_t)(attr_begin(v, i) - r->rounded.origin);

		if (i && i < v->n)
			t = (int64_t)(round((double)t / step) * step);
		t = i && t < last ? last : t;
		last = t;
		if (erg_times_push(ret, r->rounded.origin + (uint64_t)t) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Energies by the stamps as they are. */
static int by_stamps(struct attr_run *r, double *power, double *ret_energy)
{
	struct attr_view *v = &r->st->view;
	struct erg_times kept = v->begin, rounded = {0};
	int rc = stamped(r, &rounded);

	v->begin = rounded;
	rc = rc < 0 ? erg_fail(r->err, rc, "out of memory for %zu segments", v->n)
		    : attr_powers_by(r, &r->st->shape, power);
	v->begin = kept;
	erg_times_release(&rounded);
	if (!rc)
		attr_fitted_energies(v, power, ret_energy);
	return rc;
}

/* Of class K, J, which has FITTED by the fit, as its time is known no better than the sum of its stamps is, at its power; and
 * as the power of what hardly shows in the stamps is that of its neighbours, or any. */
static double by_time(const struct attr_run *r, size_t k, double fitted)
{
	const struct attr_view *v = &r->st->view;
	double time = 0;

	for (size_t c = 0; c < v->n_cols; c++)
		time += v->col_class[c] == k && !v->col_apart[c] ? v->col_time[c] : 0;
	return time > 0 ? fabs(fitted) / time *
			hypot(1.959964 * sqrt(r->rounded.time_u2[k]),
				fmin(r->rounded.hardly_s[k], time))
			: 0;
}

/* Power in segment I by the fit, W. */
static double power_in(const struct erg_attr_state *st, size_t i)
{
	double w = 0;

	for (size_t e = attr_first(&st->view, i); e < attr_first(&st->view, i + 1); e++)
		w += st->power[st->view.col[e]];
	return w;
}

/* Of the run, J: what its powers times their times are off by, as each edge is off by up to half a step. */
static double of_run(const struct attr_run *r)
{
	const struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	double step = r->rounded.step_ns * 1e-9, sum = 0;

	for (size_t i = 1; i < v->n; i++) {
		double by = power_in(st, i) - power_in(st, i - 1);

		if (!v->col_apart[v->col[attr_first(v, i)]] &&
			!v->col_apart[v->col[attr_first(v, i - 1)]])
			sum += by * by * step * step / 12;
	}
	return 1.959964 * sqrt(sum);
}

int attr_rounded_effect(struct attr_run *r)
{
	struct erg_attr_state *st = r->st;
	const struct attr_view *v = &st->view;
	const struct attr_rounded *x = &r->rounded;
	size_t n = v->n_classes;
	_cleanup_(erg_freep) double *power = calloc(v->n_cols + 1, sizeof(double));
	_cleanup_(erg_freep) double *energy = calloc(2 * n + 2, sizeof(double));
	double *here = energy + n + 1, all = 0;
	int rc = 0;

	if (!(x->step_ns > 0))
		return 0;
	if (!power || !energy)
		return erg_fail(r->err, -ENOMEM, "out of memory for %zu classes", n);
	attr_fitted_energies(v, st->power, here);
	if (r->misfit.reason)
		memcpy(energy, here, n * sizeof(*energy));
	else
		rc = by_stamps(r, power, energy);
	for (size_t k = 0; !rc && k <= v->gap_class; k++) {
		double change = CHANGE_PART * (energy[k] - here[k]);

		all += change;
		st->slack_j[k] = hypot(st->slack_j[k], hypot(change, by_time(r, k, here[k])));
	}
	st->late_stamps_j = hypot(st->late_stamps_j, hypot(all, of_run(r)));
	return rc;
}

void attr_rounded_warn(const struct attr_run *r)
{
	if (r->rounded.step_ns > 0)
		attr_warn(r->a, "rounded-layers",
			"rail %s: the stamps of the layers are multiples of %.4g ms: where in such a step a layer "
			"began or ended is taken from how long each usually takes, and what that leaves "
			"open is in the intervals",
			r->st->rail.name, r->rounded.step_ns * 1e-6);
}
