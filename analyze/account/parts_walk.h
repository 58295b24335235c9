/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_PARTS_WALK_H
#define ERG_ANALYZE_ACCOUNT_PARTS_WALK_H

/*
 * For parts*.c: the walk over a timeline from which its parts are made. Each step has a file:
 *
 *   parts_phases.c   phases of the timeline     -> instances of parts, thread by thread, and how they nest
 *   parts_layers.c   instances of layers        -> what was counted in each instance of a part
 *   parts_context.c  what was counted           -> parts by ranges of their context
 *   parts_latency.c  what was counted           -> the time to a first token
 *   parts_view.c     instances of parts         -> a timeline of which they are the layers
 *   parts.c          all of these               -> sums of parts
 */
#include <math.h>

#include "analyze/account/parts.h"

/* One phase: an instance of a part. */
struct parts_inst {
	uint32_t phase; /* of the timeline */
	uint32_t part;
	uint32_t around; /* the phase around it, an index of instances, or ERG_NONE */
	uint8_t depth;   /* how many are around it, ERG_PARTS_DEEPEST: so many or more */
	uint32_t thread;
	uint32_t bin; /* 0 without a context */
	uint32_t class_;
	uint64_t begin, end;
	uint32_t begun; /* how many instances of layers in it counted requests */
	double macs;
};

struct parts_thread {
	uint32_t pid, tid;
	uint32_t next, end; /* its instances: the first not yet begun, and one past the last */
	uint32_t open;      /* the innermost that is open, or ERG_NONE */
};

struct parts_walk {
	struct erg_parts *p;
	struct parts_inst *inst;
	size_t n;
	double *counts;               /* instances x counters of the timeline; NaN: not counted */
	struct parts_thread *threads; /* in order of pid and tid */
	size_t n_threads;
	uint64_t *part_calls; /* part x layer, outermost instances */
	uint32_t *summed;     /* per part: the last instance that it was summed of, from 1 */
	uint32_t macs, requests, context, tokens; /* counters, or ERG_NONE */
	uint32_t answered, waited;                /* these too: "first_tokens", "first_token_ns" */
};

static inline double *parts_counts(const struct parts_walk *w, const struct parts_inst *in)
{
	return w->counts + (size_t)(in - w->inst) * w->p->tl->n_counters;
}
/* Of the phase IN and those around it, the innermost that has not ended at T, or ERG_NONE. */
static inline uint32_t parts_open_at(const struct parts_walk *w, uint32_t in, uint64_t t)
{
	while (in != ERG_NONE && w->inst[in].end <= t)
		in = w->inst[in].around;
	return in;
}
static inline void parts_add_count(double *to, double v)
{
	if (isfinite(v))
		*to = (isnan(*to) ? 0 : *to) + v;
}

/* -ENOMEM, each of them */
int erg_parts_phases(struct parts_walk *w);
int erg_parts_layers(struct parts_walk *w);
int erg_parts_contexts(struct parts_walk *w);
int erg_parts_latencies(struct parts_walk *w);
/* -E2BIG: more threads than a timeline has tracks */
int erg_parts_view(struct parts_walk *w);

#endif
