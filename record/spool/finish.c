/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making the archive.
 *
 * Compression costs CPU time and so energy. By default it is done when the command has ended. With
 * --compress during, rotated chunks go into the unfinished archive while the recording goes on; a
 * raw chunk is removed when the archive has been synced and state.json says that it is in there. So
 * each chunk is in one of the two places at every instant, and erg-record recover puts them
 * together.
 */
#include "record/spool/finish.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/archive/archive.h"
#include "formats/manifest.h"
#include "formats/base/tree.h"
#include "formats/base/util.h"
#include "record/spool/spool.h"

#define LEVEL 3 /* of zstd: the file is 4 % larger than by level 6 and takes half the time */

struct erg_finish {
	struct erg_archive_writer *w;
	size_t n; /* chunks */
};

int erg_finish_open(const char *output, bool force, const json_t *manifest, struct erg_finish **ret,
	struct erg_err *err)
{
	_cleanup_(erg_finish_freep) struct erg_finish *f = calloc(1, sizeof(*f));
	struct erg_archive_options opt = {.force = force, .level = LEVEL};
	json_int_t begin = 0;
	int r;

	if (!f)
		return erg_fail_errno(err, -ENOMEM, "%s", output);
	json_unpack((json_t *)manifest, "{s:{s:I}}", "clock", "realtime_ns", &begin);
	opt.mtime_ns = (uint64_t)begin;
	r = erg_archive_create(output, &opt, &f->w, err);
	if (!r)
		r = erg_manifest_store(f->w, manifest, err);
	if (!r)
		*ret = erg_steal_ptr(&f);
	return r;
}

static int chunk_add(struct erg_finish *f, const char *path, struct erg_err *err)
{
	char prefix[32];
	int r;

	snprintf(prefix, sizeof(prefix), "trace/%04zu", f->n);
	r = erg_archive_add_tree(f->w, prefix, path, err);
	if (!r)
		f->n++;
	return r;
}

/* A rotated chunk's path ends in /ust: the chunk is the directory above. */
static void chunk_remove(const char *path)
{
	char above[PATH_MAX];

	snprintf(above, sizeof(above), "%s", path);
	erg_tree_remove(dirname(above));
}

int erg_finish_rotated(struct erg_finish *f, const char *spool,
	int (*saved)(void *data, const char *part, size_t chunks, struct erg_err *err), void *data,
	struct erg_err *err)
{
	struct erg_spool_chunks chunks = {0};
	_cleanup_(erg_freep) char *part = NULL;
	int r = erg_spool_chunks(spool, true, f->n, &chunks, err);

	for (size_t i = 0; !r && i < chunks.n; i++)
		r = chunk_add(f, chunks.paths[i], err);
	if (!r && chunks.n)
		r = erg_archive_sync(f->w, &part, err);
	if (!r && chunks.n)
		r = saved(data, part, f->n, err);
	for (size_t i = 0; !r && i < chunks.n; i++)
		chunk_remove(chunks.paths[i]);
	erg_spool_chunks_release(&chunks);
	return r;
}

static int member_copy(struct erg_finish *f, const struct erg_archive *a, size_t member,
	const char *name, struct erg_err *err)
{
	_cleanup_(erg_freep) char *data = NULL;
	size_t len;
	int r = erg_archive_read(a, member, SIZE_MAX, &data, &len, err);

	return r < 0 ? r : erg_archive_add_mem(f->w, name, data, len, err);
}

int erg_finish_part(struct erg_finish *f, const char *part, size_t chunks, struct erg_err *err)
{
	_cleanup_(erg_archive_freep) struct erg_archive *a = NULL;
	const struct erg_archive_member *m;
	int r = erg_archive_open(part, &a, err);
	size_t n, chunk;

	if (r < 0)
		return r;
	n = erg_archive_members(a, &m);
	for (size_t i = 0; i < n; i++)
		erg_archive_expect(f->w, m[i].size);
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (sscanf(m[i].name, "trace/%zu/", &chunk) == 1 && chunk < chunks)
			r = member_copy(f, a, i, m[i].name, err);
	f->n = chunks;
	return r < 0 ? r : 0;
}

int erg_finish_rest(struct erg_finish *f, const char *spool, struct erg_packets_report *repair,
	struct erg_err *err)
{
	struct erg_spool_chunks chunks = {0};
	char saved[PATH_MAX];
	int r = erg_spool_chunks(spool, false, f->n, &chunks, err);

	snprintf(saved, sizeof(saved), "%s/metadata", spool);
	for (size_t i = 0; !r && i < chunks.n; i++)
		erg_archive_expect(f->w, erg_tree_bytes(chunks.paths[i]));
	for (size_t i = 0; !r && i < chunks.n; i++) {
		if (repair)
			r = erg_packets_repair(chunks.paths[i],
				strstr(chunks.paths[i], "/archives/") != NULL, saved, repair, err);
		if (!r)
			r = chunk_add(f, chunks.paths[i], err);
	}
	erg_spool_chunks_release(&chunks);
	return r;
}

int erg_finish_close(struct erg_finish *f, json_t *summary, struct erg_err *err)
{
	int r;

	json_object_set_new(summary, "chunks", json_integer((json_int_t)f->n));
	r = erg_manifest_store(f->w, summary, err);
	return r < 0 ? r : erg_archive_commit(f->w, err);
}

size_t erg_finish_chunks(const struct erg_finish *f)
{
	return f->n;
}

void erg_finish_free(struct erg_finish *f)
{
	if (!f)
		return;
	erg_archive_writer_free(f->w);
	free(f);
}

void erg_finish_freep(struct erg_finish **f)
{
	erg_finish_free(*f);
}
