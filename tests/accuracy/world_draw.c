/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random numbers of the generated worlds: xoshiro256** (Blackman and Vigna 2018), seeded by
 * splitmix64, and the polar method for normal ones. Not those of the programs under test.
 */
#include <math.h>
#include <stdlib.h>

#include "tests/accuracy/world.h"

void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static uint64_t split(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void draw_seed(struct draw *d, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		d->s[i] = split(&seed);
	d->has_spare = false;
}

static uint64_t rotate(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

double draw_uniform(struct draw *d)
{
	uint64_t *s = d->s, ret = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return (double)(ret >> 11) * 0x1p-53;
}

double draw_normal(struct draw *d)
{
	double u, v, q;

	if (d->has_spare) {
		d->has_spare = false;
		return d->spare;
	}
	do {
		u = 2 * draw_uniform(d) - 1;
		v = 2 * draw_uniform(d) - 1;
		q = u * u + v * v;
	} while (q >= 1 || q == 0);
	q = sqrt(-2 * log(q) / q);
	d->spare = u * q;
	d->has_spare = true;
	return v * q;
}

double draw_exponential(struct draw *d)
{
	return -log(1 - draw_uniform(d));
}

double draw_normal_at(uint64_t seed, int64_t index)
{
	struct draw d;

	draw_seed(&d, seed ^ (uint64_t)index * 0xd1342543de82ef95u);
	return draw_normal(&d);
}
