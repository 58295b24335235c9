/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_JOB_H
#define ERG_RECORD_IMPORT_JOB_H

/*
 * One import: its inputs are read (inputs.c), its documents say what came of them (documents.c), and
 * import.c writes both as an archive.
 */
#include <stdint.h>

#include <jansson.h>

#include "formats/base/err.h"
#include "record/import/import.h"
#include "record/import/onto.h"
#include "record/import/options.h"

struct erg_import_job {
	const struct erg_import_options *o;
	struct erg_import_log log;
	struct erg_import_layers layers;
	json_t *notes, *stale;
	int64_t origin_ns;
	char run_id[64], kind[32];
	uint8_t uuid[16];
	char *folder;                /* of the output */
	struct erg_import_onto onto; /* with --onto */
	struct erg_import_join samples_join, layers_join;
};

/* ---- inputs.c ---- */

/* Reads the log, the layers and the recording that they are added to, checks them, and brings them to
 * one clock. */
int erg_import_inputs(struct erg_import_job *j, struct erg_err *err);
/* When the first reading, layer or phase begins, and when the last reading or layer ends. */
int64_t erg_import_first_time(const struct erg_import_job *j);
int64_t erg_import_last_time(const struct erg_import_job *j);

/* ---- documents.c ---- */

/* manifest.json, whose run_id and uuid become those of the job. NULL: no memory. */
json_t *erg_import_manifest(struct erg_import_job *j);
/* summary.json, after the manifest. NULL: no memory. */
json_t *erg_import_summary(const struct erg_import_job *j);

#endif
