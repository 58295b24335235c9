/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Instances that were held up: few of a layer's instances, that last longer than the rest by far and by
 * amounts that are unlike each other (an interrupt, a page fault, a wait for memory). Such an instance did
 * its work, at the layer's power, and waited, at another: the wait is a part of its own. When it was the trace
 * does not say: after the work, before or amid it, whichever the readings follow from. Instances of a second
 * kind last alike; those are told apart as a whole (instances.c). So are those of a phase in which most last that
 * long (the prefill of prompts of any length): what is usual there is another thing.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_statistics.h>

#include "analyze/attribution/instances.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/order.h"
#include "formats/base/util.h"

#define SAMPLE_MAX 20000 /* durations of a class looked at */
#define LEAST 20         /* durations that tell what is usual */
#define FAR_SD 4.5       /* beyond the median of the log durations, in robust SDs */
#define FAR_LEAST 0.15   /* and so far at least */
#define SHARE_MAX 0.1    /* of the instances that may be so */
#define COUNT_MIN                                                                                  \
	5 /* and from how many on it is known how they differ: fewer are no kind of their own */
#define UNLIKE 0.15 /* SD of their log durations */
#define UNLIKE_SD 3 /* in robust SDs of all */

/* How long the work of an instance takes, ns, and from what duration on it was held up; 0: never. */
struct usual {
	double limit, at;
};

/* By group: a class in a phase. */
struct durations {
	size_t classes, groups;
	struct attr_phases *phases;
	size_t *count, *begin; /* per group: of X; where its own begin there */
	double *x;             /* log ns */
};

static void free_durations(struct durations *d)
{
	free(d->count);
	free(d->begin);
	free(d->x);
}

static double length(const struct attr_view *v, size_t i)
{
	return (double)(attr_begin(v, i + 1) - attr_begin(v, i));
}

static size_t group_of(const struct attr_view *v, struct attr_phases *p, size_t i)
{
	uint64_t begin = attr_begin(v, i);

	return v->col[i] * p->n +
		(p->n > 1 ? attr_phases_at(p, begin + (attr_begin(v, i + 1) - begin) / 2) : 0);
}

/* One duration in STRIDE of each group. */
static int gather(const struct attr_view *v, const uint8_t *parent, struct durations *d)
{
	_cleanup_(erg_freep) size_t *seen = NULL;
	size_t sum = 0, n = d->phases->n;

	d->classes = v->gap_class;
	d->groups = d->classes * n;
	d->count = erg_noted(calloc(d->groups + 1, sizeof(size_t)));
	d->begin = erg_noted(calloc(d->groups + 1, sizeof(size_t)));
	seen = erg_noted(calloc(2 * d->groups + 1, sizeof(size_t)));
	if (!d->count || !d->begin || !seen)
		return -ENOMEM;
	for (size_t i = 0; i < v->n; i++)
		if (v->col[i] < d->classes && !parent[v->col[i]])
			seen[group_of(v, d->phases, i)]++;
	for (size_t g = 0; g < d->groups; g++) {
		seen[d->groups + g] = seen[g] / SAMPLE_MAX + 1; /* stride */
		d->begin[g] = sum;
		sum += seen[g] / seen[d->groups + g] + 1;
		seen[g] = 0;
	}
	d->x = erg_noted(malloc((sum + 1) * sizeof(double)));
	if (!d->x)
		return -ENOMEM;
	for (size_t i = 0; i < v->n; i++) {
		size_t g;

		if (v->col[i] >= d->classes || parent[v->col[i]])
			continue;
		g = group_of(v, d->phases, i);
		if (attr_sampled(seen[g]++, seen[d->groups + g]))
			d->x[d->begin[g] + d->count[g]++] = log(fmax(length(v, i), 1));
	}
	return 0;
}

/* Robust SD of X. */
static double scatter(const double *x, size_t n)
{
	_cleanup_(erg_freep) double *work = erg_noted(malloc((n + 1) * sizeof(double)));

	return work ? 1.4826 * gsl_stats_mad0(x, 1, n, work) : INFINITY;
}

static struct usual usual_of(double *x, size_t n)
{
	double median, sd, limit;
	size_t far = n;

	if (n < LEAST)
		return (struct usual){0};
	erg_sort_doubles(x, n);
	median = gsl_stats_median_from_sorted_data(x, 1, n);
	sd = scatter(x, n);
	limit = median + fmax(FAR_SD * sd, FAR_LEAST);
	while (far && x[far - 1] > limit)
		far--;
	if (far == n || (double)(n - far) > SHARE_MAX * (double)n ||
		(n - far >= COUNT_MIN &&
			gsl_stats_sd(x + far, 1, n - far) < fmax(UNLIKE, UNLIKE_SD * sd)))
		return (struct usual){0};
	return (struct usual){exp(limit), exp(median)};
}

