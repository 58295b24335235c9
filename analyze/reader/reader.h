/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_READER_H
#define ERG_ANALYZE_READER_H

/*
 * From an archive to a timeline. Only this room and the plug-in know babeltrace2. Each chunk is decoded in a child
 * process with limits on memory and time; the result is the same to the byte for any number of
 * jobs.
 */
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

struct erg_reader_options {
	unsigned int jobs;      /* 0: as many as there are CPUs */
	unsigned int timeout_s; /* for one chunk; 0: default */
	uint64_t memory_max;    /* bytes of address space of a child; 0: default */
	bool no_cache;          /* decodes in any case and keeps nothing (analyze/reader/cache.h) */
	bool documents_suffice; /* a trace of which nothing can be read is warned of, no failure */
	/* Not 0: a whole archive whose chunks take more bytes than this, and whose recording is complete,
	 * is not decoded: the timeline has the documents, its time, and nothing else (undecoded). */
	uint64_t decode_max;
	const char *sensor; /* --sensor overrides, "key=value …" or "RAIL:key=value"; or NULL */
};

/* -EBADMSG, unless opt->documents_suffice: no chunk of the trace could be read. */
int erg_timeline_read(const char *path, const struct erg_reader_options *opt,
	struct erg_timeline **ret, struct erg_err *err);

/* Manifest and summary of the archive or unpacked one at PATH, and nothing else of it, into TL. */
int erg_reader_documents(const char *path, struct erg_timeline *tl, struct erg_err *err);

#endif
