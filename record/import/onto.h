/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_IMPORT_ONTO_H
#define ERG_RECORD_IMPORT_ONTO_H

/*
 * The archive that an import is added to (--onto): what clocks it knows, what its ids leave free, and
 * its members.
 */
#include <stdint.h>

#include <jansson.h>

#include "formats/archive/archive.h"
#include "record/import/import.h"

struct erg_import_onto {
	const char *path;
	struct erg_archive *archive;
	json_t *manifest, *summary;
	char sha256[65];
	int64_t begin_ns, end_ns;         /* of the recording, on its trace's clock */
	int64_t run_begin_ns, run_end_ns; /* of its command */
	bool imported;                    /* its trace's clock is that of a log, less origin_ns */
	int64_t origin_ns;
	bool real_known;
	int64_t real_ns;       /* CLOCK_REALTIME less the trace's clock */
	unsigned int chunk;    /* the first number that is free */
	uint32_t sources, pid; /* ids that are free from here on */
};

/* How times of a file became the recording's. */
struct erg_import_join {
	const char *clock; /* "realtime", "monotonic", "log" */
	int64_t shift_ns;  /* was added */
	double u_ns;       /* standard uncertainty of it */
};

/* -EINVAL for an archive that is not whole: nothing is added to what may lack its other half. */
int erg_import_onto_open(const char *path, struct erg_import_onto *ret, struct erg_err *err);
/*
 * Which clock the times of FILE, from FIRST to LAST, are of: one by which they meet the recording.
 * U_S: what the person says of how well clocks agree, or negative.
 */
int erg_import_onto_join(const struct erg_import_onto *o, const char *file, int64_t first,
	int64_t last, double u_s, struct erg_import_join *ret, struct erg_err *err);
/* Every member but the documents, as files below DIR. */
int erg_import_onto_extract(const struct erg_import_onto *o, const char *dir, struct erg_err *err);
/* The chunks DIR/new/0000 and on become DIR/trace/NNNN, behind the recording's. */
int erg_import_onto_place(const struct erg_import_onto *o, const char *dir, struct erg_err *err);
/* The recording's manifest with SOURCES, ENTRY as the last of its "onto", TAGS and NOTES added; takes over
 * SOURCES and ENTRY. NULL when memory is short. */
json_t *erg_import_onto_manifest(const struct erg_import_onto *o, json_t *sources, json_t *entry,
	const json_t *tags, const json_t *notes);
void erg_import_onto_release(struct erg_import_onto *o);

#endif
