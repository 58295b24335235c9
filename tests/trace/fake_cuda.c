/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for the CUDA driver, for tests/hw/kernels.py: what is launched takes 1 ms of a device
 * that does one thing after another, and is told to the stand-in of CUPTI. Loads what
 * CUDA_INJECTION64_PATH names, as the driver does.
 */
#include <cuda.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/trace/fake_cupti.h"

#define WORK_NS 1000000u
#define GAP_NS 5000u /* between two kernels */

static uint64_t end_ns; /* of all that was launched */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void launch(const char *name)
{
	struct fake_work w = {.name = name, .stream = 7, .begin = end_ns + GAP_NS, .ns = WORK_NS};

	if (w.begin < now_ns())
		w.begin = now_ns();
	end_ns = w.begin + w.ns;
	fake_launch(&w);
}

CUresult CUDAAPI cuInit(unsigned int flags)
{
	const char *path = getenv("CUDA_INJECTION64_PATH");
	void *lib = path ? dlopen(path, RTLD_NOW) : NULL;
	int (*init)(void);

	*(void **)&init = lib ? dlsym(lib, "InitializeInjection") : NULL;
	return flags || (init && init() != 1) ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}

static CUresult valid(bool arguments)
{
	return arguments ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult CUDAAPI cuDriverGetVersion(int *ret)
{
	*ret = CUDA_VERSION;
	return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice *ret, int ordinal)
{
	*ret = ordinal;
	return valid(ordinal == 0);
}

CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext *ret, CUdevice device)
{
	*ret = (CUcontext)&end_ns;
	return valid(device == 0);
}

CUresult CUDAAPI cuCtxSetCurrent(CUcontext context)
{
	return valid(context == (CUcontext)&end_ns);
}

CUresult CUDAAPI cuModuleLoadData(CUmodule *ret, const void *image)
{
	*ret = (CUmodule)image;
	return valid(strstr(image, ".entry"));
}

/* A function is its name. */
CUresult CUDAAPI cuModuleGetFunction(CUfunction *ret, CUmodule module, const char *name)
{
	*ret = (CUfunction)strdup(name);
	return valid(module);
}

CUresult CUDAAPI cuMemAlloc(CUdeviceptr *ret, size_t size)
{
	*ret = 1;
	return valid(size > 0);
}

CUresult CUDAAPI cuMemsetD8(CUdeviceptr at, unsigned char value, size_t size)
{
	return valid(at == 1 && value == 0 && size > 0);
}

CUresult CUDAAPI cuMemcpyHtoD(CUdeviceptr at, const void *from, size_t size)
{
	launch(NULL);
	return valid(at == 1 && from && size > 0);
}

CUresult CUDAAPI cuLaunchKernel(CUfunction f, unsigned int gx, unsigned int gy, unsigned int gz,
	unsigned int bx, unsigned int by, unsigned int bz, unsigned int shared, CUstream stream,
	void **parameters, void **extra)
{
	launch((const char *)f);
	return valid(gx && gy && gz && bx && by && bz && !shared && !stream && parameters &&
		*(CUdeviceptr *)parameters[0] == 1 && !extra);
}

CUresult CUDAAPI cuCtxSynchronize(void)
{
	struct timespec ts = {(time_t)(end_ns / 1000000000u), (long)(end_ns % 1000000000u)};

	return valid(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == 0);
}
