/* SPDX-License-Identifier: MIT */
/*
 * The limit of open files, and what is left of it.
 */
#include "formats/base/open_files.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/base/util.h"

#define SPARE 32
#define USEFUL                                                                                     \
	65536 /* more is of no use, and some programs do something for each that is allowed */

static struct rlimit before;

void erg_open_files_raise(void)
{
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) < 0)
		return;
	if (!before.rlim_max)
		before = now;
	now.rlim_cur = now.rlim_max < USEFUL ? now.rlim_max : USEFUL;
	if (now.rlim_cur > before.rlim_cur) /* never lowered */
		setrlimit(RLIMIT_NOFILE, &now);
}

void erg_open_files_restore(void)
{
	if (before.rlim_max)
		setrlimit(RLIMIT_NOFILE, &before);
}

static DIR *files_open(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return opendir(path);
}

int erg_open_files_of(pid_t pid, size_t *ret_left, size_t *ret_limit)
{
	_cleanup_(erg_closedirp) DIR *d = files_open(pid);
	struct rlimit limit;
	struct dirent *e;
	size_t used = 0;

	if (!d || prlimit(pid, RLIMIT_NOFILE, NULL, &limit) < 0)
		return -1;
	/* those above the limit were opened before it was lowered */
	while ((e = readdir(d)))
		used += e->d_name[0] != '.' && strtoul(e->d_name, NULL, 10) < limit.rlim_cur;
	used -= pid == getpid() && dirfd(d) < (int)limit.rlim_cur;
	*ret_left = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
	*ret_limit = limit.rlim_cur;
	return 0;
}

int erg_open_files_like(pid_t pid, const char *text)
{
	_cleanup_(erg_closedirp) DIR *d = files_open(pid);
	char to[PATH_MAX];
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d))) {
		ssize_t len = readlinkat(dirfd(d), e->d_name, to, sizeof(to) - 1);

		to[len > 0 ? len : 0] = '\0';
		n += strstr(to, text) != NULL;
	}
	return d ? n : -1;
}

bool erg_open_files_spare(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) < 0 || (rlim_t)fd + SPARE < limit.rlim_cur;
}
