/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_OVERHEAD_H
#define ERG_RECORD_OVERHEAD_H

/*
 * What a recording cost while the command ran: CPU time of erg-record and of LTTng's daemons, and
 * the cost of one event. It goes into summary.json; erg-analyze makes shares of it.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "record/run/event_cost.h"
#include "record/run/keeper.h"
#include "record/sampler/sampler.h"

/* CPU times since the processes began, at one moment. */
struct erg_overhead_mark {
	uint64_t t_ns;        /* CLOCK_MONOTONIC */
	uint64_t recorder_ns; /* all of erg-record, which the next three are parts of */
	uint64_t sampler_ns, reads_ns, compress_ns;
	uint64_t daemons_ns; /* session daemon and consumers */
	unsigned daemons;    /* how many processes that were; 0: not known */
};

struct erg_overhead {
	struct erg_overhead_mark begin, end;
	struct erg_event_cost event; /* no rounds: not known */
};

void erg_overhead_mark(struct erg_overhead_mark *m, struct erg_sampler *s,
	const struct erg_keeper *k);
/* The member `overhead` of the summary; NULL when the two marks were not made. */
json_t *erg_overhead_json(const struct erg_overhead *o);

#endif
