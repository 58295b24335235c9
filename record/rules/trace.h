/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_RULES_TRACE_H
#define ERG_RECORD_RULES_TRACE_H

#include "record/rules/rules.h"

struct erg_rules_trace {
	/* Each event in the order of time; -errno ends the reading. */
	int (*event)(void *data, const struct erg_rules_event *e, struct erg_err *err);
	/* Events were lost hereabouts. */
	void (*loss)(void *data);
	void *data;
	bool monotonic; /* times as the trace's clock counts, else since its origin (the epoch) */
	uint64_t lost;  /* out: events that the tracer discarded, at least */
	uint64_t lost_packets; /* out: of events that it wrote over, or could not write, at least */
	uint64_t events;       /* out */
	bool no_threads;       /* out: events do not tell their thread (context vtid) */
	bool no_processes; /* out: nor their process (context vpid, or buffers of each process) */
};

/* Reads the CTF traces below the folder PATH. */
int erg_rules_trace_read(const char *path, struct erg_rules_trace *t, struct erg_err *err);

#endif
