/* SPDX-License-Identifier: MIT */
#ifndef ERG_FORMATS_REGULAR_H
#define ERG_FORMATS_REGULAR_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "formats/base/util.h"

/* Opens the file at PATH to read what is in it, or gives NULL and errno: what lies in a folder may be a pipe that
 * somebody put there, and would be waited for (ENOTSUP). */
static inline FILE *erg_regular_open(const char *path)
{
	_cleanup_(erg_closep) int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	FILE *f;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	if (!S_ISREG(st.st_mode)) {
		errno = ENOTSUP;
		return NULL;
	}
	f = fdopen(fd, "r");
	if (f)
		erg_steal_fd(&fd);
	return f;
}

/* The JSON in the file at PATH, refused as above. */
int erg_regular_json(const char *path, json_t **ret, struct erg_err *err);

#endif
