/* SPDX-License-Identifier: MIT */
/* Files that a program keeps: where they are, and that nobody else has written them. */
#include "formats/base/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/util.h"

bool erg_kept_folder(char *buf, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

	if (geteuid() == 0)
		return snprintf(buf, size, ERG_KEPT_MACHINE) < (int)size;
	if (state && *state)
		return snprintf(buf, size, "%s/ergtrace", state) < (int)size;
	return home && *home && snprintf(buf, size, "%s/.local/state/ergtrace", home) < (int)size;
}

int erg_kept_open(const char *path, int flags, int bytes_max, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd =
		open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > bytes_max)
		return erg_fail(err, -EINVAL, "%s: expected a file of at most %d bytes", path,
			bytes_max);
	if ((st.st_uid != geteuid() && st.st_uid != 0) || (st.st_mode & 022))
		return erg_fail(err, -EPERM,
			"%s: expected a file that you or root own and nobody else can write", path);
	return erg_steal_fd(&fd);
}

int erg_kept_lock(const char *path, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd =
		open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return erg_fail_errno(err, -errno, "%s", path);
	if (st.st_uid != geteuid() || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		return erg_fail(err, -EPERM, "%s: expected a file of yours that has no other name",
			path);
	return erg_steal_fd(&fd);
}
