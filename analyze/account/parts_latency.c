/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time to a first token, of each request. */
#include "analyze/account/parts_walk.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

/* Requests that begin in one step, at most: more is a count of something else. */
#define TOGETHER 4096

static double count_in(const struct parts_walk *w, const struct parts_inst *in, uint32_t counter)
{
	return counter == ERG_NONE ? NAN : parts_counts(w, in)[counter];
}

/* Requests that counter COUNTER has in a phase. */
static size_t requests_in(const struct parts_walk *w, const struct parts_inst *in, uint32_t counter)
{
	const double n = count_in(w, in, counter);

	return n > 0 ? (size_t)(n < TOGETHER ? ceil(n) : TOGETHER) : 0;
}

static void add(struct parts_walk *w, double latency_s, size_t n)
{
	for (size_t k = 0; k < n; k++)
		w->p->latency_s[w->p->n_latency++] = latency_s;
}

/* The steps say themselves whose first token they gave; those of one step have their mean. */
static void told(struct parts_walk *w)
{
	const double begun = w->requests == ERG_NONE ? NAN : w->p->run.count[w->requests];

	for (size_t i = 0; i < w->n; i++) {
		const struct parts_inst *in = &w->inst[i];

		add(w, count_in(w, in, w->waited) * 1e-9 / count_in(w, in, w->answered),
			requests_in(w, in, w->answered));
	}
	if (begun > (double)w->p->n_latency)
		w->p->n_unanswered = (size_t)begun - w->p->n_latency;
}

/* Without that a request's first token is there when the last step that reads its prompt ends: before a step
 * of another part begins on its thread, or another request. In a phase that holds the steps of several it is
 * not known when. */
static void guessed(struct parts_walk *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct parts_inst *in = &w->inst[i];
		const size_t n = requests_in(w, in, w->requests);
		size_t last = i;

		if (in->begun > 1) {
			w->p->n_untimed += n;
			continue;
		}
		while (last + 1 < w->n && w->inst[last + 1].part == in->part &&
			w->inst[last + 1].thread == in->thread &&
			!requests_in(w, &w->inst[last + 1], w->requests))
			last++;
		add(w, (double)(w->inst[last].end - in->begin) * 1e-9, n);
	}
}

/* Instances are in order of their threads and times. */
int erg_parts_latencies(struct parts_walk *w)
{
	const bool known = w->answered != ERG_NONE && w->waited != ERG_NONE;
	size_t all = 0;

	for (size_t i = 0; i < w->n; i++)
		all += requests_in(w, &w->inst[i], known ? w->answered : w->requests);
	w->p->latency_s = erg_noted(calloc(all + 1, sizeof(*w->p->latency_s)));
	if (!w->p->latency_s)
		return -ENOMEM;
	if (known)
		told(w);
	else
		guessed(w);
	return 0;
}
