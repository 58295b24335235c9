/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pseudo-random numbers for the bootstrap: xoshiro256** (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2018) seeded by splitmix64 (Steele, Lea, Flood 2014). Our own
 * few lines, so that a seed gives the same replicates whatever library version is installed.
 */
#include <math.h>

#include "analyze/attribution/rng.h"

static uint64_t rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

#define GAMMA 0x9e3779b97f4a7c15u

void attr_rng_seed(struct attr_rng *rng, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rng->s[i] = mix(seed += GAMMA);
}

bool attr_sampled(uint64_t i, size_t stride)
{
	return stride < 2 || i % stride == mix((i / stride + 1) * GAMMA) % stride;
}

uint64_t attr_rng_next(struct attr_rng *rng)
{
	uint64_t *s = rng->s, r = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return r;
}

double attr_rng_uniform(struct attr_rng *rng)
{
	return (double)(attr_rng_next(rng) >> 11) * 0x1p-53;
}

/* Box and Muller 1958; one of the pair, so that no state is kept between calls. */
double attr_rng_normal(struct attr_rng *rng)
{
	double u = 1 - attr_rng_uniform(rng), v = attr_rng_uniform(rng);

	return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

/* Multiply and shift (Lemire 2019) without the rejection: the bias is below 2^-32 * n. */
uint32_t attr_rng_below(struct attr_rng *rng, uint32_t n)
{
	return (uint32_t)((attr_rng_next(rng) >> 32) * n >> 32);
}
