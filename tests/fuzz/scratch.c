/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders and files that a target makes for one input. */
#include "tests/fuzz/scratch.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"

static char kept[ERG_FUZZ_PATH];

static void kept_remove(void)
{
	erg_tree_remove(kept);
}

const char *erg_fuzz_kept(const char *name)
{
	if (!kept[0]) {
		erg_fuzz_scratch(name, kept);
		atexit(kept_remove);
	}
	return kept;
}

void erg_fuzz_scratch(const char *name, char ret[ERG_FUZZ_PATH])
{
	const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(ret, ERG_FUZZ_PATH, "%s/erg-fuzz-%s-XXXXXX", dir, name);
	if (!mkdtemp(ret))
		__builtin_trap();
}

int erg_fuzz_file(const char *dir, const char *path, const void *data, size_t size)
{
	_cleanup_(erg_closep) int fd = -1;
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s/%s", dir, path) >= (int)sizeof(full))
		return -1;
	for (char *slash = strchr(full + strlen(dir) + 1, '/'); slash;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, data, size) == (ssize_t)size ? 0 : -1;
}

void erg_fuzz_quiet(void)
{
	if (!freopen("/dev/null", "w", stdout))
		__builtin_trap();
	stderr = fopen("/dev/null", "w"); /* the sanitizers write to descriptor 2 */
}