/* Whether in a phase most of the instances of class K last longer than LIMIT, ns: no phase has much to wait for. */
static bool lasts_longer(const struct durations *d, size_t k, double limit)
{
	bool any = false;

	for (size_t g = k * d->phases->n; g < (k + 1) * d->phases->n; g++) {
		size_t n = d->count[g];

		erg_sort_doubles(d->x + d->begin[g], n);
		any = any ||
			(n &&
				gsl_stats_median_from_sorted_data(d->x + d->begin[g], 1, n) >
					log(limit));
	}
	return any;
}

/* What is usual of class K, into U by group: of all of them, or in each phase what is usual there. */
static int usual_of_class(const struct durations *d, size_t k, struct usual *u)
{
	size_t n = d->phases->n, first = k * n, all = 0;
	_cleanup_(erg_freep) double *x = NULL;
	struct usual usual;

	for (size_t g = first; g < first + n; g++)
		all += d->count[g];
	x = erg_noted(malloc((all + 1) * sizeof(*x)));
	if (!x)
		return -ENOMEM;
	all = 0;
	for (size_t g = first; g < first + n; all += d->count[g++])
		memcpy(x + all, d->x + d->begin[g], d->count[g] * sizeof(*x));
	usual = usual_of(x, all);
	if (usual.limit > 0 && lasts_longer(d, k, usual.limit)) {
		for (size_t g = first; g < first + n; g++)
			u[g] = usual_of(d->x + d->begin[g], d->count[g]);
		return 0;
	}
	for (size_t g = first; g < first + n; g++)
		u[g] = usual;
	return 0;
}

/* Segments being written. */
struct cutter {
	struct erg_times begin;
	size_t n;
	uint16_t *col;
	uint8_t *tail;
};

static int put(struct cutter *c, uint64_t begin, uint16_t col, bool tail)
{
	c->tail[c->n] = tail;
	c->col[c->n++] = col;
	return erg_times_push(&c->begin, begin);
}

/* The work of an instance from BEGIN to END, which usually takes AT, and its wait, as STALL says. */
static int put_held(struct cutter *c, enum erg_attr_stall stall, uint64_t begin, uint64_t end,
	uint64_t at, uint16_t col)
{
	uint64_t work = stall == ERG_STALL_BEFORE ? 0 : stall == ERG_STALL_AMID ? at / 2 : at;
	int r = 0;

	if (work)
		r = put(c, begin, col, false);
	if (!r)
		r = put(c, begin + work, col, true);
	if (!r && work < at)
		r = put(c, end - (at - work), col, false);
	return r;
}

/* What is usual of segment I, where it is held up; else NULL. */
static const struct usual *is_held(const struct attr_view *v, struct attr_phases *phases,
	const struct usual *u, size_t i)
{
	if (v->col[i] >= v->gap_class)
		return NULL;
	u += group_of(v, phases, i);
	return u->limit > 0 && length(v, i) > u->limit ? u : NULL;
}

/* The segments again, those that are held up in their parts. */
static int cut(struct attr_view *v, struct attr_phases *phases, const struct usual *u,
	enum erg_attr_stall stall)
{
	struct cutter c = {0};
	size_t held = 0;
	int r = 0;

	for (size_t i = 0; i < v->n; i++)
		held += is_held(v, phases, u, i) != NULL;
	if (!held)
		return 0;
	c.col = erg_noted(malloc((v->n + 2 * held + 1) * sizeof(*c.col)));
	c.tail = erg_noted(calloc(v->n + 2 * held + 1, 1));
	if (!c.col || !c.tail)
		r = -ENOMEM;
	for (size_t i = 0; !r && i < v->n; i++) {
		const struct usual *usual = is_held(v, phases, u, i);
		uint16_t k = v->col[i];

		r = usual ? put_held(&c, stall, attr_begin(v, i), attr_begin(v, i + 1),
				    (uint64_t)usual->at, k)
			  : put(&c, attr_begin(v, i), k, false);
	}
	if (r || erg_times_push(&c.begin, attr_begin(v, v->n)) < 0) {
		erg_times_release(&c.begin);
		free(c.col);
		free(c.tail);
		return -ENOMEM;
	}
	erg_times_release(&v->begin);
	free(v->col);
	v->begin = c.begin;
	v->col = c.col;
	v->n = c.n;
	v->tail = c.tail;
	return 0;
}

int attr_cut_stalls(struct attr_view *v, const uint8_t *parent, struct attr_phases *phases,
	enum erg_attr_stall stall, struct erg_err *err)
{
	struct durations d = {.phases = phases};
	_cleanup_(erg_freep) struct usual *u = NULL;
	int r;

	if (v->first)
		return 0;
	r = gather(v, parent, &d);
	u = erg_noted(calloc(d.groups + phases->n, sizeof(*u)));
	if (!u)
		r = -ENOMEM;
	for (size_t k = 0; !r && k < d.classes; k++)
		r = usual_of_class(&d, k, u);
	if (!r)
		r = cut(v, phases, u, stall);
	free_durations(&d);
	return r < 0 ? erg_fail(err, r, "out of memory for %zu segments", v->n) : 0;
}
