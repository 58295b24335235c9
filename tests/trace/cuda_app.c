/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program with layers that launches kernels, on fake_cupti.c: conv1 launches two that touch and
 * one on another stream, an inner layer a copy, and one kernel belongs to no layer. The adapter is
 * loaded as the CUDA driver does it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/trace/fake_cupti.h"
#include "tracepoints/erg.h"

int main(void)
{
	const char *path = getenv("CUDA_INJECTION64_PATH");
	void *lib = path ? dlopen(path, RTLD_NOW) : NULL;
	uint32_t net = erg_network("net"), conv, inner;
	struct erg_layer_info info = {.size = sizeof(info), .name = "conv1", .type = "conv"};
	uint64_t end;
	int (*init)(void);

	*(void **)&init = lib ? dlsym(lib, "InitializeInjection") : NULL;
	if (!init || init() != 1) {
		fprintf(stderr, "cuda-app: %s\n", lib ? "InitializeInjection" : dlerror());
		return 1;
	}
	conv = erg_layer(net, &info);
	info.name = "inner";
	inner = erg_layer(conv, &info);
	erg_iteration(7);
	erg_begin(conv);
	end = fake_launch("gemm", 7, 0, 1000);
	fake_launch("relu", 7, end, 500);
	fake_launch("side", 8, 0, 100);
	erg_begin(inner);
	fake_launch(NULL, 7, end + 5000, 250);
	erg_end(inner);
	erg_end(conv);
	fake_launch("stray", 7, end + 9000, 10);
	printf("%s\n", end ? "on" : "off");
	return 0;
}
