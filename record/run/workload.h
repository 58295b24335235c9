/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_WORKLOAD_H
#define ERG_RECORD_WORKLOAD_H

/*
 * The command that is measured: started in the recorder's own process group and with its standard
 * streams, so that terminals, pipes and job control work as without the recorder.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "formats/base/err.h"

/* Environment of the command: the recorder's own, with changes. */
struct erg_environ {
	char **vars; /* NULL-terminated */
	size_t n;
};

int erg_environ_init(struct erg_environ *e);
int erg_environ_set(struct erg_environ *e, const char *name, const char *value);
const char *erg_environ_get(const struct erg_environ *e, const char *name);
/* Puts VALUE in front of NAME's colon-separated list, unless it is there. */
int erg_environ_prepend(struct erg_environ *e, const char *name, const char *value);
void erg_environ_release(struct erg_environ *e);

/* Where execvp() would find FILE: -ENOENT or -EACCES with a message if nowhere. To be freed. */
int erg_workload_resolve(const char *file, char **ret, struct erg_err *err);

/* Where the kernel has no pidfds, a thread stands in for one. */
struct erg_workload_watch {
	pid_t pid;
	int fd;
	pthread_t thread;
	bool started;
};

struct erg_workload {
	pid_t pid;
	int pidfd; /* readable when the command has ended */
	struct erg_workload_watch watch;
	uint64_t begin_ns, end_ns;
	int status; /* as of waitpid() */
	bool ended;
	bool filtered; /* by seccomp, and this recorder is not */
	/* processes that the kernel ended for want of memory in this control group: before the command, and
	 * through it */
	uint64_t oom_before, oom_kills;
	rlim_t files; /* that it could open at the end; 0: not known */
};

#define ERG_WORKLOAD_INIT                                                                          \
	{                                                                                          \
		.pid = -1, .pidfd = -1                                                             \
	}

struct erg_workload_start {
	const char *path; /* the file of ARGV */
	char *const *argv;
	const struct erg_environ *env;
	const sigset_t *mask; /* the signal mask it is to have */
	/* Called with the process before it runs the program; NULL for nothing to do. */
	void (*before)(void *data, pid_t pid);
	void *data;
};

/* Starts the command. Fails, with nothing left, when the kernel refuses to execute it. W stays where it
 * is until release. */
int erg_workload_start(struct erg_workload *w, const struct erg_workload_start *s,
	struct erg_err *err);
/* Passes a signal of the recorder on. One that the terminal sent has reached the command already,
 * and stop signals stop the recorder too, until it is continued. */
void erg_workload_signal(struct erg_workload *w, int sig, bool from_terminal);
/* Collects the command once pidfd is readable; true when it has ended. */
bool erg_workload_reap(struct erg_workload *w);
/* What a shell would return: its exit status, or 128 + the signal. */
int erg_workload_exit_status(const struct erg_workload *w);
void erg_workload_release(struct erg_workload *w);

#endif
