/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_BATCH_CHILD_H
#define ERG_ANALYZE_BATCH_CHILD_H

/*
 * This program as a process of its own, with another verb. What it prints goes into memory (memfd), so
 * that nothing half-written is left of one that is killed.
 */
#include <stddef.h>
#include <sys/types.h>

#include "formats/base/err.h"

struct erg_child {
	pid_t pid;     /* 0: none */
	int out, said; /* its standard output and error; -1: none */
	int status;    /* after erg_child_wait: of the exit, or 128 and the signal */
};

#define ERG_CHILD_NONE ((struct erg_child){.out = -1, .said = -1})

/* argv[0] is the program's name, argv[1] the verb. Negative errno. */
int erg_child_start(struct erg_child *c, const char *const *argv);
/* Exit status of STATUS as of waitpid. */
int erg_child_status(int status);
int erg_child_wait(struct erg_child *c);
/* The last line that it said, without the program's name. */
void erg_child_last_line(const struct erg_child *c, char *ret, size_t size);
/* Closes what is open; the process must have ended. */
void erg_child_release(struct erg_child *c);

#endif
