/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_INTERNAL_H
#define ERG_TRACEPOINTS_INTERNAL_H

/*
 * What the files of liberg share. Nothing of it is visible outside of the library.
 *
 * Who may call what: registry.c knows definitions and emits none; dump.c emits definitions;
 * counters.c reads counters; thread.c owns what belongs to a thread; pair.c is the fast path.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LTTNG_UST_TRACEPOINT_HIDDEN_DEFINITION
#define LTTNG_UST_TRACEPOINT_PROVIDER_HIDDEN_DEFINITION
#include "tracepoints/erg.h"
#include "tracepoints/live_page.h"
#include "tracepoints/provider.h"

#define ERG_DEPTH_RECORDED 64 /* deeper layers are followed, not recorded */
#define ERG_DEPTH_FOLLOWED 256
#define ERG_DEPTH_PLAUSIBLE 16 /* deeper, a layer within itself is taken for a missing end */
#define ERG_THREADS 1024       /* threads whose names are kept */
#define ERG_TEXT_MAX 512       /* longest name, type or marker on the wire, with its NUL */

/* ---- texts (text.c) ---- */

/* Writes SRC (NULL counts as "") into DST as valid UTF-8 of at most ERG_TEXT_MAX bytes with the
 * NUL. A byte that is no UTF-8 becomes '?'. A text that was changed ends in "~" and eight hex
 * digits of its hash, so different texts stay different. Returns the length. */
size_t erg_text_clean(char dst[ERG_TEXT_MAX], const char *src);

/* 64-bit FNV-1a. http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t erg_text_hash(uint64_t seed, const char *text, size_t len);
#define ERG_HASH_SEED 0xcbf29ce484222325u

/* ---- definitions (registry.c): append-only, read without a lock ---- */

struct erg_track_def {
	uint32_t track;
	char *name;
	uint8_t device;
};

struct erg_thread_def {
	uint32_t tid;
	const char *name;
};

struct erg_counter_def {
	uint32_t index;
	char *name;
	const char *origin;
};

/* Id of a network, module or layer. D->id is ignored; *ret_new says whether it was made now. 0 when
 * memory runs out. */
uint32_t erg_registry_layer(const struct erg_layer_def *d, bool *ret_new);
/* NULL for an id that is not defined. */
const struct erg_layer_def *erg_registry_get(uint32_t id);
uint32_t erg_registry_layers(void);
/* What the recorder's page calls it. */
uint32_t erg_registry_live(uint32_t id);

uint32_t erg_registry_track(const char *name, bool device, bool *ret_new);
const struct erg_track_def *erg_registry_track_get(uint32_t track);
uint32_t erg_registry_tracks(void);

/* NAME is the name of the thread TID from now on; false when it was already. */
bool erg_registry_thread(uint32_t tid, const char *name);
/* One of ERG_THREADS places for named threads; false when it is empty. */
bool erg_registry_thread_get(uint32_t place, struct erg_thread_def *ret);
/* In a forked child, with the lock held: of the parent's threads only OLD goes on, as TID. */
void erg_registry_threads_forked(uint32_t old, uint32_t tid);

void erg_registry_lock(void);
void erg_registry_unlock(void);

/* ---- emitting definitions (dump.c) ---- */

/* Starts to listen for sessions, and describes the process to those that record already. */
void erg_dump_init(void);
/* A function of the tracepoint library, which the provider has loaded; NULL if there is none. */
void *erg_lttng_symbol(const char *name);
/* Where LTTng tells nothing of new sessions: dumps if the set of sessions has changed. */
void erg_dump_if_changed(void);

/* ---- counters (counters.c) ---- */

struct erg_reading {
	uint64_t enabled, running;
	uint32_t n;
	int64_t values[ERG_MAX_COUNTERS];
};

struct erg_perf;
struct erg_frame;
struct erg_thread;

void erg_counters_init(const char *spec);
/* Counters of the process: first those of the kernel, then the application's. */
uint32_t erg_counters_n(void);
const struct erg_counter_def *erg_counters_get(uint32_t index);
uint32_t erg_counters_define(const char *name, bool *ret_new);
/* A reading is both: the kernel's counters, which cost, and the application's. */
void erg_counters_read_perf(struct erg_thread *t, struct erg_reading *ret);
void erg_counters_read_app(const struct erg_thread *t, struct erg_reading *ret);
/* Copies the kernel's part. */
void erg_counters_copy(struct erg_reading *to, const struct erg_reading *from);
/* Whether the layer of F, one of the thread's recorded frames, has something of its own in the counters: the
 * kernel's always, the application's where they moved. */
bool erg_counters_moved(const struct erg_thread *t, const struct erg_frame *f);
/* ret = end - begin, missing values stay INT64_MIN. */
void erg_counters_diff(const struct erg_reading *begin, const struct erg_reading *end,
	struct erg_reading *ret);

/* ---- groups of perf events of one thread (perf_group.c) ---- */

struct erg_perf_spec {
	char *name;
	uint32_t type;
	uint64_t config, config1, config2;
};

/* Opens the counters of the calling thread, and with INHERIT of the threads and processes that it
 * will start; NULL when none could be opened. */
struct erg_perf *erg_perf_open(const struct erg_perf_spec *specs, uint32_t n, bool inherit);
void erg_perf_close(struct erg_perf *p);
/* Fills values[0 … n) of the specs and the two times; a counter that is not there: INT64_MIN. */
void erg_perf_read(struct erg_perf *p, uint32_t n, struct erg_reading *ret);

