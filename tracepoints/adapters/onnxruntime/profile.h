/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_ONNXRUNTIME_PROFILE_H
#define ERG_TRACEPOINTS_ONNXRUNTIME_PROFILE_H

#include <stdint.h>
#include <stdio.h>

#include "tracepoints/adapters/onnxruntime/describe.h"

/* One line of a profile. */
struct erg_ort_event {
	enum { ORT_EVENT_OTHER, ORT_EVENT_RUN, ORT_EVENT_NODE } kind;
	uint32_t pid, tid;
	uint64_t begin_us, dur_us; /* since the profile began; whole us, cut off */
	struct erg_ort_node node;  /* of a node: without the ending of its name */
};

/* Reads LINE: 1 and *RET, 0 where it holds no event, -1 where it is none that can be read. */
int erg_ort_event_read(const char *line, struct erg_ort_event *ret);

struct erg_ort_profile {
	const char *network; /* its name, for what is said */
	uint32_t id;         /* of the network */
	uint32_t iteration;  /* number of the first run */
	uint64_t runs;       /* that were made, 0: not counted */
	uint32_t process;    /* whose events alone are wanted, 0: all */
	/* CLOCK_MONOTONIC of NS after the profile's beginning */
	uint64_t (*time_ns)(void *data, uint64_t ns);
	void *data;
};

/* Writes what is in F as spans: the network around its nodes, on a track for each thread. Says in a
 * marker what it could not read. Returns the number of runs. */
uint32_t erg_ort_profile_emit(FILE *f, const struct erg_ort_profile *p);

#endif
