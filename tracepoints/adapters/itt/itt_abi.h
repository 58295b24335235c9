/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ITT_ABI_H
#define ERG_TRACEPOINTS_ITT_ABI_H

/*
 * The binary interface between ITT's static part, which is linked into a program or library, and a
 * collector, as Intel's public ittapi uses it (https://github.com/intel/ittapi, ittnotify_config.h
 * and ittnotify_static.c), in our own words.
 *
 * The static part opens $INTEL_LIBITTNOTIFY64 and calls __itt_api_init of it with its global state.
 * api_list names every call with the address of the program's function pointer; the collector
 * stores its own function there, or null_func where it has none. Domains and string handles are
 * made by the static part itself if their creation is left as it is.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct itt_api_info {
	const char *name; /* NULL ends the list */
	void **func_ptr;
	void *init_func;
	void *null_func;
	unsigned group;
};

struct itt_global {
	unsigned char magic[8];
	unsigned long version_major, version_minor, version_build;
	volatile long api_initialized, mutex_initialized, atomic_counter;
	pthread_mutex_t mutex;
	void *lib;
	void *error_handler;
	const char **dll_path;
	struct itt_api_info *api_list;
	/* More follows that we do not look at. */
};

struct itt_domain {
	volatile int flags; /* 0: switched off */
	const char *name;
	void *name_w;
	int extra1;
	void *extra2;
	struct itt_domain *next;
};

struct itt_string {
	const char *text;
	void *text_w;
	int extra1;
	void *extra2;
	struct itt_string *next;
};

struct itt_id {
	unsigned long long d1, d2, d3;
};

enum itt_metadata_type {
	ITT_METADATA_U64 = 1,
	ITT_METADATA_S64,
	ITT_METADATA_U32,
	ITT_METADATA_S32,
	ITT_METADATA_U16,
	ITT_METADATA_S16,
	ITT_METADATA_FLOAT,
	ITT_METADATA_DOUBLE,
};

enum { ITT_SCOPE_TASK = 4 };

typedef void itt_api_init(struct itt_global *global, unsigned groups);

#endif
