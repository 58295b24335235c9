/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_PLUGIN_GATHER_H
#define ERG_ANALYZE_PLUGIN_GATHER_H

/*
 * From the messages of any babeltrace2 graph to a timeline: the decoder and the joiner of the
 * reader, fed by somebody else's graph. Against erg_timeline_read() this differs:
 *   - all in this process: a trace that makes libbabeltrace2 abort ends the graph, no damage is
 *     isolated, nothing is decoded in parallel, no limit on memory or time holds;
 *   - a stream of messages has neither manifest nor summary. Without OPTIONS.run the run is from the
 *     first to the last event of ours, processes of other runs count, and factors and tags are
 *     unknown. With it (an archive, or the folder it was unpacked to) the two are read from there
 *     and the figures are those of erg-analyze.
 */
#include <babeltrace2/babeltrace.h>

#include "analyze/timeline/timeline.h"
#include "analyze/account/options.h"
#include "formats/base/err.h"

struct erg_gather_options {
	struct erg_common common; /* its texts are borrowed from the parameters */
	const char *run;          /* or NULL */
	const char *by, *energy;  /* as of erg-analyze layers */
	bool readings;            /* the filter adds erg:rail_power */
};

/* PARAMS: a map of "run", "rail", "sensor", "by", "energy", "format" (text), "seed", "rounds"
 * (whole numbers), "readings" (boolean). An unknown key or another type is -EINVAL and names the key. */
int erg_gather_options(const bt_value *params, struct erg_gather_options *ret, struct erg_err *err);

struct erg_gather;

int erg_gather_new(struct erg_gather **ret, struct erg_err *err);
void erg_gather_free(struct erg_gather *g);

/* A layer instance that the last message told of. */
struct erg_gathered {
	uint32_t pid, tid, iteration; /* tid: the track's id for a span */
	bool span;
	uint64_t begin, end; /* ns */
};

/* Takes one message. *ret may be NULL; 1 when the message was a layer instance, else 0. */
int erg_gather_message(struct erg_gather *g, const bt_message *m, struct erg_gathered *ret,
	struct erg_err *err);
/* Forgets what was taken, so that going over the messages again needs no memory. */
void erg_gather_forget(struct erg_gather *g);
/* All that was taken, as a timeline; G is empty afterwards. */
int erg_gather_timeline(struct erg_gather *g, const struct erg_gather_options *opt,
	struct erg_timeline **ret, struct erg_err *err);

#endif
