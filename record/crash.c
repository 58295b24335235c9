/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies of the metadata. LTTng's layout below the directory is
 * SESSION-DATE/ust/uid/UID/BITS-bit/metadata; in a chunk it is uid/UID/BITS-bit/metadata.
 *
 * Reference: lttng-create(1), --shm-path.
 */
#include "record/crash.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/util.h"
#include "record/spool.h"

static _Thread_local struct {
	const char *spool;
	struct erg_err *err;
	int r;
} save;

void erg_crash_dir(const char *name, char *buf, size_t size)
{
	buf[0] = '\0';
	if (access(ERG_CRASH_BASE, W_OK | X_OK) == 0)
		snprintf(buf, size, "%s/%s", ERG_CRASH_BASE, name);
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *rel = strstr(path, "/ust/");
	char to[PATH_MAX];
	struct stat old;

	if (type != FTW_F || !rel || strcmp(path + ftw->base, "metadata") || !st->st_size)
		return 0;
	snprintf(to, sizeof(to), "%s/metadata/%s", save.spool, rel + strlen("/ust/"));
	if (stat(to, &old) == 0 && old.st_size == st->st_size)
		return 0;
	save.r = erg_spool_copy(path, to, save.err);
	return save.r < 0 ? 1 : 0;
}

int erg_crash_save(const char *shm, const char *spool, struct erg_err *err)
{
	save.spool = spool;
	save.err = err;
	save.r = 0;
	nftw(shm, visit, 16, FTW_PHYS);
	return save.r;
}

void erg_crash_remove(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", ERG_CRASH_BASE, name);
	erg_spool_remove(path);
}
