/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_BATCH_PROCESS_H
#define ERG_ANALYZE_BATCH_PROCESS_H

/*
 * This program as a process of its own, with another verb. What it prints goes into memory (memfd), so
 * that nothing half-written is left of one that is killed.
 */
#include <stddef.h>
#include <sys/types.h>

#include "formats/base/err.h"

struct erg_process {
	pid_t pid;     /* 0: none */
	int out, said; /* its standard output and error; -1: none */
	int status;    /* after erg_process_wait: of the exit, or 128 and the signal */
};

#define ERG_PROCESS_NONE ((struct erg_process){.out = -1, .said = -1})

/* argv[0] is the program's name, argv[1] the verb. Negative errno. */
int erg_process_start(struct erg_process *c, const char *const *argv);
/* Exit status of STATUS as of waitpid. */
int erg_process_status(int status);
int erg_process_wait(struct erg_process *c);
/* The last line that it said, without the program's name. */
void erg_process_last_line(const struct erg_process *c, char *ret, size_t size);
/* Closes what is open; the process must have ended. */
void erg_process_release(struct erg_process *c);

#endif
