/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_HISTOGRAM_H
#define ERG_RECORD_HISTOGRAM_H

/*
 * A histogram of durations in fixed memory: 16 buckets an octave, so a quantile is at most 1/16
 * above the truth. One thread adds while others read.
 */
#include <stdint.h>

#define ERG_HISTOGRAM_SUB_BITS 4
#define ERG_HISTOGRAM_BUCKETS ((64 - ERG_HISTOGRAM_SUB_BITS + 1) << ERG_HISTOGRAM_SUB_BITS)

struct erg_histogram {
	uint64_t n, max;
	uint64_t counts[ERG_HISTOGRAM_BUCKETS];
};

void erg_histogram_add(struct erg_histogram *h, uint64_t v);
/* Adds what is in FROM, to which another thread may be adding. */
void erg_histogram_merge(struct erg_histogram *h, const struct erg_histogram *from);
/* The least upper bound of a bucket below which at least the fraction Q of the values lie, never
 * above the largest value; 0 when there are none. */
uint64_t erg_histogram_quantile(const struct erg_histogram *h, double q);

#endif
