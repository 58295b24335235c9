/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_PARTS_H
#define ERG_ANALYZE_ACCOUNT_PARTS_H

/*
 * The parts of a run: its phases, all of one name together, and what was done in each: counts of the
 * application's counters, MACs, inferences. Their energy is an attribution of its own, in which the
 * phases are the classes, so that a phase of a millisecond that comes a thousand times has an
 * interval as a layer has one. Phases named idle are no part.
 *
 * Steps that write behind a context of tokens (the counter "context", per step) are classes by
 * ranges of its length, from which energy against context is fitted.
 */
#include "analyze/account/account.h"
#include "formats/base/numbered.h"

#define ERG_PARTS_BINS 8
/* As many phases are told within each other; what is deeper is counted as if it were within the last of them. More
 * are phases that were begun again and again and never ended. */
#define ERG_PARTS_DEEPEST 255

struct erg_part_bin {
	double context; /* mean over its steps, tokens */
	double tokens;
	double time_s;
	uint32_t class_;
};

struct erg_part {
	const char *name; /* of the timeline's phase */
	uint64_t calls;
	double time_s; /* inner phases included */
	uint64_t inferences;
	double macs;
	double *count; /* per counter of the timeline; NaN: not counted */
	size_t n_bins; /* 0: no context */
	struct erg_part_bin bin[ERG_PARTS_BINS];
	bool open; /* one of them never ended */
};

struct erg_parts {
	const struct erg_timeline *tl;
	struct erg_part run; /* all of it; no bins */
	struct erg_part *part;
	size_t n;
	struct erg_numbered names; /* of the parts */
	uint32_t *layer_part;      /* per layer: the part that all its calls are in, or ERG_NONE */
	uint64_t *layer_calls;     /* per layer */
	double *latency_s; /* from the begin of a request to its first token, n_latency values */
	size_t n_latency;
	size_t n_untimed;    /* requests of which it is not known when they began */
	size_t n_unanswered; /* that had no first token */
	size_t n_too_deep;   /* phases within more than ERG_PARTS_DEEPEST - 1 others */

	struct erg_timeline *view;  /* classes are the parts; owned */
	struct erg_account account; /* of the view; attr NULL: not attributed */
	double *weight;             /* scratch, classes of the account */
};

/* What was done; no energy. Phases of different names that cross each other are cut at the crossing. */
int erg_parts_open(struct erg_parts *p, const struct erg_timeline *tl, struct erg_err *err);
/* Attributes the rail that COMMON chooses; without readings energies are unresolved. */
int erg_parts_attribute(struct erg_parts *p, const struct erg_common *common, struct erg_err *err);
void erg_parts_release(struct erg_parts *p);
/* What was assumed of them, to the warnings of DOC. */
void erg_parts_warn(const struct erg_parts *p, json_t *doc);

/* The part of that name, or NULL. */
const struct erg_part *erg_parts_named(const struct erg_parts *p, const char *name);
/* Energy of all phases of that part, with the covariance; p->run: of the whole run. */
struct erg_est erg_parts_energy(const struct erg_parts *p, const struct erg_part *part,
	bool above_idle);
/* Energy of the time of which a phase of that name is the innermost; "": of what is in no phase. Those of
 * all names and of "" make up the run. */
struct erg_est erg_parts_own(const struct erg_parts *p, const char *name, bool above_idle);
/* sum over the part's bins of weight[i] * energy. */
struct erg_est erg_parts_bins(const struct erg_parts *p, const struct erg_part *part,
	const double *weight);

/* Index of the application's counter NAME in the timeline, or ERG_NONE. */
uint32_t erg_parts_counter(const struct erg_timeline *tl, const char *name);

#endif
