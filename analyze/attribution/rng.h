/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_ANALYZE_ATTRIBUTION_RNG_H
#define ERG_ANALYZE_ATTRIBUTION_RNG_H

/* xoshiro256** (Blackman, Vigna 2018): the same bytes on every machine. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr_rng {
	uint64_t s[4];
};
void attr_rng_seed(struct attr_rng *rng, uint64_t seed);
uint64_t attr_rng_next(struct attr_rng *rng);
double attr_rng_uniform(struct attr_rng *rng); /* [0, 1) */
double attr_rng_normal(struct attr_rng *rng);
uint32_t attr_rng_below(struct attr_rng *rng, uint32_t n);
/* Whether element I of a sequence is in a sample of it: one of each STRIDE that follow each other, at any place among
 * them. What comes in turns (two lengths that alternate) would be seen at one place of its turn only by every STRIDE-th. */
bool attr_sampled(uint64_t i, size_t stride);

#endif
