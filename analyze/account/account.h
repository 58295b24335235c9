/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_H
#define ERG_ANALYZE_ACCOUNT_H

/*
 * The account of one rail of one run: its attribution to the layers, with what the options say of
 * rail, seed, lag and limits. What `layers`, `totals` and all that compare runs begin with.
 */
#include "analyze/attribution/attribution.h"
#include "analyze/timeline/timeline.h"
#include "analyze/account/options.h"

#define ERG_ACCOUNT_IDLE_MAX 64

/* The phases named idle; of more than the maximum the first, and how many others there are (of which the account
 * warns: their time is that of no layer). Phases that never ended, or have no length, are none. */
struct erg_account_idle {
	struct erg_attr_span span[ERG_ACCOUNT_IDLE_MAX];
	size_t n, left_out;
	double time_s; /* of the N */
};

struct erg_account {
	const struct erg_timeline *tl;
	struct erg_timeline *own;    /* tl, if the rail is one of several GPUs' */
	const struct erg_rail *rail; /* one of tl->rails, or none_or_sum */
	struct erg_rail none_or_sum;
	bool summed; /* rail is a sum */
	bool device; /* attributed by device time */
	struct erg_attr *attr;
	double idle_s; /* length of the idle phases */
	double folded_s; /* own time of modules and networks that counts as time in no layer, all tracks */
};

/* Attributes the chosen rail of TL. Without a rail, or with too few readings, every energy is
 * unresolved and a warning of the attribution says why; the rail is an empty one, "none", where there is none. -ENOTSUP: a sum
 * of rails that must be accounted apart (apart.h). */
int erg_account_open(struct erg_account *a, const struct erg_timeline *tl,
	const struct erg_common *common, struct erg_err *err);
void erg_account_release(struct erg_account *a);
/* Why N of TL's rails, two or more, cannot have one account together: static text, or NULL. */
const char *erg_account_sum_obstacle(const struct erg_timeline *tl, const size_t *which, size_t n);
/* Times alone, each energy unresolved for the reason GATE; CODE and WHY are the warning (without_power.c). */
int erg_account_times(struct erg_account *a, enum erg_attr_gate gate, const char *code,
	const char *why, struct erg_err *err);

/* Layers that ran and are attributed at most: what it costs grows with the cube of their number, and its
 * memory with the square. */
#define ERG_ACCOUNT_LAYERS_MAX 5000u

/*
 * A rail without layers, for totals: ret can be asked by erg_attr_interval for any part of
 * [BEGIN, END]. IDLE: phases that give its idle_w, or NULL.
 */
int erg_account_total(const struct erg_rail *rail, uint64_t begin, uint64_t end,
	const struct erg_account_idle *idle, struct erg_attr **ret, struct erg_err *err);

/* Energy of the run of RAIL, one of tl->rails, also with the greatest reading and the share
 * of the time that was observed (NaN where not known). */
struct erg_est erg_account_rail(const struct erg_account *a, const struct erg_rail *rail,
	double *ret_coverage, double *ret_peak_w);

/* RET: all of it is set. */
void erg_account_idle(const struct erg_timeline *tl, struct erg_account_idle *ret);

/* Events lost in the channels of layers and of samples; known losses only. */
uint64_t erg_account_lost(const struct erg_timeline *tl);

/* Adds the timeline's warnings, each text with "ARCHIVE: " in front. */
void erg_document_warn_timeline(json_t *doc, const struct erg_timeline *tl);

#endif
