/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SHM_H
#define ERG_RECORD_SHM_H

/*
 * What makes a spool readable after a crash of the daemons. LTTng writes a trace's metadata to disk
 * only when a session stops or rotates; until then packets on disk cannot be decoded. With its
 * buffers in a directory of ours, LTTng keeps the metadata there as a text file that is always
 * complete, and the recorder copies it to the spool.
 */
#include <stdbool.h>
#include <stddef.h>

#include "formats/base/err.h"

#define ERG_SHM_BASE "/dev/shm"

/* The directory for the buffers of session NAME; "" where no memory-backed filesystem is. */
void erg_shm_dir(const char *name, char *buf, size_t size);
/* Makes the directory SHM and holds it: see erg_spool_hold(). */
int erg_shm_hold(const char *shm);
/* Whether somebody holds the directory of session NAME. */
bool erg_shm_held(const char *name);
/* Copies each metadata file below SHM to SPOOL/metadata, laid out as in a chunk, if it grew. */
int erg_shm_save_metadata(const char *shm, const char *spool, struct erg_err *err);
/* For a stream: emits each metadata file below SHM as a document (record/spool/document.h), once. */
int erg_shm_stream_metadata(const char *shm, const char *run_id, struct erg_err *err);
/* Removes the directory of session NAME. */
void erg_shm_remove(const char *name);

#endif
