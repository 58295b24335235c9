/* SPDX-License-Identifier: MIT */
/* Files in folders into which others may put anything: what is no file is refused and not waited for. */
#include "formats/base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "formats/base/util.h"

FILE *erg_regular_open(const char *path)
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

int erg_regular_json(const char *path, json_t **ret, struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = erg_regular_open(path);
	json_error_t e;

	*ret = NULL;
	if (!f && errno == ENOTSUP)
		return erg_fail(err, -EINVAL, "%s: a regular file was expected", path);
	if (!f)
		return erg_fail_errno(err, -errno, "%s", path);
	*ret = json_loadf(f, 0, &e);
	if (*ret)
		return 0;
	return erg_fail(err, -EINVAL, "%s: line %d, column %d: %s", path, e.line, e.column, e.text);
}
