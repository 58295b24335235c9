/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_NVML_LIB_H
#define ERG_RECORD_SOURCES_NVML_LIB_H

/*
 * What we use of NVIDIA's management library, declared by ourselves: the ABI of libnvidia-ml.so.1
 * is stable (NVML API reference), and no header of NVIDIA is needed to build. Functions return 0
 * or an error below; those that a driver does not have are NULL.
 */
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"

enum {
	ERG_NVML_SUCCESS = 0,
	ERG_NVML_UNINITIALIZED = 1,
	ERG_NVML_INVALID_ARGUMENT = 2,
	ERG_NVML_NOT_SUPPORTED = 3,
	ERG_NVML_NO_PERMISSION = 4,
	ERG_NVML_DRIVER_NOT_LOADED = 9,
	ERG_NVML_TIMEOUT = 10,
	ERG_NVML_GPU_IS_LOST = 15,
};

enum { ERG_NVML_CLOCK_SM = 1, ERG_NVML_CLOCK_MEM = 2 };
enum { ERG_NVML_TEMPERATURE_GPU = 0 };

/* Fields of nvmlDeviceGetFieldValues. */
enum {
	ERG_NVML_FIELD_ENERGY = 83,         /* mJ since the driver was loaded, Volta and later */
	ERG_NVML_FIELD_POWER_AVERAGE = 185, /* mW */
	ERG_NVML_FIELD_POWER_INSTANT = 186, /* mW */
};

/* What a field of power is asked of: the GPU, or the module of a superchip that it is soldered to. */
enum { ERG_NVML_SCOPE_GPU = 0, ERG_NVML_SCOPE_MODULE = 1 };

enum { ERG_NVML_DOUBLE, ERG_NVML_UINT, ERG_NVML_ULONG, ERG_NVML_ULONGLONG, ERG_NVML_LONGLONG };

struct erg_nvml_field {
	unsigned int field, scope;
	long long timestamp_us; /* CLOCK_REALTIME */
	long long latency_us;
	int type, result;
	union {
		double d;
		unsigned int ui;
		unsigned long ul;
		unsigned long long ull;
		signed long long sll;
	} value;
};

struct erg_nvml_utilization {
	unsigned int gpu, memory; /* percent */
};

struct erg_nvml_device;

/* nvmlDeviceGetArchitecture. */
enum {
	ERG_NVML_KEPLER = 2,
	ERG_NVML_MAXWELL,
	ERG_NVML_PASCAL,
	ERG_NVML_VOLTA,
	ERG_NVML_TURING,
	ERG_NVML_AMPERE,
	ERG_NVML_ADA,
	ERG_NVML_HOPPER,
	ERG_NVML_BLACKWELL,
};

struct erg_nvml {
	void *handle;
	unsigned int users;
	bool simulated; /* a stand-in of our tests */
	int (*init)(void);
	int (*shutdown)(void);
	const char *(*error)(int result);
	int (*count)(unsigned int *n);
	int (*device)(unsigned int index, struct erg_nvml_device **ret);
	int (*name)(struct erg_nvml_device *d, char *text, unsigned int size);
	int (*uuid)(struct erg_nvml_device *d, char *text, unsigned int size);
	int (*architecture)(struct erg_nvml_device *d, unsigned int *ret);
	int (*fields)(struct erg_nvml_device *d, int n, struct erg_nvml_field *fields);
	int (*energy)(struct erg_nvml_device *d, unsigned long long *mj);
	int (*power)(struct erg_nvml_device *d, unsigned int *mw);
	int (*power_limit)(struct erg_nvml_device *d, unsigned int *mw);
	int (*clock)(struct erg_nvml_device *d, int type, unsigned int *mhz);
	int (*utilization)(struct erg_nvml_device *d, struct erg_nvml_utilization *ret);
	int (*temperature)(struct erg_nvml_device *d, int sensor, unsigned int *degc);
	int (*event_reasons)(struct erg_nvml_device *d, unsigned long long *bits);
};

/* Loads and initialises the library: *ret holds one use. -ENOENT: it is not installed; -ENODEV: no
 * driver, or it refuses; -ELIBACC: it cannot be loaded; -ELIBBAD: a function is missing; the message says
 * what. */
int erg_nvml_open(struct erg_nvml **ret, struct erg_err *err);
struct erg_nvml *erg_nvml_ref(struct erg_nvml *n);
void erg_nvml_unref(struct erg_nvml *n);

/* A result as negative errno. */
int erg_nvml_errno(int result);

#endif
