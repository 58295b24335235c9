/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_TRACE_ITT_H
#define ERG_TESTS_TRACE_ITT_H

/*
 * The program's side of ITT's binary interface: what ittnotify_static.c does when it meets
 * INTEL_LIBITTNOTIFY64, written for the tests.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "tracepoints/adapters/itt/itt_abi.h"

typedef void itt_task_begin(const struct itt_domain *, struct itt_id, struct itt_id,
	const struct itt_string *);
typedef void itt_task_end(const struct itt_domain *);
typedef void itt_task_end_id(const struct itt_domain *, struct itt_id);

enum {
	ITT_TASK_BEGIN,
	ITT_TASK_END,
	ITT_OVERLAPPED_BEGIN,
	ITT_OVERLAPPED_END,
	ITT_FRAME_BEGIN,
	ITT_MARKER,
	ITT_METADATA,
	ITT_METADATA_STR,
	ITT_METADATA_SCOPE,
	ITT_METADATA_STR_SCOPE,
	ITT_THREAD_NAME,
	ITT_DOMAIN_CREATE,
	ITT_UNKNOWN,
	ITT_CALLS,
};

static void *itt_fn[ITT_CALLS];
static int itt_builtin; /* stands for ITT's own functions */

static struct itt_api_info itt_list[] = {
	{"__itt_task_begin", &itt_fn[ITT_TASK_BEGIN], &itt_builtin, NULL, 0},
	{"__itt_task_end", &itt_fn[ITT_TASK_END], &itt_builtin, NULL, 0},
	{"__itt_task_begin_overlapped", &itt_fn[ITT_OVERLAPPED_BEGIN], &itt_builtin, NULL, 0},
	{"__itt_task_end_overlapped", &itt_fn[ITT_OVERLAPPED_END], &itt_builtin, NULL, 0},
	{"__itt_frame_begin_v3", &itt_fn[ITT_FRAME_BEGIN], &itt_builtin, NULL, 0},
	{"__itt_marker", &itt_fn[ITT_MARKER], &itt_builtin, NULL, 0},
	{"__itt_metadata_add", &itt_fn[ITT_METADATA], &itt_builtin, NULL, 0},
	{"__itt_metadata_str_add", &itt_fn[ITT_METADATA_STR], &itt_builtin, NULL, 0},
	{"__itt_metadata_add_with_scope", &itt_fn[ITT_METADATA_SCOPE], &itt_builtin, NULL, 0},
	{"__itt_metadata_str_add_with_scope", &itt_fn[ITT_METADATA_STR_SCOPE], &itt_builtin, NULL,
		0},
	{"__itt_thread_set_name", &itt_fn[ITT_THREAD_NAME], &itt_builtin, NULL, 0},
	{"__itt_domain_create", &itt_fn[ITT_DOMAIN_CREATE], &itt_builtin, NULL, 0},
	{"__itt_of_the_future", &itt_fn[ITT_UNKNOWN], &itt_builtin, NULL, 0},
	{NULL, NULL, NULL, NULL, 0},
};

/* False where no collector is asked for; exits where it cannot be had. */
static inline int itt_start(void)
{
	static struct itt_global global = {.api_list = itt_list};
	const char *path = getenv("INTEL_LIBITTNOTIFY64");
	itt_api_init *init;
	void *lib;

	for (int i = 0; i < ITT_CALLS; i++)
		itt_fn[i] = &itt_builtin;
	if (!path)
		return 0;
	lib = dlopen(path, RTLD_LAZY);
	*(void **)&init = lib ? dlsym(lib, "__itt_api_init") : NULL;
	if (!init) {
		fprintf(stderr, "itt: %s\n", dlerror());
		exit(1);
	}
	init(&global, 0xffff);
	return 1;
}

/* The function of a call, as TYPE. */
#define ITT_CALL(id, type) (*(type **)(void *)&itt_fn[id])

#endif
