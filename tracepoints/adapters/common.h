/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ADAPTERS_COMMON_H
#define ERG_TRACEPOINTS_ADAPTERS_COMMON_H

/*
 * What the adapters share: turning the ranges of some other annotation API, which begin and end by
 * name, into layers. Every adapter library contains its own copy.
 *
 * A thread has one stack of open ranges, whatever the scopes (domains, channels) they belong to.
 * Ranges are followed also while nothing records, so that an end always finds its beginning; only
 * those that began while something recorded have a layer.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tracepoints/erg.h"

#define ERG_RANGES_MAX 64
#define ERG_CACHE_SIZE 256 /* a power of two */

enum erg_range_level { ERG_RANGE_SKIP, ERG_RANGE_NETWORK, ERG_RANGE_MODULE, ERG_RANGE_LAYER };

struct erg_range {
	const void *scope;
	uint32_t layer; /* 0: begun while nothing recorded */
	/* for the adapter: what it calls the range; NULL and 0 until it says */
	const void *name;
	uint64_t id;
};

struct erg_adapter_thread {
	uint32_t depth;
	uint32_t overflow; /* ranges begun beyond ERG_RANGES_MAX */
	uint32_t iteration;
	struct erg_range at[ERG_RANGES_MAX];
	struct {
		uint64_t hash;
		uint32_t id;
	} cache[ERG_CACHE_SIZE];
};

/* What belongs to the calling thread; NULL when memory runs out. */
struct erg_adapter_thread *erg_adapter_self(void);

/* Id of the range NAME within PARENT; extra may be NULL, or hold shapes and MACs (its name and type
 * are not used). Remembers the last ids by a 64-bit hash. SKIP gives 0. */
uint32_t erg_adapter_id(struct erg_adapter_thread *t, enum erg_range_level level, uint32_t parent,
	const char *name, const char *type, const struct erg_layer_info *extra);

/* The id if the thread remembers it, else 0. */
uint32_t erg_adapter_known(const struct erg_adapter_thread *t, enum erg_range_level level,
	uint32_t parent, const char *name);

/* The innermost layer of SCOPE that is open, or OTHERWISE; how many ranges of SCOPE are open. */
uint32_t erg_adapter_parent(const struct erg_adapter_thread *t, const void *scope,
	uint32_t otherwise);
int erg_adapter_depth(const struct erg_adapter_thread *t, const void *scope);

/* Begins and ends a range. An end that is not that of the innermost range of the thread becomes a
 * span of its own. False if no range of SCOPE is open. */
void erg_adapter_push(struct erg_adapter_thread *t, const void *scope, uint32_t layer);
bool erg_adapter_pop(struct erg_adapter_thread *t, const void *scope);

/* The adapter's one lock. A fork waits for it, so that a child never finds it taken by a thread that
 * it does not have. */
void erg_adapter_lock(void);
void erg_adapter_unlock(void);

/* For a library that loads liberg late (lazy.h): liberg is there now. */
void erg_adapter_loaded(void);

/* For a preloaded library: the function SYMBOL of another object than the one that OWN is an address of:
 * the next one in the order of loading, or else of any object that the program has loaded, also
 * privately. NULL if there is none. */
void *erg_adapter_next(const char *symbol, uintptr_t own);

/* The name of the program, for what is given no name of its own. */
const char *erg_adapter_program(void);
/* The network of the program: $ERG_NETWORK, or the program's name. */
uint32_t erg_adapter_network(void);

/* UTF-8 of a wide string (at most 4 KiB of it), to be freed; NULL for NULL. */
char *erg_adapter_narrow(const wchar_t *text);

#endif
