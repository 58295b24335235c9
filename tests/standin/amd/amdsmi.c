/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A stand-in for AMD's libamd_smi.so, with the ABI of its versions 24 (ROCm 6), 25 (ROCm 6.4), 26 and 27
 * (ROCm 7 and 10), for machines without such a GPU; that of 23 before ROCm 6, too, which is to be refused. The structures are written out here from the public declarations, and
 * not shared with the recorder, so that a wrong offset there shows. The library exports
 * ergtrace_simulated, and the recorder marks what it reads as simulated.
 */
#include "tests/standin/amd/amdsmi.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX 4
#define INVAL 1u
#define NOT_SUPPORTED 2u
#define NOT_INIT 32u
#define DRIVER_NOT_LOADED 34u

EXPORT struct standin_amdsmi ergtrace_simulated = {.version = {24, 6},
	.gpus = 2,
	.partitions = 1,
	.current_w = 512,
	.average_w = 0xffff,
	.energy = 1000000,
	.resolution_uj = 15.3f,
	.degc = {41, 63, 52},
	.mhz = {2100, 0, 0, 0, 1300},
	.held_back = {0, 70, 3, UINT64_MAX, 0}};

static struct gpu {
	uint32_t socket, partition;
} processors[MAX][MAX];
static int initialised;

struct power_5_7 {
	uint32_t average, gfx_mv, soc_mv, mem_mv, limit, reserved[11];
};

struct power_24 {
	uint32_t current, average, gfx_mv, soc_mv, mem_mv, limit, reserved[11];
};

struct power_25 {
	uint64_t socket;
	uint32_t current, average, gfx_mv, soc_mv, mem_mv, limit, reserved[2];
};

struct power_26 {
	uint64_t socket;
	uint32_t current, average;
	uint64_t gfx_mv, soc_mv, mem_mv;
	uint32_t limit;
	uint64_t reserved[18];
};

struct clock {
	uint32_t now, min, max;
	uint8_t locked, deep_sleep;
	uint32_t reserved[4];
};

struct version_24 {
	uint32_t year, major, minor, release;
	const char *build;
};

struct version_26 {
	uint32_t major, minor, release;
	const char *build;
};

static unsigned int failure(const struct gpu *g)
{
	if (!initialised)
		return NOT_INIT;
	return g ? ergtrace_simulated.failing : INVAL;
}

EXPORT unsigned int amdsmi_init(uint64_t flags);
EXPORT unsigned int amdsmi_init(uint64_t flags)
{
	if (flags != 2) /* GPUs alone: CPUs take another driver */
		return INVAL;
	if (ergtrace_simulated.no_driver || getenv("ERG_STANDIN_NO_DRIVER"))
		return DRIVER_NOT_LOADED;
	if (getenv("ERG_STANDIN_WATT"))
		ergtrace_simulated.watt = (uint32_t)atoi(getenv("ERG_STANDIN_WATT"));
	initialised++;
	return 0;
}

EXPORT unsigned int amdsmi_shut_down(void);
EXPORT unsigned int amdsmi_shut_down(void)
{
	initialised--;
	return 0;
}

EXPORT unsigned int amdsmi_get_lib_version(void *version);
EXPORT unsigned int amdsmi_get_lib_version(void *version)
{
	const uint32_t *v = ergtrace_simulated.version;
	struct version_24 old = {v[0], v[1], 2, 0, "stand-in"};
	/* the year is what the major version is, too */
	struct version_24 both = {v[0], v[0], v[1], 0, "stand-in"};
	struct version_26 new = {v[0], v[1], 0, "stand-in"};

	if (!initialised)
		return NOT_INIT;
	if (v[0] < 25)
		memcpy(version, &old, sizeof(old));
	else if (v[0] == 25)
		memcpy(version, &both, sizeof(both));
	else
		memcpy(version, &new, sizeof(new));
	return 0;
}

/* Without a list it tells how many there are; with one, fills in at most *n. */
static unsigned int list_of(uint32_t have, uint32_t *n, void **list, struct gpu *of)
{
	if (!initialised)
		return NOT_INIT;
	if (list && *n < have)
		have = *n;
	for (uint32_t i = 0; list && i < have; i++)
		list[i] = of + i;
	*n = have;
	return 0;
}

EXPORT unsigned int amdsmi_get_socket_handles(uint32_t *n, void **sockets);
EXPORT unsigned int amdsmi_get_socket_handles(uint32_t *n, void **sockets)
{
	uint32_t have = ergtrace_simulated.gpus;
	unsigned int r = list_of(have, n, NULL, NULL);

	for (uint32_t i = 0; !r && sockets && i < have; i++)
		sockets[i] = processors[i];
	return r;
}

EXPORT unsigned int amdsmi_get_processor_handles(void *socket, uint32_t *n, void **list);
EXPORT unsigned int amdsmi_get_processor_handles(void *socket, uint32_t *n, void **list)
{
	struct gpu *first = socket;

	for (uint32_t i = 0; i < MAX; i++) {
		first[i].socket = (uint32_t)(first - processors[0]) / MAX;
		first[i].partition = i;
	}
	return list_of(ergtrace_simulated.partitions, n, list, first);
}

