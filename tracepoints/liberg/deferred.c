/* SPDX-License-Identifier: MIT */
/*
 * Layers that are written after their end. An event costs a fraction of a microsecond where LTTng's code
 * and buffers are in the processor's caches, and several microseconds between layers that fill these with
 * data of their own. From erg_defer() to erg_flush() the thread only keeps what its events would say, and
 * then writes them one after the other, as spans of the thread itself.
 *
 * A layer that counted something is written at once, since a span has no counters; so is each layer where
 * the kernel's counters are read, which costs more than the event, or where nothing records spans, or where
 * begins are recorded, which an end of their own follows.
 */
#include <stdlib.h>

#include "tracepoints/liberg/internal.h"

#define DEFERRED_MAX 64u

struct deferred_one {
	uint32_t layer, iteration, epoch;
	uint64_t begin_ns, end_ns;
};

struct erg_deferred {
	bool on;
	uint32_t n;
	struct deferred_one one[DEFERRED_MAX];
};

static void write_all(struct erg_deferred *deferred)
{
	const uint32_t epoch = atomic_load_explicit(&erg_state_.epoch, memory_order_relaxed);

	if (erg_state_.poll_sessions && deferred->n)
		erg_dump_if_changed();
	for (uint32_t i = 0; i < deferred->n; i++) {
		const struct deferred_one *o = &deferred->one[i];

		/* what records now has not recorded then */
		if (o->epoch == epoch)
			lttng_ust_tracepoint(ergtrace, layer_span, o->layer, o->iteration,
				o->begin_ns, o->end_ns, ERG_TRACK_OWN);
	}
	deferred->n = 0;
}

bool erg_deferred_keep(struct erg_thread *t, const struct erg_frame *f, uint64_t end_ns)
{
	struct erg_deferred *deferred = t->deferred;

	if (!deferred->on || erg_state_.begin_events ||
		!lttng_ust_tracepoint_enabled(ergtrace, layer_span) || erg_counters_moved(t, f))
		return false;
	if (deferred->n == DEFERRED_MAX)
		write_all(deferred);
	deferred->one[deferred->n++] =
		(struct deferred_one){f->layer, f->iteration, f->epoch, f->begin_ns, end_ns};
	return true;
}

void erg_deferred_forked(struct erg_thread *t)
{
	if (t->deferred)
		*t->deferred = (struct erg_deferred){.on = false};
}

void erg_deferred_leave(struct erg_thread *t)
{
	if (t->deferred)
		write_all(t->deferred);
	free(t->deferred);
}

void erg_deferred_begin(struct erg_thread *t)
{
	if (!t->deferred)
		t->deferred = calloc(1, sizeof(*t->deferred));
	if (t->deferred)
		t->deferred->on = true;
}

void erg_deferred_write(struct erg_thread *t)
{
	if (!t->deferred)
		return;
	t->deferred->on = false;
	write_all(t->deferred);
}
