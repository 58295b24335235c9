/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_TRACE_NVTX_H
#define ERG_TESTS_TRACE_NVTX_H

/*
 * The program's side of NVTX's binary interface: what NVIDIA's header does when it meets
 * NVTX_INJECTION64_PATH, written for the tests.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "tracepoints/adapters/nvtx/nvtx_abi.h"

static nvtx_function nvtx_core_fn[NVTX_CORE_SIZE], nvtx_core2_fn[NVTX_CORE2_SIZE];
static nvtx_function *nvtx_core_table[NVTX_CORE_SIZE], *nvtx_core2_table[NVTX_CORE2_SIZE];
static uint32_t nvtx_version_of_injection;

static int nvtx_get_module(int module, nvtx_function ***ret_table, unsigned *ret_size)
{
	if (module == NVTX_MODULE_CORE)
		return *ret_table = nvtx_core_table, *ret_size = NVTX_CORE_SIZE, 1;
	if (module == NVTX_MODULE_CORE2)
		return *ret_table = nvtx_core2_table, *ret_size = NVTX_CORE2_SIZE, 1;
	return 0;
}

static void nvtx_set_version(uint32_t version)
{
	nvtx_version_of_injection = version;
}

static const void *nvtx_export(uint32_t id)
{
	static const struct nvtx_callbacks callbacks = {sizeof(callbacks), nvtx_get_module};
	static const struct nvtx_version_info info = {sizeof(info), 3, 0, nvtx_set_version};

	return id == NVTX_TABLE_CALLBACKS  ? (const void *)&callbacks
		: id == NVTX_TABLE_VERSION ? (const void *)&info
					   : NULL;
}

/* The slots of an extension module after the library has filled them; exits where it does not. */
static inline intptr_t *nvtx_extension(uint16_t module)
{
	static intptr_t slots[2][63];
	struct nvtx_ext_segment segment = {0, 63, slots[module == NVTX_MODULE_COUNTERS]};
	struct nvtx_ext_module m = {3, sizeof(m), module, 0x0104, 1, &segment, NULL, NULL};
	void *lib = dlopen(getenv("NVTX_INJECTION64_PATH"), RTLD_LAZY);
	int (*init)(struct nvtx_ext_module *);

	*(void **)&init = lib ? dlsym(lib, "InitializeInjectionNvtxExtension") : NULL;
	if (!init || !init(&m)) {
		fprintf(stderr, "nvtx: the extension module %d does not initialize\n", module);
		exit(1);
	}
	return segment.slots;
}

/* False where no injection is asked for; exits where it cannot be had. */
static inline int nvtx_start(void)
{
	const char *path = getenv("NVTX_INJECTION64_PATH");
	nvtx_initialize init;
	void *lib;

	for (int i = 1; i < NVTX_CORE_SIZE; i++)
		nvtx_core_table[i] = &nvtx_core_fn[i];
	for (int i = 1; i < NVTX_CORE2_SIZE; i++)
		nvtx_core2_table[i] = &nvtx_core2_fn[i];
	if (!path)
		return 0;
	lib = dlopen(path, RTLD_LAZY);
	if (!lib) {
		fprintf(stderr, "nvtx: %s\n", dlerror());
		exit(1);
	}
	*(void **)&init = dlsym(lib, "InitializeInjectionNvtx2");
	if (!init || !init(nvtx_export)) {
		fprintf(stderr, "nvtx: %s does not initialize\n", path);
		exit(1);
	}
	return 1;
}

#define NVTX_CORE(id, type) ((type)(void (*)(void))nvtx_core_fn[id])
#define NVTX_CORE2(id, type) ((type)(void (*)(void))nvtx_core2_fn[id])

#endif
