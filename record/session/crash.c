/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Copies of the metadata. LTTng's layout below the directory is
 * SESSION-DATE/ust/uid/UID/BITS-bit/metadata; in a chunk it is uid/UID/BITS-bit/metadata.
 *
 * Reference: lttng-create(1), --shm-path.
 */
#include "record/session/crash.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/spool/document.h"
#include "record/spool/spool.h"

static _Thread_local struct {
	const char *spool, *run_id;
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

#define STREAMED_MAX 16

/* Traces whose metadata has been emitted. A process has one recording. */
static char streamed[STREAMED_MAX][64];

static int visit_stream(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *rel = strstr(path, "/ust/");
	_cleanup_(erg_fclosep) FILE *f = NULL;
	_cleanup_(erg_freep) char *text = NULL;
	char name[64];
	size_t i = 0, n;
	json_t *doc;

	if (type != FTW_F || !rel || strcmp(path + ftw->base, "metadata") || !st->st_size)
		return 0;
	if ((size_t)snprintf(name, sizeof(name), "%s", rel + strlen("/ust/")) >= sizeof(name))
		return 0;
	while (i < STREAMED_MAX && streamed[i][0] && strcmp(streamed[i], name))
		i++;
	if (i == STREAMED_MAX || streamed[i][0])
		return 0;
	f = fopen(path, "re");
	text = calloc(1, (size_t)st->st_size + 1);
	n = f && text ? fread(text, 1, (size_t)st->st_size, f) : 0;
	/* Before its first event is described, it is of no use. */
	if (!n || !strstr(text, "event {"))
		return 0;
	doc = json_pack("{s:s}", "text", text);
	save.r = erg_document_emit_pieces(save.run_id, name, doc, save.err);
	json_decref(doc);
	memcpy(streamed[i], name, sizeof(name));
	return save.r < 0 ? 1 : 0;
}

int erg_crash_stream(const char *shm, const char *run_id, struct erg_err *err)
{
	save.run_id = run_id;
	save.err = err;
	save.r = 0;
	nftw(shm, visit_stream, 16, FTW_PHYS);
	return save.r;
}

void erg_crash_remove(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", ERG_CRASH_BASE, name);
	erg_tree_remove(path);
}
