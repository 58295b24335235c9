/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_PROCESS_H
#define ERG_RECORD_SOURCES_PROCESS_H

/*
 * Programs as a whole, with or without layers: what a process and all that it starts took of the
 * CPUs, and what it counted. A source a program, with the channels
 *
 *	NAME              time: CPU seconds so far, of the process and what it has started
 *	NAME:runs         count: how often it ran to its end (of programs that FILE tells of)
 *	NAME:iterations   count: of its own work, as it printed them (likewise)
 *	NAME:EVENT        count: an event of the kernel's or the processor's, since it was followed
 *
 * ten times a second. Counts are inherited by threads and processes that are started later; the events
 * of a program are one group, so that they were counted at the same times.
 */
#include <sys/types.h>

#include "record/sources/source.h"

struct erg_process_config {
	const char *name;
	/*
	 * NULL: the program is given by erg_process_source_follow. Else a file of one line, which may be
	 * rewritten: "PID RUNS CPU_MS ITERATIONS SUM", SUM being that of the four before. PID is the
	 * process that runs now (0: as given by erg_process_source_follow), CPU_MS what its RUNS
	 * forerunners took.
	 */
	const char *file;
	const char *
		events; /* as of erg_counters_resolve, of a simulated board the names alone; NULL */
	const char *proc, *sysfs;
	bool simulated; /* events come from the board's processes, not from the kernel */
};

/* -EINVAL for events that cannot be read, -ENOMEM. */
int erg_process_source_new(const struct erg_process_config *cfg, struct erg_source **ret,
	struct erg_err *err);
/* PID is the program: it is there and, best, has not begun. From any thread. */
void erg_process_source_follow(struct erg_source *s, pid_t pid);
/* The file that it was to be told by and that has told nothing, or NULL. */
const char *erg_process_source_untold(struct erg_source *s);

/* ---- between the files of this source ---- */

#define ERG_PROCESS_EVENTS 16
#define ERG_PROCESS_NAME 48

/* Processes and threads of a program, each once. */
struct erg_process_ids {
	pid_t *v;
	size_t n, cap;
};

void erg_process_ids_release(struct erg_process_ids *ids);
/*
 * PID and all that it and its children have started, as far as it is there: its threads to THREADS (may
 * be NULL), and its CPU time, with that of children that have ended, to *RET_MS. -ESRCH when PID is not
 * there.
 */
int erg_process_walk(const char *proc, pid_t pid, struct erg_process_ids *threads, int64_t *ret_ms);

struct erg_process_event {
	char name[ERG_PROCESS_NAME];
	uint32_t type;
	uint64_t config[3];
};

/* Events opened for threads. */
struct erg_process_perf {
	struct erg_process_event event[ERG_PROCESS_EVENTS];
	size_t n_events;
	int *fd; /* n_groups x n_events */
	size_t n_groups;
	bool alone; /* the kernel does not read inherited events by group */
};

int erg_process_perf_parse(const char *text, struct erg_process_perf *p, struct erg_err *err);
/* A negative errno when thread TID cannot be counted; what it starts is counted with it. */
int erg_process_perf_open(struct erg_process_perf *p, pid_t tid);
/* Adds what was counted so far to SUM (n_events values). */
void erg_process_perf_read(const struct erg_process_perf *p, double *sum);
void erg_process_perf_close(struct erg_process_perf *p);

#endif
