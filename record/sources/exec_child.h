/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_EXEC_CHILD_H
#define ERG_RECORD_SOURCES_EXEC_CHILD_H

/* A child program whose standard output is read line by line without blocking; see exec_child.c. */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "formats/base/err.h"

#define ERG_CHILD_BUFFER 65536

struct erg_child {
	char *command, *shown; /* shown: without secrets, for messages and archives */
	pid_t pid;             /* 0: not running */
	int fd;
	uint64_t backoff_ns, restart_ns; /* pause after the last death; when to start again */
	bool spoke;                      /* gave a line since it was started */
	size_t len, skip;                /* bytes in buf; of them already taken */
	char buf[ERG_CHILD_BUFFER];
};

struct erg_child *erg_child_new(const char *command);
void erg_child_free(struct erg_child *c); /* ends it first */

int erg_child_start(struct erg_child *c, struct erg_err *err);
void erg_child_end(struct erg_child *c);

/* Takes what the child has written, waiting at most TIMEOUT_MS for it. Returns 1 when there may be
 * lines, 0 when there is nothing new or the child rests before it is started again, -EPIPE once for
 * each death. */
int erg_child_pump(struct erg_child *c, int timeout_ms);

/* The next whole line without its newline, or NULL; valid until the next call of anything here. */
char *erg_child_line(struct erg_child *c);

#endif