struct perf_event_mmap_page;
/* Reads one counter without the kernel (rdpmc.c); false where that is not possible now. */
bool erg_rdpmc_read(const struct perf_event_mmap_page *page, int64_t *ret_value,
	uint64_t *ret_enabled, uint64_t *ret_running);
bool erg_rdpmc_possible(const struct perf_event_mmap_page *page);
/* Of the processor (rdpmc_*.c): what config1 of an event of TYPE has to be read so; a counter, and the clock. */
uint64_t erg_rdpmc_config1(uint32_t type);
uint64_t erg_rdpmc_counter(uint32_t counter);
uint64_t erg_rdpmc_clock(void);

/* ---- what belongs to a thread (thread.c) ---- */

struct erg_frame {
	uint32_t layer;
	uint32_t iteration;
	uint64_t begin_ns;
	uint32_t epoch;
	uint32_t live; /* what the recorder's page calls the layer (live.c) */
};

/* Readings of the recorded frames, only where counters exist. */
struct erg_readings {
	struct erg_reading at[ERG_DEPTH_RECORDED];
	struct erg_reading last;
	uint64_t at_ns[ERG_DEPTH_RECORDED]; /* when they were made */
	uint64_t last_ns;                   /* the same of .last; 0: not usable */
};

struct erg_thread {
	uint32_t depth;
	uint32_t iteration;
	bool perf_tried;
	struct erg_perf *perf;
	struct erg_readings *readings;
	struct erg_deferred
		*deferred; /* layers that have ended and are not written; NULL: none ever */
	struct erg_live_thread *live; /* its line of the recorder's page */
	bool live_owned;              /* nobody else writes there */
	int64_t app[ERG_MAX_COUNTERS];
	struct erg_frame frames[ERG_DEPTH_FOLLOWED];
};

extern __thread struct erg_thread *erg_self_ __attribute__((tls_model("initial-exec")));

void erg_thread_init(void);
/* NULL when memory runs out. */
struct erg_thread *erg_thread_make(void);
/* Forget what a forked child has of its parent: open layers and counters. */
void erg_thread_forked(void);

static inline struct erg_thread *erg_thread_self(void)
{
	return erg_self_ ? erg_self_ : erg_thread_make();
}

/* ---- layers that are written after their end (deferred.c) ---- */

#define ERG_TRACK_OWN UINT32_MAX /* of a span: the thread that writes it */

/* From here on they are kept; where memory runs out they are not. */
void erg_deferred_begin(struct erg_thread *t);
/* Whether the layer of F, which ends, was kept. The thread has been asked to at some time (t->deferred). */
bool erg_deferred_keep(struct erg_thread *t, const struct erg_frame *f, uint64_t end_ns);
/* Writes what is kept, and keeps no more. */
void erg_deferred_write(struct erg_thread *t);
/* What a forked child finds is its parent's. */
void erg_deferred_forked(struct erg_thread *t);
/* The thread ends. */
void erg_deferred_leave(struct erg_thread *t);

/* ---- what the recorder is told (live.c) ---- */

/* Maps the page at PATH (NULL: none) into erg_state_.live. */
void erg_live_init(const char *path);
/* What the page calls a layer: its level and its place (ERG_LIVE_NOWHERE if it found none) in one number,
 * which is never 0. All that have its level, network and name share the place. */
uint32_t erg_live_name(const struct erg_layer_def *d);
/* The name of what is not counted. */
#define ERG_LIVE_UNKNOWN (ERG_LIVE_LEVELS << ERG_LIVE_PLACE_BITS | ERG_LIVE_NOWHERE)
/* The rest is only for where there is a page. The thread is in the layer of this name, 0: in none. */
void erg_live_now(struct erg_thread *t, uint32_t name);
/* The layer of this name ran once, and the thread is back in the layer BACK. */
void erg_live_ended(struct erg_thread *t, uint32_t name, uint32_t back);
/* The layer of this name ran once for DUR_NS, in no thread. */
void erg_live_span(struct erg_thread *t, uint32_t name, uint64_t dur_ns);
/* The thread ends. */
void erg_live_leave(struct erg_thread *t);

/* ---- hooks (hook.c) ---- */

/* A hook and its data, which are read together: never changed and never freed once they are made. */
struct erg_hook {
	union {
		void (*sync)(void *data);
		void (*follow)(void *data, uint32_t layer, uint32_t iteration, int begin);
	};
	void *data;
	struct erg_hook *next;
};

/* ---- state that all parts look at (state.c) ---- */

struct erg_state {
	_Atomic uint32_t epoch;    /* raised when recording starts again after a pause */
	_Atomic uint32_t counters; /* number of counters */
	bool begin_events;
	bool poll_sessions;   /* erg_dump_if_changed() is needed */
	_Atomic bool forked;  /* LTTng has not been told yet that this is a forked child (fork.c) */
	void (*settle)(void); /* what does it then: there whenever forked is */
	struct erg_hook *_Atomic sync;
	struct erg_hook *_Atomic follow;
	struct erg_live_page *live; /* set when the library is loaded; NULL: none */
};

extern struct erg_state erg_state_;

/* Finishes a fork. To be called before anything is emitted or asked of a tracepoint. */
static inline void erg_fork_settle(void)
{
	if (erg_unlikely_(atomic_load_explicit(&erg_state_.forked, memory_order_relaxed)))
		erg_state_.settle();
}

/* Emits a marker once per process and reason. */
void erg_notice(_Atomic bool *said, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
