/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SPOOL_H
#define ERG_RECORD_SPOOL_H

/*
 * The spool: the directory of one recording, where raw chunks wait until they are in the archive.
 *
 *	ergtrace-PID-RUNID.spool/
 *	  manifest.json   as it will be in the archive
 *	  state.json      who records, and what is known so far
 *	  ust/            the first chunk while it is written, as LTTng lays it out
 *	  BEGIN-N/ust/    each later one
 *	  archives/…      chunks that have been rotated
 *	  metadata/…      copies of the traces' metadata, laid out as in ust/
 *
 * It is enough to make the archive, whatever happened to the recorder.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "formats/base/err.h"

#define ERG_SPOOL_PREFIX "ergtrace-"
#define ERG_SPOOL_SUFFIX ".spool"
/* A packet with events in it is closed so long after the one before, though it is not full. */
#define ERG_SPOOL_PACKET_US 1000000

/* The recorder that a name "ergtrace-PID-RUNID…" speaks of: its pid, or -1 for another name. */
pid_t erg_spool_name_pid(const char *name);

/* Makes DIR/ergtrace-PID-RUNID.spool. *ret: its absolute path, to be freed. */
int erg_spool_create(const char *dir, const char *run_id, char **ret, struct erg_err *err);

/* Writes DOC as SPOOL/NAME, whole or not at all, and synced. */
int erg_spool_write_json(const char *spool, const char *name, const json_t *doc,
	struct erg_err *err);
/* Returns 1 when there is no such file (*ret is then NULL). */
int erg_spool_read_json(const char *spool, const char *name, json_t **ret, struct erg_err *err);

/* Holds a folder: while the descriptor that is returned is open, or until the process ends, it is in use to
 * everybody. -1 where that cannot be said. */
int erg_spool_hold(const char *folder);
/* Whether somebody holds it. */
bool erg_spool_held(const char *folder);

/* Is it held, or the recorder of its state.json alive: same pid, same start, same boot? */
bool erg_spool_in_use(const char *spool);
/* The identity that erg_spool_in_use() compares: {pid, start_ticks, boot_id}. */
json_t *erg_spool_identity(void);

/* Raw chunks in the order of time, the one that was being written last. Absolute paths; rotated
 * chunks alone when ROTATED. LTTng numbers rotated chunks from 0: those below FIRST are left out.
 * To be released by erg_spool_chunks_release(). */
struct erg_spool_chunks {
	char **paths;
	size_t n;
};
int erg_spool_chunks(const char *spool, bool rotated, size_t first, struct erg_spool_chunks *ret,
	struct erg_err *err);
void erg_spool_chunks_release(struct erg_spool_chunks *c);

/* Calls FN for every spool of this user's in DIR whose recorder is gone. */
void erg_spool_stale(const char *dir, void (*fn)(void *data, const char *spool), void *data);

/* Bytes free on the filesystem of PATH, and all of it. */
uint64_t erg_spool_free_bytes(const char *path, uint64_t *ret_total);

/* Copies FROM to TO, which is below the directory TOP, whole or not at all, and synced. Directories between
 * TOP and TO are made; TOP must be there. */
int erg_spool_copy(const char *from, const char *top, const char *to, struct erg_err *err);

/* Which directory a spool is, whatever its path comes to mean. */
struct erg_spool_id {
	uint64_t device, inode;
};
int erg_spool_identify(const char *spool, struct erg_spool_id *ret, struct erg_err *err);
/* -ENOENT when the directory at SPOOL is gone or is another one: what is recorded goes nowhere. */
int erg_spool_check(const char *spool, const struct erg_spool_id *id, struct erg_err *err);

#endif
