/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time to a first token, of each request. */
#include "analyze/account/parts_walk.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "formats/base/order.h"
#include "formats/base/util.h"

/* Requests that begin in one step, at most: more is a count of something else. */
#define TOGETHER 4096

static int by_time(const void *a, const void *b)
{
	const struct parts_inst *x = *(const struct parts_inst *const *)a;
	const struct parts_inst *y = *(const struct parts_inst *const *)b;

	return x->begin < y->begin ? -1 : x->begin > y->begin;
}

/* Requests that begin in a phase. */
static size_t begun_in(const struct parts_walk *w, const struct parts_inst *in)
{
	const double n = w->requests == ERG_NONE ? NAN : parts_counts(w, in)[w->requests];

	return n > 0 ? (size_t)(n < TOGETHER ? ceil(n) : TOGETHER) : 0;
}

/* A request's first token is there when the last step that reads its prompt ends: before a step of
 * another part begins, or another request. In a phase that holds the steps of several it is not known when. */
int erg_parts_latencies(struct parts_walk *w)
{
	_cleanup_(erg_freep) const struct parts_inst **order = calloc(w->n + 1, sizeof(*order));
	size_t all = 0;

	for (size_t i = 0; i < w->n; i++)
		all += begun_in(w, &w->inst[i]);
	w->p->latency_s = calloc(all + 1, sizeof(*w->p->latency_s));
	if (!order || !w->p->latency_s)
		return -ENOMEM;
	for (size_t i = 0; i < w->n; i++)
		order[i] = &w->inst[i];
	erg_sort(order, w->n, sizeof(*order), by_time);
	for (size_t i = 0; i < w->n; i++) {
		const size_t n = begun_in(w, order[i]);
		size_t last = i;

		if (order[i]->begun > 1) {
			w->p->n_untimed += n;
			continue;
		}
		while (last + 1 < w->n && order[last + 1]->part == order[i]->part &&
			!begun_in(w, order[last + 1]))
			last++;
		for (size_t k = 0; k < n; k++)
			w->p->latency_s[w->p->n_latency++] =
				(double)(order[last]->end - order[i]->begin) * 1e-9;
	}
	return 0;
}
