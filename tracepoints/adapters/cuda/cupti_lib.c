/* SPDX-License-Identifier: MIT */
/* The names are those of the libraries that CUDA 13, 12 and 11.6 to 11.8 install; 11.6 is the first
 * with cuptiActivityRegisterTimestampCallback. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "tracepoints/adapters/cuda/cupti_lib.h"

#define WHY_SIZE 160

static const char *const names[] = {"libcupti.so.13", "libcupti.so.12", "libcupti.so.11.8",
	"libcupti.so.11.7", "libcupti.so.11.6", "libcupti.so"};

static void *open_any(int flags)
{
	void *lib = NULL;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !lib; i++)
		lib = dlopen(names[i], flags);
	return lib;
}

bool erg_cupti_load(struct erg_cupti *ret, char *why)
{
	static const struct {
		const char *name;
		size_t offset;
	} functions[] = {
#define ROW(name) {#name, offsetof(struct erg_cupti, name)},
		ERG_CUPTI_FUNCTIONS(ROW)
#undef ROW
	};
	void *lib = open_any(RTLD_NOW | RTLD_NOLOAD);

	if (!lib)
		lib = open_any(RTLD_NOW);
	if (!lib) {
		snprintf(why, WHY_SIZE, "no libcupti of CUDA 11.6 or later is found");
		return false;
	}
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *f = dlsym(lib, functions[i].name);

		if (!f) {
			snprintf(why, WHY_SIZE, "this CUPTI has no %s", functions[i].name);
			return false;
		}
		memcpy((char *)ret + functions[i].offset, &f, sizeof(f));
	}
	return true;
}
