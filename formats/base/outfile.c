/* SPDX-License-Identifier: MIT */
/*
 * Whole or not at all, by rename(2), which is atomic within a directory. The temporary name ends
 * in six random letters (mkostemp), so two writers never share one.
 */
#include "formats/base/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "formats/base/memory.h"
#include "formats/base/util.h"

/* mkostemp gives 0600; what a user writes has the mode of any new file. */
static void usual_mode(int fd)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(fd, 0666 & ~mask);
}

int erg_outfile_open(struct erg_outfile *o, const char *path, struct erg_err *err)
{
	_cleanup_(erg_closep) int fd = -1;

	*o = (struct erg_outfile){.path = strdup(path)};
	if (!o->path || asprintf(&o->tmp, "%s.XXXXXX", path) < 0) {
		o->tmp = NULL;
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
	usual_mode(fd);
	o->f = fdopen(fd, "w");
	if (!o->f) {
		erg_outfile_discard(o);
		return erg_fail(err, -ENOMEM, "%s: out of memory", path);
	}
	erg_steal_fd(&fd);
	return 0;
}

int erg_outfile_commit(struct erg_outfile *o, struct erg_err *err)
{
	int r = 0;

	errno = 0;
	if (ferror(o->f) || fflush(o->f) || fsync(fileno(o->f)))
		r = errno ? -errno : -EIO;
	if (!r && erg_memory_starved())
		r = -ENOMEM; /* what is in it may lack parts */
	if (fclose(o->f) && !r)
		r = -errno;
	o->f = NULL;
	if (!r && rename(o->tmp, o->path))
		r = -errno;
	if (r < 0)
		r = erg_fail_errno(err, r, "%s: cannot be written", o->path);
	else {
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
