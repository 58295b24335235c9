/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Gaps by their lengths: those between layers, between iterations, and until the next request, in which the hardware
 * may come to rest, need not have one power. They are told apart where lengths have a void between them.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sort.h>

#include "analyze/attribution/gaps.h"
#include "analyze/attribution/instances.h"
#include "analyze/attribution/rng.h"
#include "analyze/attribution/view.h"
#include "formats/base/memory.h"
#include "formats/base/util.h"

#define SAMPLED 20000
#define MATTER 3e-4 /* of the run's time, of either length: less of it moves no layer by much */
#define VOID 0.69   /* of log durations, in which there is none: one is twice the other */

/* Sorted log durations of gaps, one of STRIDE each. */
struct lengths {
	double *x;
	size_t n, stride;
	double least; /* ns: what a part must have to matter */
	size_t cut[ATTR_GAPS_MAX + 1];
};

/* How long the gap from segment I on lasts, ns, and *ret_end, behind its segments; 0: there is none. */
static double gap_from(const struct attr_view *v, size_t i, size_t *ret_end)
{
	size_t end = i;

	while (end < v->n && v->col[end] == v->gap_class)
		end++;
	*ret_end = end > i ? end : i + 1;
	return end > i ? (double)(attr_begin(v, end) - attr_begin(v, i)) : 0;
}

static double time_of(const struct lengths *g, size_t from, size_t to)
{
	double sum = 0;

	for (size_t i = from; i < to; i++)
		sum += exp(g->x[i]) * (double)g->stride;
	return sum;
}

/* Where the part FROM .. TO has its widest void with what matters on either side; 0: nowhere. */
static size_t widest_void(const struct lengths *g, size_t from, size_t to)
{
	double widest = VOID, below = 0, all = time_of(g, from, to);
	size_t cut = 0;

	for (size_t i = from + 1; i < to; i++) {
		double wide = g->x[i] - g->x[i - 1];

		below += exp(g->x[i - 1]) * (double)g->stride;
		if (wide > widest && fmin(below, all - below) >= g->least) {
			widest = wide;
			cut = i;
		}
	}
	return cut;
}

/* Lengths with nothing between them; else two clusters. Returns how many those are. */
static uint32_t cut_lengths(struct lengths *g)
{
	uint32_t parts = 1;
	size_t cut;

	g->cut[1] = g->n;
	for (uint32_t i = 0; i < parts && parts < ATTR_GAPS_MAX;) {
		cut = widest_void(g, g->cut[i], g->cut[i + 1]);
		if (!cut) {
			i++;
			continue;
		}
		memmove(&g->cut[i + 2], &g->cut[i + 1], (parts - i) * sizeof(*g->cut));
		g->cut[i + 1] = cut;
		parts++;
	}
	cut = parts == 1 ? attr_cut_durations(g->x, g->n) : 0;
	if (cut && fmin(time_of(g, 0, cut), time_of(g, cut, g->n)) >= g->least) {
		g->cut[1] = cut;
		g->cut[2] = g->n;
		parts = 2;
	}
	return parts;
}

static int find_lengths(struct attr_gaps *ret, const struct attr_view *v, double long_ns,
	struct erg_err *err)
{
	size_t stride = v->n / SAMPLED + 1, gaps = 0;
	_cleanup_(erg_freep) double *x = malloc((v->n / stride + 2) * sizeof(*x));
	struct lengths g = {.x = x,
		.stride = stride,
		.least = MATTER * (double)(attr_begin(v, v->n) - v->t0)};

	if (!x)
		return erg_fail(err, -ENOMEM, "out of memory for %zu segments", v->n);
	for (size_t i = 0, end; i < v->n; i = end) {
		double ns = gap_from(v, i, &end);

		if (ns > 0 && ns < long_ns && attr_sampled(gaps++, stride))
			x[g.n++] = log(ns);
	}
	gsl_sort(x, 1, g.n);
	ret->n = cut_lengths(&g);
	for (uint32_t i = 1; i < ret->n; i++)
		ret->at[i - 1] = exp((x[g.cut[i] - 1] + x[g.cut[i]]) / 2);
	return 0;
}

int attr_gaps_find(struct attr_gaps *g, const struct attr_view *v, double long_ns,
	struct erg_err *err)
{
	*g = (struct attr_gaps){.n = 1};
	/* of tracks side by side the gap is the base of all, and stays one */
	return v->first ? 0 : find_lengths(g, v, long_ns, err);
}

uint32_t attr_gaps_part(const struct attr_gaps *g, double dur)
{
	uint32_t part = 0;

	while (part + 1 < g->n && dur >= g->at[part])
		part++;
	return part;
}
