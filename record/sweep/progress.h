/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SWEEP_PROGRESS_H
#define ERG_RECORD_SWEEP_PROGRESS_H

/*
 * How far a program is, for the recorder that counts it (--beside, --progress of erg-record run): which
 * process it is now, how often it ran to its end, the CPU time of those runs, and the lines that it
 * printed for its iterations.
 */
#include <stdint.h>
#include <sys/types.h>

#include "formats/base/err.h"

struct erg_progress {
	char path[4500];    /* of the file; "" for none */
	int fd, log;        /* of the file; of what the program prints */
	const char *needle; /* what the line of an iteration holds, or NULL */
	pid_t pid;
	int64_t runs, cpu_ms, iterations;
	char line[256]; /* the beginning of a line that is not whole yet */
	size_t len;
};

#define ERG_PROGRESS_NONE                                                                          \
	{                                                                                          \
		.fd = -1, .log = -1                                                                \
	}

/* Makes the file PATH. LOG is the file that the program prints to, from its present end on. */
int erg_progress_open(struct erg_progress *p, const char *path, const char *log, const char *needle,
	struct erg_err *err);
/* Process PID (0: the recorder knows) begins. */
void erg_progress_begin(struct erg_progress *p, pid_t pid);
/* It has ended by itself, after CPU_MS. */
void erg_progress_end(struct erg_progress *p, int64_t cpu_ms);
/* Counts what was printed meanwhile. */
void erg_progress_look(struct erg_progress *p);
/* Removes the file. */
void erg_progress_close(struct erg_progress *p);

#endif
