/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_DESCRIBE_H
#define ERG_RECORD_DESCRIBE_H

/* The two documents of an archive, as the recorder knows them. formats/FORMAT.md lists the keys. */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "record/run/options.h"
#include "record/run/overhead.h"
#include "record/spool/packets.h"
#include "record/sampler/sampler.h"
#include "record/session/join.h"
#include "record/session/session.h"
#include "record/sources/source.h"
#include "record/run/workload.h"

struct erg_manifest_facts {
	const char *run_id;
	const struct erg_run_options *options;
	const char *executable; /* NULL without a command */
	const struct erg_environ *env;
	const struct erg_source_list *sources;
	const struct erg_sampler_config *sampling;
	json_t *process_counters; /* the same, of programs as a whole */
	json_t *counters;         /* of erg_counters_resolve(), or NULL */
	json_t *calibrations;     /* array of those that were applied */
	json_t *warnings;         /* array of strings */
};

/* NULL when memory is short. */
json_t *erg_describe_manifest(const struct erg_manifest_facts *f);

struct erg_summary_facts {
	const char *run_id;
	const struct erg_workload *workload;     /* NULL: none was started */
	uint64_t begin_ns, end_ns;               /* of the recording */
	const struct erg_session_losses *losses; /* NULL: not known */
	const struct erg_join_report *processes; /* who joined; NULL: all were recorded */
	unsigned not_attached;                   /* annotated programs that ran before */
	const struct erg_sampler_stats *sampler; /* NULL: none */
	const struct erg_overhead *overhead;     /* NULL: not measured */
	const struct erg_source_list *sources;
	const struct erg_readings *readings;     /* of these; NULL: not known */
	const struct erg_packets_report *repair; /* what had to be cut; NULL: nothing */
	const char *reason; /* why the recording is not complete; NULL: it is */
};

json_t *erg_describe_summary(const struct erg_summary_facts *f);

/* SUMMARY, which the recorder made before the end, is of a recording that is not complete, for REASON (and
 * the one it has, if any), and whose run ends at END_NS or where it did; REP: what had to be cut. */
void erg_describe_cut(json_t *summary, const char *reason, uint64_t end_ns,
	const struct erg_packets_report *rep);

#endif
