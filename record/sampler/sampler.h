/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SAMPLER_H
#define ERG_RECORD_SAMPLER_H

/*
 * The sampler: one thread reads all fast sources at absolute deadlines, and each slow source has a
 * thread of its own. It reports on itself.
 */
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/sources/source.h"
#include "record/sampler/readings.h"
#include "record/sampler/show.h"
#include "record/sampler/tally.h"

struct erg_sampler_config {
	double rate_hz;
	double dither; /* fraction of the period by which a deadline is put off, uniformly: 0..1 */
	uint64_t seed; /* of the dither */
	int cpu;       /* where the sampler runs; -1: where it disturbs least, see placement.h */
	const struct erg_source_list *sources; /* borrowed */
	struct erg_tally *tally;               /* gets every reading; borrowed; NULL: none */
	struct erg_show *show;                 /* the same */
	struct erg_readings *readings;         /* the same */
};

struct erg_sampler_stats {
	uint64_t deadlines; /* that have passed, met or missed */
	uint64_t missed;    /* that had passed before the reading of the one before was over */
	uint64_t late_p50_ns, late_p99_ns, late_max_ns; /* wake-up behind its deadline */
	uint64_t cpu_ns;                                /* CPU time of the sampler's threads */
	uint64_t reads_ns;                              /* time spent in the sources' own read() */
	uint64_t reads, errors;
	uint64_t first_ns; /* CLOCK_MONOTONIC of the first reading, 0 before it */
	uint64_t moves;    /* from one CPU to an idler one */
	int cpu;           /* where it is now; -1: not bound */
	bool realtime, locked;
};

struct erg_sampler;

/* Starts the sources. One that does not start is reported to WARN (a line) and tried again later,
 * the others go on. Afterwards their models and settings are final. */
int erg_sampler_prepare(const struct erg_sampler_config *cfg,
	void (*warn)(void *data, const char *line), void *data, struct erg_sampler **ret,
	struct erg_err *err);
/* Defines the sources to the trace and starts the threads. */
int erg_sampler_start(struct erg_sampler *s, struct erg_err *err);
/* Waits until every thread has read something, LIMIT_NS at most. */
void erg_sampler_await_first(struct erg_sampler *s, uint64_t limit_ns);
/* The interval between two readings of source I, as defined to the trace. */
uint64_t erg_sampler_interval(const struct erg_sampler_config *cfg, const struct erg_source *s);
void erg_sampler_stats(struct erg_sampler *s, struct erg_sampler_stats *ret);
/* Moves the sampler to a CPU that the workload leaves idle, unless its CPU was asked for. To be
 * called now and then, by one thread, between start and stop. */
void erg_sampler_place(struct erg_sampler *s);
/* Emits recorder_status. */
void erg_sampler_emit_status(struct erg_sampler *s);
/* Stops the threads, each after one more reading if that is soon, then the sources; the statistics
 * stay. */
void erg_sampler_stop(struct erg_sampler *s);
void erg_sampler_free(struct erg_sampler *s);
void erg_sampler_freep(struct erg_sampler **s);

#endif
