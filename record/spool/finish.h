/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_FINISH_H
#define ERG_RECORD_FINISH_H

/*
 * From spool to archive: the archive is opened with the manifest, takes chunks while they come, and
 * is closed with the summary. What is in the spool is removed only when it is safe elsewhere.
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "record/spool/packets.h"

struct erg_finish;

int erg_finish_open(const char *output, bool force, const json_t *manifest, struct erg_finish **ret,
	struct erg_err *err);

/*
 * Adds the rotated chunks of SPOOL that are not in the archive yet, and syncs. SAVED is then called
 * with the path of the unfinished archive and the number of chunks in it, and must write that down;
 * only then the raw chunks are removed.
 */
int erg_finish_rotated(struct erg_finish *f, const char *spool,
	int (*saved)(void *data, const char *part, size_t chunks, struct erg_err *err), void *data,
	struct erg_err *err);

/* Adds the first CHUNKS chunks of an unfinished archive PART, as a killed recorder left it. */
int erg_finish_part(struct erg_finish *f, const char *part, size_t chunks, struct erg_err *err);

/* Adds what the spool still has. REPAIR: it was not closed in order, and what had to be cut is
 * reported; NULL when it was. */
int erg_finish_rest(struct erg_finish *f, const char *spool, struct erg_packets_report *repair,
	struct erg_err *err);

/* Adds SUMMARY, to which the number of chunks is added, and gives the archive its name. */
int erg_finish_close(struct erg_finish *f, json_t *summary, struct erg_err *err);

/* Chunks in the archive so far. */
size_t erg_finish_chunks(const struct erg_finish *f);
void erg_finish_free(struct erg_finish *f);
void erg_finish_freep(struct erg_finish **f);

#endif
