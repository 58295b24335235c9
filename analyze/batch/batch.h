/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_BATCH_H
#define ERG_ANALYZE_BATCH_H

/*
 * One analysis of many archives, a result document an archive, several at a time, each in a process of
 * its own. A document appears whole or not at all, and holds what it was made of: the digest of its
 * archive, the analysis with its options, the version. What is there already is not made again.
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

struct erg_batch_item {
	char *archive;
	char *name; /* of its document in the folder of results: "mem,r1.layers.json" */
	bool there; /* after erg_batch_run: its document, of this archive and analysis */
};

struct erg_batch {
	struct erg_batch_item *items; /* sorted by name */
	size_t n, cap;
	const char *results;
	char *const *analysis; /* the verb and its options; ends with NULL */
	unsigned int jobs;     /* processes at a time; 0: one a CPU */

	/* Called once an archive when its outcome is known. WHY is NULL but for a failure. */
	void (*tell)(void *data, const char *archive, const char *why);
	/* Called for what lies below a folder, may hold archives, and is not read. */
	void (*leave)(void *data, const char *path, const char *what);
	void *data;

	size_t made, kept, failed; /* documents: made now, there before, not to be had */
	size_t warned;             /* of --strict: those made or there with warnings */
};

/* Adds the archive PATH, or every archive (*.erg) below the folder PATH; -ENOENT where there is none. Links to
 * folders are not followed, so that no archive is taken twice, and told. The analysis is known by then: its verb
 * is part of the names. */
int erg_batch_add(struct erg_batch *b, const char *path, struct erg_err *err);
/* Sorts, names the documents, and leaves shard I of N (from 1). -EEXIST when two archives would have
 * one document. */
int erg_batch_shard(struct erg_batch *b, unsigned int i, unsigned int n, struct erg_err *err);
/*
 * The same as erg_batch_run by the tasks of a job array of Slurm, each of them a shard: PATHS (ends with
 * NULL) are what was added, JOBS those of a task (0: one), TRIES how often a task is submitted.
 */
struct erg_batch_slurm {
	char *const *paths;
	unsigned int tasks, tries;
	void (*tell)(void *data, const char *line);
};
int erg_batch_slurm_run(struct erg_batch *b, const struct erg_batch_slurm *on, struct erg_err *err);

/* Makes what is missing. Fails only for what concerns all archives: RESULTS that cannot be written, an
 * analysis whose options are wrong (-EINVAL). */
int erg_batch_run(struct erg_batch *b, struct erg_err *err);
void erg_batch_release(struct erg_batch *b);

#endif
