/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stand-in for NVIDIA's libnvidia-ml.so.1, with its ABI, for machines without such a GPU.
 *
 * The load alternates between idle and busy every 100 ms, so energy has a closed form and every
 * reading an exact expectation: the counter is the integral; instant power the mean over 25 ms
 * that ended at the last multiple of 100 ms; average power the mean over the last second. Above
 * the limit the GPU says that the power cap slows it. Nothing here can be taken for a real GPU:
 * the library exports ergtrace_simulated, and the recorder marks what it reads as simulated.
 */
#include "tests/standin/nvml.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "record/sources/nvml_lib.h"

#define EXPORT __attribute__((visibility("default")))
#define HALF_US 100000ull

EXPORT struct standin_nvml ergtrace_simulated = {.gpus = 2,
	.limit_mw = 700000,
	.idle_mw = 70000,
	.busy_mw = 400000,
	.architecture = ERG_NVML_HOPPER,
	.name = "Stand-in H100"};

struct erg_nvml_device {
	unsigned int index;
};

static struct erg_nvml_device devices[8] = {{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}};
static int initialised;

static unsigned long long now_us(void)
{
	struct timespec ts;

	if (ergtrace_simulated.now_us)
		return ergtrace_simulated.now_us;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (unsigned long long)ts.tv_sec * 1000000 + (unsigned long long)ts.tv_nsec / 1000;
}

__extension__ typedef unsigned __int128 wide; /* mW x us since 1970 do not fit 64 bits */

/* Energy since the epoch, nJ. Idle first, then busy. */
static wide energy_nj(unsigned long long t_us)
{
	unsigned long long cycles = t_us / (2 * HALF_US), rest = t_us % (2 * HALF_US);
	wide idle = ergtrace_simulated.idle_mw, busy = ergtrace_simulated.busy_mw;
	wide nj = cycles * HALF_US * (idle + busy);

	nj += (rest < HALF_US ? rest : HALF_US) * idle;
	return nj + (rest > HALF_US ? (rest - HALF_US) * busy : 0);
}

static unsigned int mean_mw(unsigned long long end_us, unsigned long long window_us)
{
	return (unsigned int)((energy_nj(end_us) - energy_nj(end_us - window_us)) / window_us);
}

static unsigned int instant_mw(unsigned long long t_us)
{
	return mean_mw(t_us / HALF_US * HALF_US, 25000);
}

/* The counter begins when the driver was loaded: a day ago, say. */
static unsigned long long counter_mj(unsigned long long t_us)
{
	unsigned long long day_us = 86400000000ull;
	unsigned long long begin = t_us / day_us * day_us;

	return (unsigned long long)((energy_nj(t_us) - energy_nj(begin)) / 1000000);
}

static int check(const struct erg_nvml_device *d)
{
	ergtrace_simulated.calls++;
	if (!initialised)
		return ERG_NVML_UNINITIALIZED;
	if (!d || d->index >= ergtrace_simulated.gpus)
		return ERG_NVML_INVALID_ARGUMENT;
	return ergtrace_simulated.lost >> d->index & 1 ? ERG_NVML_GPU_IS_LOST : ERG_NVML_SUCCESS;
}

EXPORT int nvmlInit_v2(void);
EXPORT int nvmlInit_v2(void)
{
	const char *gpus = getenv("ERG_STANDIN_GPUS");

	if (gpus && atoi(gpus) <= 8)
		ergtrace_simulated.gpus = (unsigned int)atoi(gpus);
	initialised++;
	return getenv("ERG_STANDIN_NO_DRIVER") ? ERG_NVML_DRIVER_NOT_LOADED : ERG_NVML_SUCCESS;
}

EXPORT int nvmlShutdown(void);
EXPORT int nvmlShutdown(void)
{
	initialised--;
	return ERG_NVML_SUCCESS;
}

EXPORT const char *nvmlErrorString(int result);
EXPORT const char *nvmlErrorString(int result)
{
	switch (result) {
	case ERG_NVML_SUCCESS:
		return "Success";
	case ERG_NVML_DRIVER_NOT_LOADED:
		return "Driver Not Loaded";
	case ERG_NVML_GPU_IS_LOST:
		return "GPU is lost";
	default:
		return "Unknown Error";
	}
}

EXPORT int nvmlDeviceGetCount_v2(unsigned int *n);
EXPORT int nvmlDeviceGetCount_v2(unsigned int *n)
{
	*n = ergtrace_simulated.gpus;
	return ERG_NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned int index, struct erg_nvml_device **ret);
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned int index, struct erg_nvml_device **ret)
{
	int r;

	if (index >= ergtrace_simulated.gpus)
		return ERG_NVML_INVALID_ARGUMENT;
	r = check(&devices[index]);
	if (!r)
		*ret = &devices[index];
	return r;
}

EXPORT int nvmlDeviceGetName(struct erg_nvml_device *d, char *text, unsigned int size);
EXPORT int nvmlDeviceGetName(struct erg_nvml_device *d, char *text, unsigned int size)
{
	snprintf(text, size, "%s", ergtrace_simulated.name);
	return check(d);
}

