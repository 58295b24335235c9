/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_APART_H
#define ERG_ANALYZE_ACCOUNT_APART_H

/*
 * A sum of rails that are not one series (analyze/timeline/rail_sum.h): each is accounted alone, and
 * the energies are added row by row. How the errors of different sensors go together is not known,
 * and what is uneven in the work is in all of them: ends of intervals are added, which holds whatever
 * their covariance.
 */
#include <jansson.h>

#include "analyze/account/account.h"

/* Makes the object of a run, as an entry of the documents of layers or totals, of the one rail that
 * COMMON names. */
typedef int erg_apart_fn(void *ctx, const struct erg_common *common, json_t **ret_run,
	struct erg_err *err);

/*
 * Calls ONE once with COMMON; or, where its rails must be accounted apart, once for each of them, and
 * adds what it returns. The sum has "rail" "A+B", "covariance" "linear", "sum_why" (text) and "sum_of":
 * [{"rail", "ets_j": est}]; what cannot be added (peaks, the models of the sensors) is null. Rows that the rails have with other members are unresolved; of those with other times, as a GPU's
 * layers beside the threads that start them, time and power are. DOC: its warnings are there once.
 */
int erg_apart_run(const struct erg_timeline *tl, const struct erg_common *common, erg_apart_fn *one,
	void *ctx, json_t *doc, json_t **ret_run, struct erg_err *err);

/* Adds OTHER, a run of another rail, to RUN (apart_add.c). */
void erg_apart_add(json_t *run, const json_t *other);
/* What is a ratio of sums, after the last was added. */
void erg_apart_finish(json_t *run);

#endif
