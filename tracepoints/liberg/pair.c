/* SPDX-License-Identifier: MIT */
/*
 * The fast path: the two calls around every layer. One event is written per layer, at its end,
 * with the beginning in its payload; between the two calls the thread's own stack remembers.
 *
 * What the program does is not always tidy, and a session may come and go at any moment:
 * - an end pops down to the frame that it matches: frames above it were left by an exception or
 *   longjmp, and are dropped, because nobody knows when they ended; an end that matches nothing
 *   (begun before the session) is ignored;
 * - when recording starts again after a pause, `epoch` is raised, and frames from before the pause
 *   no longer match: their end may have been missed;
 * - frames that are left again and again without an end would pile up: in a nest deeper than
 *   ERG_DEPTH_PLAUSIBLE a layer that is begun inside itself is taken for such a case, and its
 *   older frame is dropped with all above it;
 * - frames deeper than ERG_DEPTH_RECORDED are followed, so that their ends find them, and not
 *   recorded.
 *
 * The kernel's counters are read by one read(2) at either boundary. A layer that begins within a
 * microsecond of the thread's last reading takes that reading as its own, so layers that follow
 * each other cost one reading each; its end is always read afresh. What a layer can gain by that
 * is what its thread counted in this microsecond. When an end's reading was made is known without
 * asking the clock again: the counters' own time (time_enabled) has moved on with them. That time
 * stands still while the thread does not run, so the reading can only be younger than is believed.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tracepoints/liberg/internal.h"

#define READING_SHARED_NS 1000u

const int *const erg_enabled_[2] = {
	&ERG_TRACEPOINT(layer).state,
	&ERG_TRACEPOINT(layer_counted).state,
};

static inline uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t erg_now_ns(void)
{
	return now_ns();
}

void erg_iteration(uint32_t iteration)
{
	struct erg_thread *t = erg_thread_self();

	if (t)
		t->iteration = iteration;
}

/* Returns the beginning of the layer: now, after its counters have been read if they must be. */
static __attribute__((noinline)) uint64_t begin_counted(struct erg_thread *t, uint32_t at)
{
	struct erg_readings *r = t->readings;
	uint64_t now = now_ns();

	if (at >= ERG_DEPTH_RECORDED)
		return now;
	if (!r && !(r = t->readings = calloc(1, sizeof(*r))))
		return now;
	if (now - r->last_ns > READING_SHARED_NS) {
		erg_counters_read_perf(t, &r->last);
		r->last_ns = now = now_ns();
	}
	r->at_ns[at] = r->last_ns;
	erg_counters_copy(&r->at[at], &r->last);
	erg_counters_read_app(t, &r->at[at]);
	return now;
}

static __attribute__((noinline)) void end_counted(struct erg_thread *t, const struct erg_frame *f)
{
	struct erg_readings *r = t->readings;
	struct erg_reading diff;

	/* Begun before the first counter was defined: it stood at 0 then. */
	if (!r && !(r = t->readings = calloc(1, sizeof(*r)))) {
		lttng_ust_tracepoint(ergtrace, layer, f->layer, f->iteration, f->begin_ns);
		return;
	}
	erg_counters_read_perf(t, &r->last);
	erg_counters_read_app(t, &r->last);
	erg_counters_diff(&r->at[f - t->frames], &r->last, &diff);
	lttng_ust_tracepoint(ergtrace, layer_counted, f->layer, f->iteration, f->begin_ns,
		diff.enabled, diff.running, diff.values, diff.n);
	if (!lttng_ust_tracepoint_enabled(ergtrace, layer_counted))
		lttng_ust_tracepoint(ergtrace, layer, f->layer, f->iteration, f->begin_ns);
	r->last_ns = r->at_ns[f - t->frames] + diff.enabled;
}

/* Tells who follows the layers of the frames from DEPTH up, the innermost first. */
static __attribute__((noinline)) void follow_ends(const struct erg_thread *t, uint32_t from,
	uint32_t depth)
{
	const struct erg_hook *hook = atomic_load(&erg_state_.follow);

	for (uint32_t i = from; hook && i > depth; i--)
		hook->follow(hook->data, t->frames[i - 1].layer, t->frames[i - 1].iteration, 0);
}

