/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_FINISH_H
#define ERG_RECORD_FINISH_H

/*
 * From spool to archive. The spool is removed only when the archive is complete and has its name;
 * until then nothing in it is lost, and the same can be tried again.
 */
#include <stdbool.h>

#include <jansson.h>

#include "formats/err.h"

struct erg_finish {
	const char *spool;
	const char *output;
	bool force;
	const json_t *manifest;
	json_t *summary; /* gets "chunks" */
	bool repair;     /* the spool was not closed in order: cut off incomplete packets */
};

int erg_finish_archive(const struct erg_finish *f, struct erg_err *err);

/* Compresses the chunks that have been rotated into SPOOL/packed and removes them. */
int erg_finish_pack(const char *spool, const json_t *manifest, struct erg_err *err);

#endif