EXPORT unsigned int amdsmi_get_processor_type(struct gpu *g, int *type);
EXPORT unsigned int amdsmi_get_processor_type(struct gpu *g, int *type)
{
	*type = 1;
	return initialised && g ? 0 : INVAL;
}

/* 0000:03:00.0, 0000:13:00.0, …; a partition is another function. */
EXPORT unsigned int amdsmi_get_gpu_device_bdf(struct gpu *g, uint64_t *bdf);
EXPORT unsigned int amdsmi_get_gpu_device_bdf(struct gpu *g, uint64_t *bdf)
{
	*bdf = (uint64_t)(3 + 16 * g->socket) << 8 | g->partition;
	return ergtrace_simulated.no_address;
}

EXPORT unsigned int amdsmi_get_power_info(struct gpu *g, void *info);
EXPORT unsigned int amdsmi_get_power_info(struct gpu *g, void *info)
{
	const struct standin_amdsmi *s = &ergtrace_simulated;
	struct power_5_7 oldest = {.average = s->average_w, .gfx_mv = 800, .limit = 300};
	struct power_24 v24 = {.current = s->current_w, .average = s->average_w, .limit = 750};
	struct power_25 v25 = {.socket = 7,
		.current = s->current_w,
		.average = s->average_w,
		.gfx_mv = 800,
		.limit = 750};
	struct power_26 v26 = {.socket = 7,
		.current = s->current_w,
		.average = s->average_w,
		.gfx_mv = 800,
		.limit = 750};
	unsigned int r = failure(g);

	if (r)
		return r;
	if (s->version[0] == 23 && s->version[1] < 4)
		memcpy(info, &oldest, sizeof(oldest));
	else if (s->version[0] < 25)
		memcpy(info, &v24, sizeof(v24));
	else if (s->version[0] == 25)
		memcpy(info, &v25, sizeof(v25));
	else
		memcpy(info, &v26, sizeof(v26));
	return 0;
}

EXPORT unsigned int amdsmi_get_energy_count(struct gpu *g, uint64_t *count, float *resolution_uj,
	uint64_t *stamp_ns);
EXPORT unsigned int amdsmi_get_energy_count(struct gpu *g, uint64_t *count, float *resolution_uj,
	uint64_t *stamp_ns)
{
	unsigned int r = failure(g);
	struct timespec boot;

	if (r)
		return r;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	/* W x us are uJ */
	*count = ergtrace_simulated.energy +
		(uint64_t)((double)ergtrace_simulated.watt *
			((double)boot.tv_sec * 1e6 + (double)boot.tv_nsec / 1e3) /
			(double)ergtrace_simulated.resolution_uj);
	*resolution_uj = ergtrace_simulated.resolution_uj;
	*stamp_ns = ergtrace_simulated.stamp_ns
		? ergtrace_simulated.stamp_ns
		: (uint64_t)boot.tv_sec * 1000000000 + (uint64_t)boot.tv_nsec;
	return 0;
}

EXPORT unsigned int amdsmi_get_temp_metric(struct gpu *g, int sensor, int metric, int64_t *degc);
EXPORT unsigned int amdsmi_get_temp_metric(struct gpu *g, int sensor, int metric, int64_t *degc)
{
	unsigned int r = failure(g);

	if (!r && (sensor < 0 || sensor > 2 || metric != 0))
		r = INVAL;
	if (!r && sensor == 2 && ergtrace_simulated.no_memory_heat)
		r = NOT_SUPPORTED;
	if (!r)
		*degc = ergtrace_simulated.degc[sensor];
	return r;
}

EXPORT unsigned int amdsmi_get_clock_info(struct gpu *g, int type, struct clock *info);
EXPORT unsigned int amdsmi_get_clock_info(struct gpu *g, int type, struct clock *info)
{
	unsigned int r = failure(g);

	if (!r && type != 0 && type != 4)
		r = INVAL;
	if (!r)
		*info = (struct clock){.now = ergtrace_simulated.mhz[type],
			.min = 132,
			.max = 2400};
	return r;
}

/* From ROCm 6.3 on; what newer ones tell besides, of each XCP and XCC, follows and is not told. */
struct violations {
	uint64_t reference_us, time, samples;
	uint64_t prochot, power, socket, regulator, memory, below_limit;
	uint64_t percent[6];
	uint8_t active[6];
	uint64_t parts[11][8][8];
};

EXPORT unsigned int amdsmi_get_violation_status(struct gpu *g, struct violations *v);
EXPORT unsigned int amdsmi_get_violation_status(struct gpu *g, struct violations *v)
{
	const uint64_t *c = ergtrace_simulated.held_back;
	const struct timespec pause = {.tv_nsec = 1000000};
	unsigned int r = failure(g);

	if (!r && ergtrace_simulated.no_violations)
		r = NOT_SUPPORTED;
	if (r)
		return r;
	memset(v, 0xff, sizeof(*v));
	nanosleep(&pause, NULL);
	v->samples = 1000;
	v->prochot = c[0];
	v->power = c[1];
	v->socket = c[2];
	v->regulator = c[3];
	v->memory = c[4];
	v->percent[1] = 55;
	v->active[1] = 1;
	return 0;
}