/* Tells who follows of the layers of the frames from FROM up, the outermost first. */
static __attribute__((noinline)) void follow_begins(const struct erg_thread *t, uint32_t from)
{
	const struct erg_hook *hook = atomic_load(&erg_state_.follow);

	for (uint32_t i = from; hook && i < t->depth; i++)
		hook->follow(hook->data, t->frames[i].layer, t->frames[i].iteration, 1);
}

/* Removes the frames from before the last pause. Epochs only grow, so these are the lowest ones. */
static __attribute__((noinline)) void purge(struct erg_thread *t, uint32_t epoch)
{
	uint32_t n = 0, recorded;

	while (n < t->depth && t->frames[n].epoch != epoch)
		n++;
	follow_ends(t, n, 0);
	t->depth -= n;
	memmove(t->frames, t->frames + n, t->depth * sizeof(t->frames[0]));
	recorded = n + t->depth < ERG_DEPTH_RECORDED ? t->depth : ERG_DEPTH_RECORDED - n;
	if (t->readings && n < ERG_DEPTH_RECORDED) {
		memmove(t->readings->at, t->readings->at + n,
			recorded * sizeof(t->readings->at[0]));
		memmove(t->readings->at_ns, t->readings->at_ns + n, recorded * sizeof(uint64_t));
	}
}

static __attribute__((noinline)) void too_deep(void)
{
	static _Atomic bool said;

	erg_notice(&said, "erg: layers nested deeper than %d are not recorded", ERG_DEPTH_RECORDED);
}

/* A deep nest in which LAYER is open already: it was left without an end, with all above it. */
static __attribute__((noinline)) void drop_left(struct erg_thread *t, uint32_t layer)
{
	static _Atomic bool said;
	uint32_t i = 0;

	while (i < t->depth && t->frames[i].layer != layer)
		i++;
	if (i == ERG_DEPTH_FOLLOWED) {
		erg_notice(&said, "erg: %d layers begun and not ended are forgotten",
			ERG_DEPTH_FOLLOWED);
		i = 0;
	}
	follow_ends(t, t->depth, i);
	t->depth = i;
}

static __attribute__((noinline)) void tell_begun(struct erg_thread *t, struct erg_frame *f)
{
	f->live = erg_registry_live(f->layer);
	erg_live_now(t, f->live);
}

/* What the page calls the layer that the thread is in; 0: in none. */
static inline uint32_t live_innermost(const struct erg_thread *t)
{
	return t->depth ? t->frames[t->depth - 1].live : 0;
}

void erg_begin_(uint32_t layer)
{
	struct erg_thread *t = erg_thread_self();
	const struct erg_hook *hook;
	struct erg_frame *f;
	uint32_t epoch;

	if (!t || !layer)
		return;
	erg_fork_settle();
	epoch = atomic_load_explicit(&erg_state_.epoch, memory_order_relaxed);
	if (erg_unlikely_(t->depth >= ERG_DEPTH_PLAUSIBLE))
		drop_left(t, layer);
	f = &t->frames[t->depth];
	f->layer = layer;
	f->iteration = t->iteration;
	f->epoch = epoch;
	t->depth++;
	if (erg_unlikely_(erg_state_.live != NULL))
		tell_begun(t, f);
	if (erg_unlikely_(erg_state_.begin_events))
		lttng_ust_tracepoint(ergtrace, layer_begin, layer, t->iteration);
	if (erg_unlikely_(atomic_load_explicit(&erg_state_.counters, memory_order_relaxed)))
		f->begin_ns = begin_counted(t, t->depth - 1);
	else
		f->begin_ns = now_ns();
	hook = atomic_load_explicit(&erg_state_.follow, memory_order_acquire);
	if (erg_unlikely_(hook != NULL))
		hook->follow(hook->data, layer, t->iteration, 1);
}

