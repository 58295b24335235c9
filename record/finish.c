/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Making the archive.
 *
 * Compression costs CPU time and so energy. By default it is done when the command has ended. With
 * --compress during, each chunk that has been rotated becomes a small archive of its own in
 * SPOOL/packed, whole and synced before the raw chunk is removed: whenever the power fails, each
 * chunk is there once at least. At the end the frames of these archives are put together.
 */
#include "record/finish.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "formats/archive.h"
#include "formats/manifest.h"
#include "formats/util.h"
#include "record/spool.h"

static uint64_t mtime_of(const json_t *manifest)
{
	json_int_t real = 0;

	json_unpack((json_t *)manifest, "{s:I}", "begin_realtime_ns", &real);
	return (uint64_t)real;
}

static int chunks_add(struct erg_archive_writer *w, const char *spool, size_t *n,
	struct erg_err *err)
{
	struct erg_spool_chunks chunks = {0};
	int r = erg_spool_chunks(spool, false, &chunks, err);

	for (size_t i = 0; !r && i < chunks.n; i++) {
		char prefix[32];

		snprintf(prefix, sizeof(prefix), "trace/%04zu", (*n)++);
		r = erg_archive_add_tree(w, prefix, chunks.paths[i], err);
	}
	erg_spool_chunks_release(&chunks);
	return r;
}

int erg_finish_archive(const struct erg_finish *f, struct erg_err *err)
{
	const struct erg_archive_options opt = {
		.force = f->force,
		.mtime_ns = mtime_of(f->manifest),
	};
	_cleanup_(erg_archive_writer_freep) struct erg_archive_writer *w = NULL;
	size_t n = 0;
	int r;

	r = erg_archive_create(f->output, &opt, &w, err);
	if (!r)
		r = erg_manifest_store(w, f->manifest, err);
	if (!r)
		r = chunks_add(w, f->spool, &n, err);
	if (!r) {
		json_object_set_new(f->summary, "chunks", json_integer((json_int_t)n));
		r = erg_manifest_store(w, f->summary, err);
	}
	if (!r)
		r = erg_archive_commit(w, err);
	if (r < 0)
		return r;
	erg_spool_remove(f->spool);
	return 0;
}
