/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_PROVIDER_TYPES_H
#define ERG_TRACEPOINTS_PROVIDER_TYPES_H

/*
 * Payloads of the events that have more fields than a tracepoint takes arguments. Pointers are
 * read while the event is written and are never kept. Strings are UTF-8 and never NULL.
 */
#include <stdint.h>

#define ERG_DIMS_MAX 8

enum erg_level { ERG_LEVEL_NETWORK, ERG_LEVEL_MODULE, ERG_LEVEL_LAYER };

struct erg_layer_def {
	uint32_t id;
	uint32_t parent; /* 0: none */
	uint8_t level;   /* enum erg_level */
	const char *name;
	const char *type;
	const char *network;
	uint64_t macs;   /* multiply-accumulates of one call */
	uint64_t params; /* number of parameters */
	uint64_t bytes_in, bytes_out, bytes_params;
	uint8_t in_dims, out_dims, kernel_dims;
	uint32_t in_shape[ERG_DIMS_MAX], out_shape[ERG_DIMS_MAX], kernel_shape[ERG_DIMS_MAX];
};

struct erg_source_def {
	uint32_t source;
	const char *kind; /* hwmon, powercap, nvml, … */
	const char *path;
	const char *class_name; /* power, thermal, frequency, utilization */
	uint8_t simulated;
	const char *sensor;     /* point, boxcar, ema, counter */
	const char *provenance; /* assumed, datasheet, driver, measured */
	uint64_t window_ns, period_ns;
	int64_t lag_ns;
	uint64_t lag_u_ns;
	double alpha;
	uint64_t interval_ns; /* between two readings by the sampler */
	uint32_t channels;
};

struct erg_channel_event {
	uint32_t source, index;
	const char *rail, *parent, *quantity, *unit;
	double scale;
	uint64_t wrap;
	double lsb, offset_max, gain_max, offset;
};

struct erg_recorder_status {
	uint64_t deadlines, missed;
	uint64_t late_p50_ns, late_p99_ns, late_max_ns;
	uint64_t cpu_ns; /* CPU time of the sampler's threads */
	uint64_t errors;
	const char *detail; /* "hwmon0: EAGAIN x12; …" */
};

#endif
