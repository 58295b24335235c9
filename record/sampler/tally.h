/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_TALLY_H
#define ERG_RECORD_TALLY_H

/*
 * The energy of the command, summed while it is recorded, for the line that erg-record run says at
 * its end. It is a first figure: the trapezoid over readings as they come, without the lag of the
 * sensor and without an interval; erg-analyze totals has both.
 */
#include <stdbool.h>
#include <stdint.h>

#include "formats/base/err.h"
#include "record/sources/source.h"

struct erg_tally;

/* SOURCES are borrowed. */
int erg_tally_new(const struct erg_source_list *sources, struct erg_tally **ret,
	struct erg_err *err);
void erg_tally_free(struct erg_tally *t);

/* What counts is from BEGIN (erg_tally_begin) to END (ns); before the first call nothing does. */
void erg_tally_begin(struct erg_tally *t, uint64_t begin_ns);
void erg_tally_end(struct erg_tally *t, uint64_t end_ns);

/* A reading of source SOURCE (its index) at T, from the one thread that reads it. No allocation, no
 * lock. T may be NULL. */
void erg_tally_take(struct erg_tally *t, uint32_t source, uint64_t time_ns, const int64_t *values);

struct erg_tally_report {
	const char *rail; /* the root of the largest mean power, as erg-analyze chooses; borrowed */
	bool simulated;
	double energy_j;
	double coverage; /* share of the time that was observed (formats/observed.h): 0..1 */
};

/* When the sampler has stopped; false when no rail's power was read. */
bool erg_tally_report(const struct erg_tally *t, struct erg_tally_report *ret);

#endif
