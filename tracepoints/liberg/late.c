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

#define LATE_MAX 64u

struct late_one {
	uint32_t layer, iteration, epoch;
	uint64_t begin_ns, end_ns;
};

struct erg_late {
	bool on;
	uint32_t n;
	struct late_one one[LATE_MAX];
};

static void write_all(struct erg_late *late)
{
	const uint32_t epoch = atomic_load_explicit(&erg_state_.epoch, memory_order_relaxed);

	if (erg_state_.poll_sessions && late->n)
		erg_dump_if_changed();
	for (uint32_t i = 0; i < late->n; i++) {
		const struct late_one *o = &late->one[i];

		/* what records now has not recorded then */
		if (o->epoch == epoch)
			lttng_ust_tracepoint(ergtrace, layer_span, o->layer, o->iteration,
				o->begin_ns, o->end_ns, ERG_TRACK_OWN);
	}
	late->n = 0;
}

bool erg_late_keep(struct erg_thread *t, const struct erg_frame *f, uint64_t end_ns)
{
	struct erg_late *late = t->late;

	if (!late->on || erg_state_.begin_events ||
		!lttng_ust_tracepoint_enabled(ergtrace, layer_span) || erg_counters_moved(t, f))
		return false;
	if (late->n == LATE_MAX)
		write_all(late);
	late->one[late->n++] =
		(struct late_one){f->layer, f->iteration, f->epoch, f->begin_ns, end_ns};
	return true;
}

void erg_late_forked(struct erg_thread *t)
{
	if (t->late)
		*t->late = (struct erg_late){.on = false};
}

void erg_late_leave(struct erg_thread *t)
{
	if (t->late)
		write_all(t->late);
	free(t->late);
}

void erg_late_begin(struct erg_thread *t)
{
	if (!t->late)
		t->late = calloc(1, sizeof(*t->late));
	if (t->late)
		t->late->on = true;
}

void erg_late_write(struct erg_thread *t)
{
	if (!t->late)
		return;
	t->late->on = false;
	write_all(t->late);
}
