/* SPDX-License-Identifier: MIT */
#include "formats/base/mapped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "formats/base/util.h"

int erg_mapped_like(pid_t pid, const char *text)
{
	_cleanup_(erg_freep) char *line = NULL;
	_cleanup_(erg_fclosep) FILE *f = NULL;
	char path[64];
	size_t room = 0;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	f = fopen(path, "re");
	while (f && getline(&line, &room, f) > 0)
		n += strstr(line, text) != NULL;
	return f && !ferror(f) ? n : -1;
}

uint64_t erg_mapped_left(pid_t pid)
{
	_cleanup_(erg_fclosep) FILE *f = NULL;
	unsigned long long pages;
	struct rlimit limit;
	char path[64];

	if (prlimit(pid, RLIMIT_AS, NULL, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &pages) != 1)
		return UINT64_MAX;
	pages *= (unsigned long long)sysconf(_SC_PAGESIZE);
	return limit.rlim_cur > pages ? limit.rlim_cur - pages : 0;
}
