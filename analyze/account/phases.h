/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_PHASES_H
#define ERG_ANALYZE_ACCOUNT_PHASES_H

/*
 * The phases of a run by name: a phase may occur many times (decode, decode, ...), in others, and on
 * several threads at once.
 */
#include <stdbool.h>
#include <stddef.h>

#include "analyze/attribution/attribution.h"
#include "analyze/timeline/timeline.h"
#include "formats/base/err.h"

struct erg_phase_time {
	struct erg_attr_stretch *at; /* in order of time, none of length 0 */
	size_t n;
	double time_s; /* sum of length x weight */
};

struct erg_phase {
	const char *name; /* of the timeline; of what is in no phase, "" */
	size_t count;     /* occurrences; of what is in no phase, 0 */
	bool open;        /* one of them never ended */
	bool inside;      /* any of it lies in the run */
	/* Every moment of it once, whatever else there was, also before and after the run. */
	struct erg_phase_time whole;
	/* Of the run, so that all phases and what is in none make up the run: of nested phases the
	 * innermost has the moment, of several threads in phases each has an equal share of it. */
	struct erg_phase_time own;
};

struct erg_phases {
	struct erg_phase
		*phase; /* n names in the order of their beginnings, then what is in none */
	size_t n;
};

/* -ENOMEM */
int erg_phases_find(const struct erg_timeline *tl, struct erg_phases *ret, struct erg_err *err);
void erg_phases_release(struct erg_phases *p);

#endif
