/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders for unpacked chunks; see scratch.h for what protects them. */
#include "analyze/reader/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"

#define PREFIX "erg-analyze-"
#define YOUNG_S 60 /* one that is being made is not locked yet */

/* Memory when there is room for the chunk twice, else a disk. */
static const char *scratch_place(uint64_t bytes)
{
	const char *tmp = getenv("TMPDIR");
	struct statvfs s;

	if (!statvfs("/dev/shm", &s) && (uint64_t)s.f_bavail * s.f_bsize > 2 * bytes)
		return "/dev/shm";
	return tmp && *tmp ? tmp : "/tmp";
}

int erg_scratch_make(uint64_t bytes, struct erg_scratch *ret, struct erg_err *err)
{
	struct erg_scratch s = ERG_SCRATCH_NONE;
	char path[sizeof(s.path)];

	if (snprintf(path, sizeof(path), "%s/" PREFIX "%d-XXXXXX", scratch_place(bytes),
		    (int)getpid()) >= (int)sizeof(path))
		return erg_fail(err, -ENAMETOOLONG, "%s: expected a shorter TMPDIR", path);
	if (!mkdtemp(path))
		return erg_fail_errno(err, -errno, "%s: cannot be made", path);
	s.lock = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s.lock < 0 || flock(s.lock, LOCK_EX | LOCK_NB) < 0) {
		int r = -errno;

		erg_closep(&s.lock);
		rmdir(path);
		return erg_fail_errno(err, r, "%s: cannot be locked", path);
	}
	memcpy(s.path, path, sizeof(path));
	*ret = s;
	return 0;
}

void erg_scratch_remove(struct erg_scratch *s)
{
	if (s->path[0])
		erg_tree_remove(s->path);
	erg_closep(&s->lock);
	*s = (struct erg_scratch)ERG_SCRATCH_NONE;
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

static unsigned int sweep_place(const char *where, pid_t pid)
{
	_cleanup_(erg_closedirp) DIR *d = opendir(where);
	struct dirent *e;
	unsigned int held = 0;

	while (d && (e = readdir(d))) {
		int owner;

		if (sscanf(e->d_name, PREFIX "%d-", &owner) != 1 || owner <= 0 ||
			(pid && owner != pid))
			continue;
		held += sweep_one(dirfd(d), e->d_name, !pid);
	}
	return held;
}

unsigned int erg_scratch_sweep(pid_t pid)
{
	const char *tmp = getenv("TMPDIR");
	unsigned int held = sweep_place("/dev/shm", pid) + sweep_place("/tmp", pid);

	return held + (tmp && *tmp ? sweep_place(tmp, pid) : 0);
}
