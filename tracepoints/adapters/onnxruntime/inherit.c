/* SPDX-License-Identifier: MIT */
/*
 * A session that a process has from its parent, by fork. ONNX Runtime keeps the events of a profile in
 * memory, of which the child has a copy, and writes them when the session ends into the file that it
 * opened when it made it. Of that the child has the same open file, at the same place: what the child
 * writes would stand before what its parent does. So its descriptor gets another file. Whoever reads that
 * leaves out what other processes have done.
 *
 * ONNX Runtime tells nobody its descriptor: it is the one that can write into our file.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracepoints/adapters/onnxruntime/folder.h"
#include "tracepoints/adapters/onnxruntime/session.h"

static bool writes_into(int fd, const struct stat *file)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY && fstat(fd, &st) == 0 &&
		st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

/* The descriptor of this process that writes into FILE; -1: none. */
static int writer_of(const struct stat *file)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;
	int found = -1;

	while (d && found < 0 && (e = readdir(d))) {
		char *end;
		long fd = strtol(e->d_name, &end, 10);

		if (end != e->d_name && !*end && fd != dirfd(d) && writes_into((int)fd, file))
			found = (int)fd;
	}
	if (d)
		closedir(d);
	return found;
}

int erg_ort_file_part(int shared)
{
	int writer, made, ret = -1, flags;
	struct erg_ort_folder folder;
	struct stat st;

	writer = fstat(shared, &st) == 0 ? writer_of(&st) : -1;
	if (writer < 0)
		return -1;
	erg_ort_folder_make(&folder);
	if (folder.lock < 0)
		return -1;
	flags = fcntl(writer, F_GETFD);
	made = open(folder.prefix, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (made >= 0)
		ret = open(folder.prefix, O_RDONLY | O_CLOEXEC);
	erg_ort_folder_remove(&folder);
	if (ret >= 0 && dup3(made, writer, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0) {
		close(ret);
		ret = -1;
	}
	if (made >= 0)
		close(made);
	return ret;
}
