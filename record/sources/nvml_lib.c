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

#include "formats/base/util.h"

#define SONAME "libnvidia-ml.so.1"

static const struct symbol {
	const char *name, *older; /* older: tried when name is missing */
	size_t offset;
	bool needed;
} symbols[] = {
	{"nvmlInit_v2", "nvmlInit", offsetof(struct erg_nvml, init), true},
	{"nvmlShutdown", NULL, offsetof(struct erg_nvml, shutdown), true},
	{"nvmlErrorString", NULL, offsetof(struct erg_nvml, error), true},
	{"nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", offsetof(struct erg_nvml, count), true},
	{"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex",
		offsetof(struct erg_nvml, device), true},
	{"nvmlDeviceGetName", NULL, offsetof(struct erg_nvml, name), true},
	{"nvmlDeviceGetUUID", NULL, offsetof(struct erg_nvml, uuid), false},
	{"nvmlDeviceGetArchitecture", NULL, offsetof(struct erg_nvml, architecture), false},
	{"nvmlDeviceGetFieldValues", NULL, offsetof(struct erg_nvml, fields), false},
	{"nvmlDeviceGetTotalEnergyConsumption", NULL, offsetof(struct erg_nvml, energy), false},
	{"nvmlDeviceGetPowerUsage", NULL, offsetof(struct erg_nvml, power), false},
	{"nvmlDeviceGetEnforcedPowerLimit", "nvmlDeviceGetPowerManagementLimit",
		offsetof(struct erg_nvml, power_limit), false},
	{"nvmlDeviceGetClockInfo", NULL, offsetof(struct erg_nvml, clock), false},
	{"nvmlDeviceGetUtilizationRates", NULL, offsetof(struct erg_nvml, utilization), false},
	{"nvmlDeviceGetTemperature", NULL, offsetof(struct erg_nvml, temperature), false},
	{"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons",
		offsetof(struct erg_nvml, event_reasons), false},
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

static int load_symbols(struct erg_nvml *n, struct erg_err *err)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(symbols); i++) {
		void *f = dlsym(n->handle, symbols[i].name);

		if (!f && symbols[i].older)
			f = dlsym(n->handle, symbols[i].older);
		if (!f && symbols[i].needed)
			return erg_fail(err, -ENODEV, SONAME ": has no function %s",
				symbols[i].name);
		/* ISO C has no cast from void * to a function; POSIX promises the copy. */
		memcpy((char *)n + symbols[i].offset, &f, sizeof(f));
	}
	return 0;
}

static int load(struct erg_nvml *n, struct erg_err *err)
{
	int r;

	n->handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!n->handle)
		return erg_fail(err, -ENOENT, SONAME ": not installed");
	r = load_symbols(n, err);
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
	r = load(n, err);
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
