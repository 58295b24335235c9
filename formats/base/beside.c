/* SPDX-License-Identifier: MIT */
/* The folder of a program is that of its file, whatever name it was called by. */
#include "formats/base/beside.h"

#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

bool erg_beside(const char *rest, int mode, char *ret, size_t size)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int len;

	exe[n > 0 ? n : 0] = '\0';
	len = snprintf(ret, size, "%s/%s", dirname(exe), rest);
	return n > 0 && len > 0 && (size_t)len < size && access(ret, mode) == 0;
}
