/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_LIVE_PAGE_H
#define ERG_TRACEPOINTS_LIVE_PAGE_H

/*
 * The page of memory by which the recorder knows, before anybody has decoded the trace, which layers
 * the programs that it started have run, and how often: for its summary.
 *
 * The recorder makes it (a memory file) and names it in the environment variable ERG_LIVE; liberg maps
 * it when it is loaded. A layer costs one addition to a cache line of the thread's own. Nothing waits
 * and nothing fails: what finds no room is counted as that.
 *
 * It is not the recording: it has neither the layers of programs that ran before the recorder, nor of
 * those that could not open it, and the layers in it may have been lost on their way to the trace.
 */
#include <stdatomic.h>
#include <stdint.h>

#define ERG_LIVE_MAGIC 0x3145564c47524523u
#define ERG_LIVE_VERSION 1u
#define ERG_LIVE_LAYERS 4096u /* places; a power of two */
#define ERG_LIVE_PROBES 64u   /* places that are tried for a layer */
#define ERG_LIVE_THREADS 256u /* lines; more threads share them */
#define ERG_LIVE_LEVELS 3u    /* network, module, layer: enum erg_level */

/* A layer of all processes that name it alike. */
struct erg_live_layer {
	_Atomic uint64_t key;   /* hash of level, network and name; 0: free */
	_Atomic uint32_t ready; /* the level is written */
	uint32_t level;
	_Atomic uint64_t seen; /* it ran */
};

struct erg_live_thread {
	_Alignas(64) _Atomic uint64_t calls[ERG_LIVE_LEVELS];
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
