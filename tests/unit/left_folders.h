/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_UNIT_LEFT_FOLDERS_H
#define ERG_TESTS_UNIT_LEFT_FOLDERS_H

/* Folders as others leave them in a place that all users share, for tests of what is removed there and what is not.
 * Include after cmocka.h. */
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[64]; /* the place */

/* Makes the place, of which NAME is a part of the name; it is TMPDIR. */
static inline void base_make(const char *name)
{
	snprintf(base, sizeof(base), "/tmp/erg-test-%s-XXXXXX", name);
	assert_non_null(mkdtemp(base));
	setenv("TMPDIR", base, 1);
}

/* The path of NAME in it, good until the fourth from then. */
static inline const char *in_base(const char *name)
{
	static char path[4][PATH_MAX];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", base, name);
	return path[next];
}

/* Makes the folder NAME there with a file "kept" in it; open. */
static inline int folder_open(const char *name, mode_t mode)
{
	int fd;

	assert_int_equal(mkdir(in_base(name), 0700), 0);
	fd = open(in_base(name), O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	close(openat(fd, "kept", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(fchmod(fd, mode), 0);
	return fd;
}

static inline void folder(const char *name, mode_t mode)
{
	close(folder_open(name, mode));
}

static inline bool there(const char *name)
{
	return access(in_base(name), F_OK) == 0;
}

#endif
