/* SPDX-License-Identifier: MIT */
/* Temporary folders in shared places; see tempdir.h for what protects them. */
#include "formats/base/tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"

#define YOUNG_S 60 /* one that is being made is not locked yet */

/* A shared lock, since NFS gives no other to who has opened for reading. Where a place has no locks, nobody gets
 * the one for removing, either. */
int erg_tempdir_make(const char *place, const char *prefix, struct erg_tempdir *ret,
	struct erg_err *err)
{
	struct erg_tempdir t = ERG_TEMPDIR_NONE;
	int r;

	if (snprintf(t.path, sizeof(t.path), "%s/%s%d-XXXXXX", place, prefix, (int)getpid()) >=
		(int)sizeof(t.path))
		return erg_fail_errno(err, -ENAMETOOLONG, "%.200s...", place);
	if (!mkdtemp(t.path))
		return erg_fail_errno(err, -errno, "%s: cannot be made", t.path);
	t.lock = open(t.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t.lock < 0 || (flock(t.lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK)) {
		r = -errno;
		erg_closep(&t.lock);
		rmdir(t.path);
		return erg_fail_errno(err, r, "%s: cannot be locked", t.path);
	}
	*ret = t;
	return 0;
}

void erg_tempdir_remove(struct erg_tempdir *t)
{
	if (t->path[0])
		erg_tree_remove(t->path);
	erg_closep(&t->lock);
	*t = (struct erg_tempdir)ERG_TEMPDIR_NONE;
}

/* A folder that mkdtemp() made for this user. */
static bool ours(int fd, bool old)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
		(st.st_mode & 077) == 0 && (!old || st.st_ctime + YOUNG_S < time(NULL));
}

/* Returns whether NAME in DIR is ours and held. */
static bool sweep_one(int dir, const char *name, bool any)
{
	_cleanup_(erg_closep) int fd =
		openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || !ours(fd, any))
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return true;
	/* Emptied by its descriptor; the name may be somebody else's by now, and then it is no empty
	 * directory that could be removed, or an empty one that nobody misses. */
	erg_tree_clear(fd);
	unlinkat(dir, name, AT_REMOVEDIR);
	return false;
}

/* "PREFIXPID-": the process's id, 0 of another name. */
static pid_t pid_of(const char *name, const char *prefix)
{
	const size_t n = strlen(prefix);
	char *end;
	long pid;

	if (strncmp(name, prefix, n))
		return 0;
	pid = strtol(name + n, &end, 10);
	return *end == '-' && pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

unsigned int erg_tempdir_sweep(const char *place, const char *prefix, pid_t pid)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(place);
	struct dirent *e;
	unsigned int held = 0;

	while (d && (e = readdir(d))) {
		const pid_t owner = pid_of(e->d_name, prefix);

		if (owner && (!pid || owner == pid))
			held += sweep_one(dirfd(d), e->d_name, !pid);
	}
	return held;
}
