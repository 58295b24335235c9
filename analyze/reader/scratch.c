/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where folders for unpacked chunks are. */
#include "analyze/reader/scratch.h"

#include <stdlib.h>
#include <sys/statvfs.h>

#define PREFIX "erg-analyze-"

/* Memory when there is room for the chunk twice, else a disk. */
int erg_scratch_make(uint64_t bytes, struct erg_tempdir *ret, struct erg_err *err)
{
	const char *tmp = getenv("TMPDIR");
	struct statvfs s;

	if (!statvfs("/dev/shm", &s) && (uint64_t)s.f_bavail * s.f_bsize > 2 * bytes &&
		erg_tempdir_make("/dev/shm", PREFIX, ret, NULL) == 0)
		return 0; /* else it is read-only, or closed to this user */
	return erg_tempdir_make(tmp && *tmp ? tmp : "/tmp", PREFIX, ret, err);
}

unsigned int erg_scratch_sweep(pid_t pid)
{
	const char *tmp = getenv("TMPDIR");
	unsigned int held =
		erg_tempdir_sweep("/dev/shm", PREFIX, pid) + erg_tempdir_sweep("/tmp", PREFIX, pid);

	return held + (tmp && *tmp ? erg_tempdir_sweep(tmp, PREFIX, pid) : 0);
}
