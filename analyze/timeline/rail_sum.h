/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_RAIL_SUM_H
#define ERG_ANALYZE_RAIL_SUM_H

/*
 * Several rails as one: "A+B", or "all-roots" for all that are part of no other. Only power that was
 * read at the same times by sensors of one model, of the time until the reading (erg_rail.at_stamp), is
 * one series: the sum is a reading of the whole at each of these times, exactly, and what is common in
 * their errors is in it. Nothing is resampled.
 */
#include "analyze/timeline/rail.h"

#define ERG_RAIL_ALL_ROOTS "all-roots"

/*
 * The rails that NAME means: one name (also one with a '+' in it), names joined by '+', or all roots;
 * NULL: as erg_rail_choose(). *ret: *ret_n indices, at least one, to be freed. -ENOENT: an unknown
 * name, and a message with those that exist; -EINVAL: a name twice, or a rail beside one that it is
 * part of; -ENODATA: there are no rails.
 */
int erg_rail_select(const struct erg_timeline *tl, const char *name, size_t **ret, size_t *ret_n,
	struct erg_err *err);

/* NULL: tl->rails WHICH[0] .. WHICH[N - 1] can be summed as one series; else why not, static text. */
const char *erg_rail_sum_obstacle(const struct erg_timeline *tl, const size_t *which, size_t n);

/* Their sum, which must have no obstacle; its name is theirs joined by '+'. RET is to be
 * released by erg_rail_release(). -ENOMEM, -E2BIG: the name has no room. */
int erg_rail_sum(const struct erg_timeline *tl, const size_t *which, size_t n, struct erg_rail *ret,
	struct erg_err *err);

/*
 * The rail that NAME means, also for a sum: *ret is one of tl->rails, or SUM, in which it is made and
 * which is to be released in any case. -ENOTSUP: a sum with an obstacle, which is named.
 */
int erg_rail_pick(const struct erg_timeline *tl, const char *name, struct erg_rail *sum,
	const struct erg_rail **ret, struct erg_err *err);
/* The same for readings that are shown, or averaged over times beside which lags are nothing: those of
 * one time are added, whatever the sensors; the sum has the first one's model. */
int erg_rail_pick_readings(const struct erg_timeline *tl, const char *name, struct erg_rail *sum,
	const struct erg_rail **ret, struct erg_err *err);

#endif
