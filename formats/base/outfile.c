/* SPDX-License-Identifier: MIT */
/*
 * Whole or not at all, by rename(2), which is atomic within a directory. The temporary name ends
 * in six random letters (mkostemp), so two writers never share one. What is no file (/dev/null, a pipe)
 * stays what it is: it gets what was written when that is whole.
 */
#include "formats/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

/* mkostemp gives 0600; what a user writes has the mode of any new file. */
static void usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

/* Devices and pipes, and links to them; links of the kernel's, whatever they lead to: root's rename would put a
 * file where /dev/stdout was. */
static bool is_place(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
		(!strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6)))
		return true;
	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* Where it is written: beside its place, or, where that is none for files, with other temporary files. */
static char *temporary(const char *path, bool place)
{
	const char *dir = getenv("TMPDIR");
	char *tmp;
	int n = place ? asprintf(&tmp, "%s/erg-XXXXXX", dir && *dir ? dir : "/tmp")
		      : asprintf(&tmp, "%s.XXXXXX", path);

	return n < 0 ? NULL : tmp;
}

/* Copies what is in F to the device or pipe at PATH: 0 or a negative errno. */
static int copy_to(const char *path, FILE *f)
{
	_cleanup_(erg_closep) int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC);
	char buf[1u << 14];
	size_t n;

	rewind(f);
	while (fd >= 0 && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		for (size_t done = 0; done < n;) {
			ssize_t w = write(fd, buf + done, n - done);

			if (w < 0 && errno != EINTR)
				return -errno;
			done += w > 0 ? (size_t)w : 0;
		}
	return fd < 0 || ferror(f) ? -errno : 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int erg_outfile_open(struct erg_outfile *o, const char *path, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = -1;

	if (!strcmp(path, "-")) {
		path = "/dev/stdout";
		if ((fcntl(STDOUT_FILENO, F_GETFL) & O_ACCMODE) == O_RDONLY) /* it was closed */
			return erg_fail_errno(err, -EBADF, "%s: cannot be written", path);
	}
	if (is_folder(path))
		return erg_fail(err, -EISDIR, "%s: is a folder, expected a name for a file", path);
	*o = (struct erg_outfile){.path = strdup(path), .place = is_place(path)};
	o->tmp = temporary(path, o->place);
	if (!o->path || !o->tmp) {
		erg_outfile_discard(o);
		return erg_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	fd = mkostemp(o->tmp, O_CLOEXEC);
	if (fd < 0) {
		int r = -errno;

		free(o->tmp);
		o->tmp = NULL;
		erg_outfile_discard(o);
		return erg_fail_errno(err, r, "%s: cannot be written", path);
	}
	if (!o->place)
		usual_mode(fd);
	o->f = fdopen(fd, "w+");
	if (!o->f) {
		erg_outfile_discard(o);
		return erg_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	erg_steal_fd(&fd);
	return 0;
}

int erg_outfile_check(const char *path, struct erg_err *err)
{
	_cleanup_(erg_outfile_discard) struct erg_outfile o = {0};

	return erg_outfile_open(&o, path, err);
}

int erg_outfile_commit(struct erg_outfile *o, struct erg_err *err)
{
	int r = 0;

	/* What an earlier write failed with is told by the one that tries it again. */
	if (fflush(o->f) || (!ferror(o->f) && fsync(fileno(o->f))))
		r = -errno;
	else if (ferror(o->f))
		r = -EIO;
	if (!r && erg_memory_starved())
		r = -ENOMEM; /* what is in it may lack parts */
	if (!r && o->place)
		r = copy_to(o->path, o->f);
	if (fclose(o->f) && !r)
		r = -errno;
	o->f = NULL;
	if (!r && !o->place && rename(o->tmp, o->path))
		r = -errno;
	if (r < 0)
		r = erg_fail_errno(err, r, "%s: cannot be written", o->path);
	else if (!o->place) {
		free(o->tmp);
		o->tmp = NULL;
	}
	erg_outfile_discard(o);
	return r;
}

void erg_outfile_discard(struct erg_outfile *o)
{
	if (o->f)
		fclose(o->f);
	if (o->tmp)
		unlink(o->tmp);
	free(o->tmp);
	free(o->path);
	*o = (struct erg_outfile){0};
}
