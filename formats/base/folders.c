/* SPDX-License-Identifier: MIT */
/* See folders.h. */
#include "formats/base/folders.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

int erg_folders_make(char *path)
{
	for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
		int r;

		if (slash)
			*slash = 0;
		r = mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
		if (slash)
			*slash = '/';
		if (r < 0 || !slash)
			return r;
	}
}
