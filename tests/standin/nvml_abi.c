/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our declarations of NVML against NVIDIA's header, where a machine has it: compiling this is the
 * test. The stand-in has the ABI of our declarations, so it is checked by the same.
 */
#include <nvml.h>
#include <stddef.h>

#include "record/sources/nvml_lib.h"

#define SAME(ours, theirs) _Static_assert((long long)(ours) == (long long)(theirs), #theirs)
#define SAME_FIELD(ours, theirs)                                                                   \
	SAME(offsetof(struct erg_nvml_field, ours), offsetof(nvmlFieldValue_t, theirs));           \
	SAME(sizeof(((struct erg_nvml_field *)0)->ours), sizeof(((nvmlFieldValue_t *)0)->theirs))

SAME(ERG_NVML_SUCCESS, NVML_SUCCESS);
SAME(ERG_NVML_UNINITIALIZED, NVML_ERROR_UNINITIALIZED);
SAME(ERG_NVML_INVALID_ARGUMENT, NVML_ERROR_INVALID_ARGUMENT);
SAME(ERG_NVML_NOT_SUPPORTED, NVML_ERROR_NOT_SUPPORTED);
SAME(ERG_NVML_NO_PERMISSION, NVML_ERROR_NO_PERMISSION);
SAME(ERG_NVML_DRIVER_NOT_LOADED, NVML_ERROR_DRIVER_NOT_LOADED);
SAME(ERG_NVML_TIMEOUT, NVML_ERROR_TIMEOUT);
SAME(ERG_NVML_GPU_IS_LOST, NVML_ERROR_GPU_IS_LOST);

SAME(ERG_NVML_CLOCK_SM, NVML_CLOCK_SM);
SAME(ERG_NVML_CLOCK_MEM, NVML_CLOCK_MEM);
SAME(ERG_NVML_TEMPERATURE_GPU, NVML_TEMPERATURE_GPU);

SAME(ERG_NVML_FIELD_ENERGY, NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION);
SAME(ERG_NVML_FIELD_POWER_AVERAGE, NVML_FI_DEV_POWER_AVERAGE);
SAME(ERG_NVML_FIELD_POWER_INSTANT, NVML_FI_DEV_POWER_INSTANT);

SAME(ERG_NVML_DOUBLE, NVML_VALUE_TYPE_DOUBLE);
SAME(ERG_NVML_UINT, NVML_VALUE_TYPE_UNSIGNED_INT);
SAME(ERG_NVML_ULONG, NVML_VALUE_TYPE_UNSIGNED_LONG);
SAME(ERG_NVML_ULONGLONG, NVML_VALUE_TYPE_UNSIGNED_LONG_LONG);
SAME(ERG_NVML_LONGLONG, NVML_VALUE_TYPE_SIGNED_LONG_LONG);

SAME_FIELD(field, fieldId);
SAME_FIELD(scope, scopeId);
SAME_FIELD(timestamp_us, timestamp);
SAME_FIELD(latency_us, latencyUsec);
SAME_FIELD(type, valueType);
SAME_FIELD(result, nvmlReturn);
SAME_FIELD(value, value);
SAME(sizeof(struct erg_nvml_field), sizeof(nvmlFieldValue_t));

SAME(sizeof(struct erg_nvml_utilization), sizeof(nvmlUtilization_t));
SAME(offsetof(struct erg_nvml_utilization, gpu), offsetof(nvmlUtilization_t, gpu));
SAME(offsetof(struct erg_nvml_utilization, memory), offsetof(nvmlUtilization_t, memory));

SAME(ERG_NVML_KEPLER, NVML_DEVICE_ARCH_KEPLER);
SAME(ERG_NVML_MAXWELL, NVML_DEVICE_ARCH_MAXWELL);
SAME(ERG_NVML_PASCAL, NVML_DEVICE_ARCH_PASCAL);
SAME(ERG_NVML_VOLTA, NVML_DEVICE_ARCH_VOLTA);
SAME(ERG_NVML_TURING, NVML_DEVICE_ARCH_TURING);
SAME(ERG_NVML_AMPERE, NVML_DEVICE_ARCH_AMPERE);
SAME(ERG_NVML_ADA, NVML_DEVICE_ARCH_ADA);
SAME(ERG_NVML_HOPPER, NVML_DEVICE_ARCH_HOPPER);

#ifndef nvmlClocksEventReasonSwPowerCap /* before CUDA 12.2 */
#define nvmlClocksEventReasonSwPowerCap nvmlClocksThrottleReasonSwPowerCap
#define nvmlClocksEventReasonSwThermalSlowdown nvmlClocksThrottleReasonSwThermalSlowdown
#endif

/* SLOWING_REASONS of analyze/timeline/timeline.c */
SAME(0xec,
	nvmlClocksEventReasonSwPowerCap | nvmlClocksThrottleReasonHwSlowdown |
		nvmlClocksEventReasonSwThermalSlowdown | nvmlClocksThrottleReasonHwThermalSlowdown |
		nvmlClocksThrottleReasonHwPowerBrakeSlowdown);

int main(void)
{
	return 0;
}
