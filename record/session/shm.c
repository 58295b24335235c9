/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The folder of LTTng's buffers, and copies of the metadata in it. LTTng's layout below the directory is
 * SESSION-DATE/ust/uid/UID/BITS-bit/metadata; in a chunk it is uid/UID/BITS-bit/metadata.
 *
 * Reference: lttng-create(1), --shm-path.
 */
#include "record/session/shm.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/spool/document.h"
#include "record/spool/spool.h"

struct save {
	const char *spool, *run_id;
	struct erg_err *err;
};

/* What follows .../ust/ in PATH where that is the metadata of a trace, else NULL. */
static const char *metadata_of(const char *path, const struct stat *st)
{
	const char *rel = strstr(path, "/ust/");

	return rel && !strcmp(strrchr(path, '/'), "/metadata") && st->st_size
		? rel + strlen("/ust/")
		: NULL;
}

void erg_shm_dir(const char *name, char *buf, size_t size)
{
	buf[0] = '\0';
	if (access(ERG_SHM_BASE, W_OK | X_OK) == 0)
		snprintf(buf, size, "%s/%s", ERG_SHM_BASE, name);
}

/* LTTng takes a folder that is there, and would make one of this mode. */
int erg_shm_hold(const char *shm)
{
	return mkdir(shm, 0770) == 0 ? erg_spool_hold(shm) : -1;
}

bool erg_shm_held(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", ERG_SHM_BASE, name);
	return erg_spool_held(path);
}

static int metadata_save(void *data, const char *path, const struct stat *st)
{
	const struct save *save = data;
	const char *rel = metadata_of(path, st);
	char to[PATH_MAX];
	struct stat old;

	if (!rel)
		return 0;
	snprintf(to, sizeof(to), "%s/metadata/%s", save->spool, rel);
	if (stat(to, &old) == 0 && old.st_size == st->st_size)
		return 0;
	return erg_spool_copy(path, save->spool, to, save->err);
}

/* A folder that is not there, or not yet, has nothing to save. */
static int walk_buffers(const char *shm, int (*fn)(void *, const char *, const struct stat *),
	struct save *save, struct erg_err *err)
{
	struct erg_err own = {0};
	int r;

	save->err = &own;
	r = erg_tree_each_file(shm, fn, save);
	return r < 0 && own.code ? erg_fail(err, own.code, "%s", own.msg) : 0;
}

int erg_shm_save_metadata(const char *shm, const char *spool, struct erg_err *err)
{
	struct save save = {.spool = spool};

	return walk_buffers(shm, metadata_save, &save, err);
}

#define STREAMED_MAX 16

/* Traces whose metadata has been emitted. A process has one recording. */
static char streamed[STREAMED_MAX][64];

static int metadata_stream(void *data, const char *path, const struct stat *st)
{
	const struct save *save = data;
	const char *rel = metadata_of(path, st);
	_cleanup_(erg_fclosep) FILE *f = NULL;
	_cleanup_(erg_freep) char *text = NULL;
	char name[64];
	size_t i = 0, n;
	json_t *doc;
	int r;

	if (!rel || (size_t)snprintf(name, sizeof(name), "%s", rel) >= sizeof(name))
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
	r = erg_document_emit_pieces(save->run_id, name, doc, save->err);
	json_decref(doc);
	memcpy(streamed[i], name, sizeof(name));
	return r;
}

int erg_shm_stream_metadata(const char *shm, const char *run_id, struct erg_err *err)
{
	struct save save = {.run_id = run_id};

	return walk_buffers(shm, metadata_stream, &save, err);
}

void erg_shm_remove(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", ERG_SHM_BASE, name);
	erg_tree_remove(path);
}
