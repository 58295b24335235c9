/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_PER_H
#define ERG_ANALYZE_ACCOUNT_PER_H

/*
 * Energy per unit of work: --per counter:NAME, iteration, macs, token or request.
 *
 *	token	what the counter "tokens" counts	request	"requests"
 *
 * A part of a run is divided by what was done in it; requests, which begin in one part and end in
 * another, by those of the whole run.
 */
#include <stdbool.h>

#include <jansson.h>

#include "analyze/account/parts.h"

enum erg_per_kind { ERG_PER_NONE, ERG_PER_ITERATION, ERG_PER_MACS, ERG_PER_COUNTER };

struct erg_per {
	enum erg_per_kind kind;
	const char *unit;    /* "token", or the counter's name */
	const char *counter; /* its name */
};

/* -EINVAL: what TEXT should be. TEXT must stay. */
int erg_per_parse(const char *text, struct erg_per *ret, struct erg_err *err);

/* Is there in TL what it takes? -ENODATA and what there is. */
int erg_per_check(const struct erg_per *per, const struct erg_timeline *tl, struct erg_err *err);

/* Units of work in PART; NaN where nothing counted them. */
double erg_per_count(const struct erg_per *per, const struct erg_parts *p,
	const struct erg_part *part);

/* {"unit", "count", "energy_j": est, "above_idle_j": est, "rate_per_s"} of a part's energies. */
json_t *erg_per_json(const struct erg_per *per, const struct erg_parts *p,
	const struct erg_part *part, const struct erg_est *energy,
	const struct erg_est *above_idle);

/* [{"phase", "unit", "points": [{"context", "count", "energy_j", "seconds"}], "at_zero_j",
 * "per_context_j"}] of the parts with a context: energy of one unit against what the model holds, and
 * the straight line through it. Empty unless the unit is the token. */
json_t *erg_per_context_json(const struct erg_per *per, const struct erg_parts *p);

/* {"n", "untimed", "unanswered", "mean_s", "median_s", "p90_s", "max_s"}, or null where no request began. */
json_t *erg_per_latency_json(const struct erg_parts *p);

/* {NAME: count} of the application's counters in PART. */
json_t *erg_per_counters_json(const struct erg_parts *p, const struct erg_part *part);

/* Adds what was done in the parts, and "per" unless PER is of no kind, to the rows of RUN, an entry of a
 * layers document by phase, and the energies of the parts where they were attributed. */
void erg_per_phase_rows(const struct erg_per *per, const struct erg_parts *p, json_t *run);

/* More phases than this have energies by an attribution in which they are the classes. */
#define ERG_PHASES_APART 64

/* Adds "per" to every row of RUN, an entry of a layers document by layer, type, module, network, or
 * phase, and to its rest. */
void erg_per_rows(const struct erg_per *per, const struct erg_parts *p, const char *by,
	json_t *run);

/* Makes the time and the energies of RUN, an entry of a layers document, those of one unit, so that
 * runs that did not do the same amount of work are compared by what a unit takes. -ENODATA. */
int erg_per_divide_run(const struct erg_per *per, json_t *run, struct erg_err *err);

#endif
