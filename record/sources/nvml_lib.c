/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loading libnvidia-ml.so.1. It comes with the driver, not with a package we could link to, so it
 * is opened at run time; where it is missing, so are NVIDIA GPUs.
 */
#include "record/sources/nvml_lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "formats/base/library.h"
#include "formats/base/util.h"

#define SONAME "libnvidia-ml.so.1"

static const struct erg_library_function functions[] = {
	{"nvmlInit_v2", "nvmlInit", offsetof(struct erg_nvml, init), false},
	{"nvmlShutdown", NULL, offsetof(struct erg_nvml, shutdown), false},
	{"nvmlErrorString", NULL, offsetof(struct erg_nvml, error), false},
	{"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", offsetof(struct erg_nvml, count), false},
	{"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex",
		offsetof(struct erg_nvml, device), false},
	{"nvmlDeviceGetName", NULL, offsetof(struct erg_nvml, name), false},
	{"nvmlDeviceGetUUID", NULL, offsetof(struct erg_nvml, uuid), true},
	{"nvmlDeviceGetArchitecture", NULL, offsetof(struct erg_nvml, architecture), true},
	{"nvmlDeviceGetFieldValues", NULL, offsetof(struct erg_nvml, fields), true},
	{"nvmlDeviceGetTotalEnergyConsumption", NULL, offsetof(struct erg_nvml, energy), true},
	{"nvmlDeviceGetPowerUsage", NULL, offsetof(struct erg_nvml, power), true},
	{"nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit",
		offsetof(struct erg_nvml, power_limit), true},
	{"nvmlDeviceGetClockInfo", NULL, offsetof(struct erg_nvml, clock), true},
	{"nvmlDeviceGetUtilizationRates", NULL, offsetof(struct erg_nvml, utilization), true},
	{"nvmlDeviceGetTemperature", NULL, offsetof(struct erg_nvml, temperature), true},
	{"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons",
		offsetof(struct erg_nvml, event_reasons), true},
};

int erg_nvml_errno(int result)
{
	switch (result) {
	case ERG_NVML_SUCCESS:
		return 0;
	case ERG_NVML_INVALID_ARGUMENT:
		return -EINVAL;
	case ERG_NVML_NOT_SUPPORTED:
		return -ENOTSUP;
	case ERG_NVML_NO_PERMISSION:
		return -EACCES;
	case ERG_NVML_TIMEOUT:
		return -ETIMEDOUT;
	case ERG_NVML_UNINITIALIZED:
	case ERG_NVML_DRIVER_NOT_LOADED:
	case ERG_NVML_GPU_IS_LOST:
		return -ENODEV;
	default:
		return -EIO;
	}
}

static int load_nvml(struct erg_nvml *n, struct erg_err *err)
{
	int r;

	r = erg_library_open(&n->handle, SONAME, err);
	if (r < 0)
		return r;
	r = erg_library_fill(n, n->handle, SONAME, functions, ERG_ARRAY_SIZE(functions), err);
	if (r < 0)
		return r;
	n->simulated = dlsym(n->handle, "ergtrace_simulated") != NULL;
	r = n->init();
	if (r) {
		n->shutdown = NULL;
		return erg_fail(err, -ENODEV, SONAME ": %s", n->error(r));
	}
	return 0;
}

int erg_nvml_open(struct erg_nvml **ret, struct erg_err *err)
{
	struct erg_nvml *n = calloc(1, sizeof(*n));
	int r;

	if (!n)
		return erg_fail(err, -ENOMEM, "nvml: out of memory");
	n->users = 1;
	r = load_nvml(n, err);
	if (r < 0) {
		if (n->handle)
			dlclose(n->handle);
		free(n);
		return r;
	}
	*ret = n;
	return 0;
}

struct erg_nvml *erg_nvml_ref(struct erg_nvml *n)
{
	n->users++;
	return n;
}

void erg_nvml_unref(struct erg_nvml *n)
{
	if (!n || --n->users)
		return;
	n->shutdown();
	dlclose(n->handle);
	free(n);
}
