/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_UTIL_H
#define ERG_FORMATS_UTIL_H

/*
 * What nearly every file needs: ownership, the clock, the last part of a path.
 *
 * Ownership: a resource is declared with its cleanup (_cleanup_(erg_freep) char *p = NULL;) and
 * leaves the scope only by an explicit steal. Cleanup functions accept NULL, -1 and half-built
 * things.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((cleanup(fn)))

#define erg_steal_ptr(pp)                                                                          \
	__extension__({                                                                            \
		__typeof__(*(pp)) *pp_ = (pp);                                                     \
		__typeof__(*(pp)) p_ = *pp_;                                                       \
		*pp_ = NULL;                                                                       \
		p_;                                                                                \
	})

static inline int erg_steal_fd(int *fd)
{
	int f = *fd;

	*fd = -1;
	return f;
}

static inline void erg_freep(void *pp)
{
	free(*(void **)pp);
}

static inline void erg_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void erg_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void erg_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* For main(): descriptors 0 to 2 that the caller closed are taken, or the next files to be opened
 * would get their numbers and messages would be written into them. Reading gives nothing, writing
 * fails; programs that are started find them closed. */
static inline void erg_stdio_occupy(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	erg_closep(&fd);
}

/* What follows the last slash of PATH; all of it where there is none. basename(3) is one of two
 * functions, by the headers that a file includes, and one of them writes. */
static inline const char *erg_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* CLOCK in ns; 0 where there is no such clock: the CPU time of a process that has ended. */
static inline uint64_t erg_clock_ns(clockid_t clock)
{
	struct timespec ts = {0};

	if (clock_gettime(clock, &ts) < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* CLOCK_MONOTONIC in ns: the clock of every time in an archive. */
static inline uint64_t erg_mono_ns(void)
{
	return erg_clock_ns(CLOCK_MONOTONIC);
}

#define ERG_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define ERG_NSEC_PER_SEC 1000000000u

#endif
