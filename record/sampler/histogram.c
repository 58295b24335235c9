/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Log-linear histogram: values below 16 have buckets of their own, above that each octave is split
 * into 16 equal parts (the layout of HdrHistogram, Tene 2012). Adding costs a few instructions and
 * no lock: it is done a thousand times a second on the sampling path.
 */
#include "record/sampler/histogram.h"

static unsigned bucket_of(uint64_t v)
{
	unsigned shift;

	if (v < (1u << ERG_HISTOGRAM_SUB_BITS))
		return (unsigned)v;
	shift = 63u - (unsigned)__builtin_clzll(v) - ERG_HISTOGRAM_SUB_BITS;
	return ((shift + 1) << ERG_HISTOGRAM_SUB_BITS) +
		(unsigned)((v >> shift) & ((1u << ERG_HISTOGRAM_SUB_BITS) - 1));
}

static uint64_t bucket_top(unsigned b)
{
	unsigned shift;
	uint64_t base;

	if (b < (1u << ERG_HISTOGRAM_SUB_BITS))
		return b;
	shift = (b >> ERG_HISTOGRAM_SUB_BITS) - 1;
	base = (b & ((1u << ERG_HISTOGRAM_SUB_BITS) - 1)) + (1u << ERG_HISTOGRAM_SUB_BITS);
	return ((base + 1) << shift) - 1;
}

static void store_count(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static uint64_t load_count(const uint64_t *p)
{
	return __atomic_load_n(p, __ATOMIC_RELAXED);
}

void erg_histogram_add(struct erg_histogram *h, uint64_t v)
{
	uint64_t *c = &h->counts[bucket_of(v)];

	store_count(c, *c + 1);
	store_count(&h->n, h->n + 1);
	if (v > h->max)
		store_count(&h->max, v);
}

void erg_histogram_merge(struct erg_histogram *h, const struct erg_histogram *from)
{
	uint64_t max = load_count(&from->max);

	for (unsigned b = 0; b < ERG_HISTOGRAM_BUCKETS; b++)
		h->counts[b] += load_count(&from->counts[b]);
	h->n += load_count(&from->n);
	h->max = max > h->max ? max : h->max;
}

uint64_t erg_histogram_quantile(const struct erg_histogram *h, double q)
{
	uint64_t n = 0, seen = 0, max = load_count(&h->max);

	for (unsigned b = 0; b < ERG_HISTOGRAM_BUCKETS; b++)
		n += load_count(&h->counts[b]);
	if (!n)
		return 0;
	for (unsigned b = 0; b < ERG_HISTOGRAM_BUCKETS; b++) {
		seen += load_count(&h->counts[b]);
		if ((double)seen >= q * (double)n)
			return bucket_top(b) < max ? bucket_top(b) : max;
	}
	return max;
}
