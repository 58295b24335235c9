/* SPDX-License-Identifier: MIT */
#ifndef ERG_PIDFD_H
#define ERG_PIDFD_H

/*
 * Descriptors of processes, by the kernel's own numbers: C libraries before glibc 2.36 do not know them.
 * Linux before 5.3 (boards with L4T up to 32) has none, and a filter of system calls may refuse them:
 * every caller does without then. And close_range(), which glibc has since 2.34.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
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

#ifndef SYS_close_range
#define SYS_close_range 436
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

/* Closes FIRST and all above; safe after a fork. Linux before 5.9 closes one by one. */
static inline void erg_close_from(int first)
{
	struct rlimit most;

	if (syscall(SYS_close_range, (unsigned)first, ~0u, 0) == 0 ||
		getrlimit(RLIMIT_NOFILE, &most) < 0)
		return;
	for (rlim_t fd = (rlim_t)first; fd < most.rlim_cur && fd < 1u << 20; fd++)
		close((int)fd);
}

#endif
