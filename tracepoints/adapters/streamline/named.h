/* SPDX-License-Identifier: MIT */
#ifndef ERG_TRACEPOINTS_STREAMLINE_NAMED_H
#define ERG_TRACEPOINTS_STREAMLINE_NAMED_H

/* Things that a Streamline program numbers as it likes and names: channels, groups, counters,
 * tracks, jobs. A process has few; each is found by its kind and two numbers. */
#include <stdint.h>

enum streamline_kind {
	STREAMLINE_CHANNEL,
	STREAMLINE_GROUP,
	STREAMLINE_COUNTER,
	STREAMLINE_VIEW,
	STREAMLINE_TRACK,
	STREAMLINE_JOB,
	STREAMLINE_KINDS,
};

struct streamline_named {
	struct streamline_named *next;
	uint32_t a, b;
	char *name;
	uint32_t id;     /* of liberg: counter, track, layer of the job */
	uint32_t other;  /* channel: group; counter: class; job: track */
	uint32_t divide; /* counter */
	int64_t value;   /* counter: last absolute value; job: beginning, ns */
};

/* With the adapter's lock held. NULL if there is none. */
struct streamline_named *streamline_find(enum streamline_kind kind, uint32_t a, uint32_t b);
/* Finds or makes it, and gives it NAME (copied). NULL without memory. */
struct streamline_named *streamline_name(enum streamline_kind kind, uint32_t a, uint32_t b,
	const char *name);

#endif
