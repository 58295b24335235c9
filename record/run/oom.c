/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A limit of memory that the command shares with this recorder: who is ended there is the kernel's choice,
 * and a process that it ended has SIGKILL and says nothing. The control group counts them.
 */
#include "record/run/oom.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "formats/base/util.h"

/* "memory.events" of version 2 and "memory.oom_control" of version 1 have such a line. */
static bool counted(const char *file, uint64_t *ret)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(file, "re");
	char line[256];
	unsigned long long n;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "oom_kill %llu", &n) == 1) {
			*ret = n;
			return true;
		}
	return false;
}

/* In a container the path may be that of the whole machine, and its own group is where it sees the root. */
static bool counted_below(const char *mount, const char *path, const char *name, uint64_t *ret)
{
	char file[PATH_MAX];

	snprintf(file, sizeof(file), "%s%s/%s", mount, path, name);
	if (counted(file, ret))
		return true;
	snprintf(file, sizeof(file), "%s/%s", mount, name);
	return counted(file, ret);
}

static bool has_memory(const char *controllers)
{
	for (const char *c = controllers; *c; c += strcspn(c, ","), c += *c == ',')
		if (strcspn(c, ",") == strlen("memory") && !strncmp(c, "memory", strlen("memory")))
			return true;
	return false;
}

uint64_t erg_oom_kills(const char *self, const char *mounts)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(self, "re");
	char line[PATH_MAX + 64], mount[PATH_MAX];
	uint64_t n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		char *controllers = strchr(line, ':'), *path;

		line[strcspn(line, "\n")] = 0;
		path = controllers ? strchr(++controllers, ':') : NULL;
		if (!path)
			continue;
		*path++ = 0;
		snprintf(mount, sizeof(mount), "%s/memory", mounts);
		if (*controllers ? has_memory(controllers) &&
					counted_below(mount, path, "memory.oom_control", &n)
				 : counted_below(mounts, path, "memory.events", &n))
			break;
	}
	return n;
}