EXPORT int nvmlDeviceGetUUID(struct erg_nvml_device *d, char *text, unsigned int size);
EXPORT int nvmlDeviceGetUUID(struct erg_nvml_device *d, char *text, unsigned int size)
{
	snprintf(text, size, "GPU-00000000-0000-0000-0000-%012u", d->index);
	return check(d);
}

EXPORT int nvmlDeviceGetArchitecture(struct erg_nvml_device *d, unsigned int *ret);
EXPORT int nvmlDeviceGetArchitecture(struct erg_nvml_device *d, unsigned int *ret)
{
	*ret = ergtrace_simulated.architecture;
	return check(d);
}

static int power_allowed(const struct erg_nvml_device *d)
{
	int r = check(d);

	return !r && ergtrace_simulated.no_permission ? ERG_NVML_NO_PERMISSION : r;
}

/* Value and time stamp are of one instant, whatever the scheduler does in between. */
static int fill_field(const struct erg_nvml_device *d, struct erg_nvml_field *f)
{
	unsigned long long now = now_us();
	int r = power_allowed(d);

	f->timestamp_us = (long long)now;
	f->latency_us = 10;
	f->type = ERG_NVML_UINT;
	if (r)
		return r;
	/* Superchips alone have a module, which takes 150 W more than the GPU. */
	if (f->scope && !strstr(ergtrace_simulated.name, "GH200"))
		return ERG_NVML_INVALID_ARGUMENT;
	switch (f->field) {
	case ERG_NVML_FIELD_ENERGY:
		f->type = ERG_NVML_ULONGLONG;
		f->value.ull = counter_mj(now);
		return ergtrace_simulated.no_energy ? ERG_NVML_NOT_SUPPORTED : ERG_NVML_SUCCESS;
	case ERG_NVML_FIELD_POWER_AVERAGE:
		f->value.ui = mean_mw(now, 1000000);
		return ERG_NVML_SUCCESS;
	case ERG_NVML_FIELD_POWER_INSTANT:
		f->timestamp_us = (long long)(now / HALF_US * HALF_US);
		f->value.ui = instant_mw(now) + (f->scope ? 150000 : 0);
		return ERG_NVML_SUCCESS;
	default:
		return ERG_NVML_INVALID_ARGUMENT;
	}
}

EXPORT int nvmlDeviceGetFieldValues(struct erg_nvml_device *d, int n, struct erg_nvml_field *f);
EXPORT int nvmlDeviceGetFieldValues(struct erg_nvml_device *d, int n, struct erg_nvml_field *f)
{
	int r = check(d);

	if (r)
		return r;
	for (int i = 0; i < n; i++)
		f[i].result = ergtrace_simulated.no_fields ? ERG_NVML_NOT_SUPPORTED
							   : fill_field(d, &f[i]);
	return ERG_NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetTotalEnergyConsumption(struct erg_nvml_device *d, unsigned long long *mj);
EXPORT int nvmlDeviceGetTotalEnergyConsumption(struct erg_nvml_device *d, unsigned long long *mj)
{
	int r = power_allowed(d);

	*mj = counter_mj(now_us());
	return r ? r : ergtrace_simulated.no_energy ? ERG_NVML_NOT_SUPPORTED : ERG_NVML_SUCCESS;
}

EXPORT int nvmlDeviceGetPowerUsage(struct erg_nvml_device *d, unsigned int *mw);
EXPORT int nvmlDeviceGetPowerUsage(struct erg_nvml_device *d, unsigned int *mw)
{
	*mw = mean_mw(now_us(), 1000000);
	return power_allowed(d);
}

EXPORT int nvmlDeviceGetEnforcedPowerLimit(struct erg_nvml_device *d, unsigned int *mw);
EXPORT int nvmlDeviceGetEnforcedPowerLimit(struct erg_nvml_device *d, unsigned int *mw)
{
	*mw = ergtrace_simulated.limit_mw;
	return check(d);
}

EXPORT int nvmlDeviceGetClockInfo(struct erg_nvml_device *d, int type, unsigned int *mhz);
EXPORT int nvmlDeviceGetClockInfo(struct erg_nvml_device *d, int type, unsigned int *mhz)
{
	*mhz = type == ERG_NVML_CLOCK_MEM ? 2619 : 1980;
	return check(d);
}

EXPORT int nvmlDeviceGetUtilizationRates(struct erg_nvml_device *d,
	struct erg_nvml_utilization *ret);
EXPORT int nvmlDeviceGetUtilizationRates(struct erg_nvml_device *d,
	struct erg_nvml_utilization *ret)
{
	ret->gpu = 50;
	ret->memory = 20;
	return check(d);
}

EXPORT int nvmlDeviceGetTemperature(struct erg_nvml_device *d, int sensor, unsigned int *degc);
EXPORT int nvmlDeviceGetTemperature(struct erg_nvml_device *d, int sensor, unsigned int *degc)
{
	*degc = 61;
	return sensor ? ERG_NVML_INVALID_ARGUMENT : check(d);
}

EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(struct erg_nvml_device *d,
	unsigned long long *bits);
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(struct erg_nvml_device *d,
	unsigned long long *bits)
{
	*bits = ergtrace_simulated.throttled;
	if (ergtrace_simulated.busy_mw > ergtrace_simulated.limit_mw)
		*bits |= 0x4; /* software power cap */
	return check(d);
}
