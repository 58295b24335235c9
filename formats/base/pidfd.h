/* SPDX-License-Identifier: MIT */
#ifndef ERG_PIDFD_H
#define ERG_PIDFD_H

/*
 * Descriptors of processes, by the kernel's own numbers: C libraries before glibc 2.36 do not know them.
 * Linux before 5.3 (boards with L4T up to 32) has none, and a filter of system calls may refuse them:
 * every caller does without then.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* The same on every architecture. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

/* Close-on-exec, readable when PID has ended; -1 with errno where there is none. */
static inline int erg_pidfd_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int erg_pidfd_kill(int fd, int sig)
{
	return (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0);
}

#endif