/* Pops down to the frame of LAYER and returns it; NULL, and nothing popped, if there is none. */
static inline const struct erg_frame *pop(struct erg_thread *t, uint32_t layer)
{
	uint32_t epoch = atomic_load_explicit(&erg_state_.epoch, memory_order_relaxed);

	for (uint32_t i = t->depth; i > 0; i--) {
		struct erg_frame *f = &t->frames[i - 1];

		if (erg_unlikely_(f->epoch != epoch)) {
			purge(t, epoch);
			return NULL;
		}
		if (f->layer == layer) {
			if (erg_unlikely_(atomic_load_explicit(&erg_state_.follow,
						  memory_order_relaxed) != NULL))
				follow_ends(t, t->depth, i - 1);
			t->depth = i - 1;
			return f;
		}
	}
	return NULL;
}

static __attribute__((noinline)) void tell_ended(struct erg_thread *t, const struct erg_frame *f)
{
	if (f - t->frames < ERG_DEPTH_RECORDED)
		erg_live_ended(t, f->live, live_innermost(t));
	else
		erg_live_now(t, live_innermost(t));
}

void erg_end_(uint32_t layer)
{
	struct erg_thread *t = erg_self_;
	const struct erg_frame *f;
	const struct erg_hook *hook;

	if (!t)
		return;
	hook = atomic_load_explicit(&erg_state_.sync, memory_order_acquire);
	if (erg_unlikely_(hook != NULL))
		hook->sync(hook->data);
	f = pop(t, layer);
	if (erg_unlikely_(!f))
		return;
	if (erg_unlikely_(erg_state_.live != NULL))
		tell_ended(t, f);
	if (erg_unlikely_(erg_state_.poll_sessions))
		erg_dump_if_changed();
	if (erg_unlikely_(f - t->frames >= ERG_DEPTH_RECORDED)) {
		too_deep();
		return;
	}
	if (erg_unlikely_(t->deferred != NULL) && erg_deferred_keep(t, f, now_ns()))
		return;
	if (erg_unlikely_(atomic_load_explicit(&erg_state_.counters, memory_order_relaxed)))
		end_counted(t, f);
	else
		lttng_ust_tracepoint(ergtrace, layer, f->layer, f->iteration, f->begin_ns);
}

void erg_defer(void)
{
	struct erg_thread *t = erg_enabled() ? erg_thread_self() : NULL;

	if (t)
		erg_deferred_begin(t);
}

void erg_flush(void)
{
	if (!erg_self_)
		return;
	erg_fork_settle();
	erg_deferred_write(erg_self_);
}

void erg_end_overlapping(uint32_t layer, uint32_t track)
{
	struct erg_thread *t = erg_self_;
	struct erg_frame f;
	uint32_t i;

	if (!t)
		return;
	for (i = t->depth; i > 0 && t->frames[i - 1].layer != layer; i--)
		;
	if (!i)
		return;
	f = t->frames[i - 1];
	follow_ends(t, t->depth, i - 1);
	memmove(&t->frames[i - 1], &t->frames[i], (t->depth - i) * sizeof(f));
	if (t->readings && t->depth <= ERG_DEPTH_RECORDED) {
		memmove(&t->readings->at[i - 1], &t->readings->at[i],
			(t->depth - i) * sizeof(t->readings->at[0]));
		memmove(&t->readings->at_ns[i - 1], &t->readings->at_ns[i],
			(t->depth - i) * sizeof(uint64_t));
	}
	t->depth--;
	if (erg_state_.live)
		erg_live_now(t, live_innermost(t));
	follow_begins(t, i - 1);
	if (track && f.epoch == atomic_load_explicit(&erg_state_.epoch, memory_order_relaxed))
		erg_span(layer, f.iteration, f.begin_ns, now_ns(), track);
}

void erg_span(uint32_t layer, uint32_t iteration, uint64_t begin_ns, uint64_t end_ns,
	uint32_t track)
{
	struct erg_thread *t;

	if (!layer || end_ns < begin_ns)
		return;
	erg_fork_settle();
	if (erg_unlikely_(erg_state_.live != NULL) &&
		lttng_ust_tracepoint_enabled(ergtrace, layer_span) && (t = erg_thread_self()))
		erg_live_span(t, erg_registry_live(layer), end_ns - begin_ns);
	lttng_ust_tracepoint(ergtrace, layer_span, layer, iteration, begin_ns, end_ns, track);
}
