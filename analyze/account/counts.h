/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ACCOUNT_COUNTS_H
#define ERG_ANALYZE_ACCOUNT_COUNTS_H

/* The counters of the layers, summed over a layer's instances and over sets of layers. */
#include <stdbool.h>

#include <jansson.h>

#include "analyze/timeline/timeline.h"

struct erg_layer_counts {
	const struct erg_timeline *tl;
	int64_t *sum;                /* n_layers x n_counters; INT64_MIN: not counted */
	uint64_t *enabled, *running; /* ns, n_layers values: of the kernel's counters */
};

/* -ENOMEM */
int erg_layer_counts_init(struct erg_layer_counts *c, const struct erg_timeline *tl);
void erg_layer_counts_release(struct erg_layer_counts *c);
/* Adds instance I. */
void erg_layer_counts_add(struct erg_layer_counts *c, size_t i);
/* {NAME: count} of the layers among the N classes SET, whose WEIGHT (n_layers values or more) is not 0,
 * as nobody else's is. The kernel's counters that ran for a part of the time are scaled up to all of it;
 * those that never ran are left out. */
json_t *erg_layer_counts_json(const struct erg_layer_counts *c, const double *weight,
	const uint32_t *set, size_t n);

/* Whether C counts what the application did: its own counters, and those of imported layers. The kernel's
 * count events of the processor. */
bool erg_counts_work(const struct erg_tl_counter *c);

/* {NAME: count} of the application's counters in all of the run, as far as layers of the host carried
 * them: the outermost of each thread that did. */
json_t *erg_counts_of_run(const struct erg_timeline *tl);

#endif
