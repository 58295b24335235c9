/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_CUDA_WORK_H
#define ERG_TRACEPOINTS_CUDA_WORK_H

/*
 * What a device did, and for which layer. Records come in any order: the work of a device, the API
 * calls that launched it, and what the calls belong to are joined by the calls' correlation ids.
 * For one thread at a time.
 */
#include <stdbool.h>
#include <stdint.h>

struct device_work {
	uint64_t begin, end; /* CLOCK_MONOTONIC, ns; begin 0: not known */
	uint32_t device, stream, correlation;
	const char *name, *type; /* must live on */
};

/* Tells the UUID of a device, which names the tracks that are first used from then on. */
void erg_work_device(uint32_t device, const unsigned char uuid[16]);
/* The call CORRELATION was made in the layer and iteration of EXTERNAL (erg_work_external). */
void erg_work_correlate(uint32_t correlation, uint64_t external);
/* The call was made; outside of layers, unless erg_work_correlate says otherwise. */
void erg_work_called(uint32_t correlation);
/* Work whose call has not been told of waits for it. */
void erg_work_add(const struct device_work *w);
/* Writes the spans of all work whose call is known; with ALL, of the rest too, as of no layer. */
void erg_work_settle(bool all);

static inline uint64_t erg_work_external(uint32_t layer, uint32_t iteration)
{
	return (uint64_t)iteration << 32 | layer;
}

#endif
