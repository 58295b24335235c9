/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_SOURCES_MEASURE_H
#define ERG_RECORD_SOURCES_MEASURE_H

/* What reading a source costs and how often it has something new, for `erg-record sources`. */
#include "record/sources/source.h"

struct erg_source_cost {
	unsigned int reads, errors;
	int last_error; /* negative errno, 0 when none failed */
	uint64_t p50_ns, p99_ns;
	uint64_t watched_ns;  /* how long it was watched for changes */
	unsigned int changes; /* of the channel that changed most, over watched_ns */
	int64_t last[ERG_SOURCE_CHANNELS_MAX]; /* ERG_VALUE_NONE: never read */
};

/* Starts the sources, times READS back-to-back readings of each, then watches all at once for
 * WATCH_NS, each from a thread of its own, and stops them. COSTS is an array of list->n. A source
 * that does not start has reads 0 and its reason in last_error. */
int erg_sources_measure(struct erg_source_list *list, unsigned int reads, uint64_t watch_ns,
	struct erg_source_cost *costs, struct erg_err *err);

#endif
