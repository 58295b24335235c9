/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LIVE_PAGE_H
#define ERG_TRACEPOINTS_LIVE_PAGE_H

/*
 * The page of memory by which the recorder knows, before anybody has decoded the trace, which layers
 * the programs that it started have run, how often, and which of them run at this moment: for its
 * summary, and for who looks at the recording while it goes on (erg-record top).
 *
 * The recorder makes it (a memory file) and names it in the environment variable ERG_LIVE; liberg maps
 * it when it is loaded. A layer costs an addition and two stores to a cache line of the thread's own,
 * whether somebody looks or not; the first ERG_LIVE_OWNED threads have such a line for themselves, later
 * ones share the others and add with the bus locked. Nothing waits and nothing fails: what finds no room is
 * counted as that.
 *
 * Who looks now and then at what each thread is in knows the layers' shares of the time, as a profiler
 * does, and no program takes a time for it.
 *
 * It is not the recording: it has neither the layers of programs that ran before the recorder, nor of
 * those that could not open it, and the layers in it may have been lost on their way to the trace.
 */
#include <stdatomic.h>
#include <stdint.h>

#define ERG_LIVE_NAME "erg-live" /* of the memory file */
#define ERG_LIVE_MAGIC 0x3145564c47524523u
#define ERG_LIVE_VERSION 3u
#define ERG_LIVE_LAYERS 4096u /* places; a power of two */
#define ERG_LIVE_PROBES 64u   /* places that are tried for a layer */
#define ERG_LIVE_THREADS 256u /* lines */
#define ERG_LIVE_OWNED 128u   /* of them, with one writer each; threads share the rest */
#define ERG_LIVE_LEVELS 3u    /* network, module, layer: enum erg_level */

/* Of a thread's `now`: the place of its innermost layer, and above it how often that has changed. */
#define ERG_LIVE_PLACE_BITS 13u
#define ERG_LIVE_PLACE_MASK ((1u << ERG_LIVE_PLACE_BITS) - 1)
#define ERG_LIVE_NOWHERE ERG_LIVE_PLACE_MASK /* in a layer that found no place; 0: in none */

/* A layer of all processes that name it alike. */
struct erg_live_layer {
	_Atomic uint64_t key;   /* hash of level, network and name; 0: free */
	_Atomic uint32_t ready; /* level and names are written */
	uint32_t level;
	_Atomic uint64_t seen;      /* it ran */
	_Atomic uint64_t span_ns;   /* time of its spans (erg_span), which no thread is in */
	char network[32], name[72]; /* UTF-8, cut */
};

struct erg_live_thread {
	_Alignas(64) _Atomic uint64_t calls[ERG_LIVE_LEVELS];
	_Atomic uint64_t now;     /* changes << ERG_LIVE_PLACE_BITS | place + 1 */
	_Atomic uint32_t process; /* whose it is, as it knows itself */
};

struct erg_live_page {
	uint64_t magic;
	uint32_t version, size;        /* sizeof(struct erg_live_page) */
	_Atomic uint32_t next_thread;  /* lines given out */
	_Atomic uint64_t without_room; /* definitions of layers that found no place */
	struct erg_live_thread threads[ERG_LIVE_THREADS];
	struct erg_live_layer layers[ERG_LIVE_LAYERS];
};

#endif
