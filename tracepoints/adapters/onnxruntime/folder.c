/* SPDX-License-Identifier: MIT */
/*
 * Folders for profiles: ONNX Runtime opens the file of a profile when it makes the session, and writes it when the
 * session ends. So the file gets a folder of its own, and both lose their names as soon as it is open. What is left
 * of a process that died while it made a session is removed by the next, but only what this user made, and by
 * descriptors: another may have put a link there. As formats/base/tempdir.c does; what is preloaded into programs
 * knows nothing of formats.
 */
#include "tracepoints/adapters/onnxruntime/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BEGIN "/profile"
#define TRIES 16 /* the next process may have found a new folder before it was locked */

static const char *temporary(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

static int folder_open(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* What is in the folder FD. */
static void empty(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!d && copy >= 0)
		close(copy);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

/* One that mkdtemp() made for this user. */
static bool ours(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0;
}

static void stale_remove(void)
{
	static bool done;
	DIR *d = done ? NULL : opendir(temporary());
	struct dirent *e;

	done = true;
	while (d && (e = readdir(d))) {
		int fd;

		if (strncmp(e->d_name, ERG_ORT_FOLDER, sizeof(ERG_ORT_FOLDER) - 1) != 0)
			continue;
		fd = folder_open(dirfd(d), e->d_name);
		if (fd < 0)
			continue;
		if (ours(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0) {
			empty(fd);
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
		}
		close(fd);
	}
	if (d)
		closedir(d);
}

/* Locks the new folder PATH, or gives -1 where somebody removes it. Where a place has no locks, nobody gets the
 * one for removing, either. */
static int hold(const char *path)
{
	int fd = folder_open(AT_FDCWD, path);
	struct stat st;

	if (fd < 0)
		return -1;
	if ((flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) || fstat(fd, &st) < 0 ||
		!st.st_nlink) {
		close(fd);
		return -1;
	}
	return fd;
}

void erg_ort_folder_make(struct erg_ort_folder *ret)
{
	ret->lock = -1;
	stale_remove();
	for (int i = 0; ret->lock < 0 && i < TRIES; i++) {
		size_t len = (size_t)snprintf(ret->prefix, sizeof(ret->prefix),
			"%s/" ERG_ORT_FOLDER "%ld-XXXXXX", temporary(), (long)getpid());

		if (len + sizeof(FILE_BEGIN) > sizeof(ret->prefix) || !mkdtemp(ret->prefix))
			return;
		ret->lock = hold(ret->prefix);
		memcpy(ret->prefix + len, FILE_BEGIN, sizeof(FILE_BEGIN));
	}
}

void erg_ort_folder_remove(struct erg_ort_folder *f)
{
	if (f->lock < 0)
		return;
	empty(f->lock);
	*strrchr(f->prefix, '/') = '\0';
	rmdir(f->prefix);
	close(f->lock);
	f->lock = -1;
}

FILE *erg_ort_folder_take(struct erg_ort_folder *f)
{
	int copy = f->lock < 0 ? -1 : openat(f->lock, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;
	FILE *found = NULL;

	if (!d && copy >= 0)
		close(copy);
	while (d && !found && (e = readdir(d))) {
		int fd = e->d_name[0] == '.' ? -1
					     : openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && !(found = fdopen(fd, "r")))
			close(fd);
	}
	if (d)
		closedir(d);
	erg_ort_folder_remove(f);
	return found;
}
