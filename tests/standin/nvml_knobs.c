/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings of the stand-in: power limit (200 to 700 W) and locked clocks (up to 1980 MHz). */
#include "record/sources/nvml_lib.h"
#include "tests/standin/nvml.h"

#define EXPORT __attribute__((visibility("default")))
#define CODE_NO_PERMISSION 4

extern struct standin_nvml ergtrace_simulated;

static int refused(void)
{
	return ergtrace_simulated.no_permission ? CODE_NO_PERMISSION : 0;
}

EXPORT int nvmlDeviceGetPowerManagementLimit(void *d, unsigned int *mw);
EXPORT int nvmlDeviceGetPowerManagementLimit(void *d, unsigned int *mw)
{
	*mw = ergtrace_simulated.limit_mw;
	return 0;
}

EXPORT int nvmlDeviceGetPowerManagementLimitConstraints(void *d, unsigned int *lo,
	unsigned int *hi);
EXPORT int nvmlDeviceGetPowerManagementLimitConstraints(void *d, unsigned int *lo, unsigned int *hi)
{
	*lo = 200000;
	*hi = 700000;
	return 0;
}

EXPORT int nvmlDeviceSetPowerManagementLimit(void *d, unsigned int mw);
EXPORT int nvmlDeviceSetPowerManagementLimit(void *d, unsigned int mw)
{
	if (!refused())
		ergtrace_simulated.limit_mw = mw;
	return refused();
}

EXPORT int nvmlDeviceSetGpuLockedClocks(void *d, unsigned int lo, unsigned int hi);
EXPORT int nvmlDeviceSetGpuLockedClocks(void *d, unsigned int lo, unsigned int hi)
{
	if (!refused())
		ergtrace_simulated.locked_mhz = hi;
	return refused();
}

EXPORT int nvmlDeviceResetGpuLockedClocks(void *d);
EXPORT int nvmlDeviceResetGpuLockedClocks(void *d)
{
	ergtrace_simulated.locked_mhz = 0;
	return refused();
}

EXPORT int nvmlDeviceGetMaxClockInfo(void *d, int which, unsigned int *mhz);
EXPORT int nvmlDeviceGetMaxClockInfo(void *d, int which, unsigned int *mhz)
{
	*mhz = 1980;
	return 0;
}
