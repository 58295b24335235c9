/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Seeded weights. Energy and time of an inference do not depend on training, only on the values
 * being ordinary: neither all zero nor denormal nor infinite. So weights are uniform with the
 * variance of K. He et al., "Delving deep into rectifiers" (2015): 2 / fan-in before a rectifier,
 * 1 / fan-in elsewhere. The generator is splitmix64 (G. Steele, D. Lea, C. Flood, 2014); only
 * integer arithmetic, a multiplication and a square root are used, so that every machine gets the
 * same weights.
 */
#include <math.h>
#include <string.h>

#include "examples/convnet/run.h"

static uint64_t splitmix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* The upper 24 of 32 bits as a float in [-1, 1), exactly. */
static float unit(uint32_t bits)
{
	return (float)((int32_t)bits >> 8) * 0x1p-23f;
}

void erg_convnet_random(float *x, size_t n, uint64_t seed, float limit)
{
	size_t i = 0;

	for (; i + 1 < n; i += 2) {
		uint64_t z = splitmix(&seed);

		x[i] = unit((uint32_t)z) * limit;
		x[i + 1] = unit((uint32_t)(z >> 32)) * limit;
	}
	if (i < n)
		x[i] = unit((uint32_t)splitmix(&seed)) * limit;
}

uint64_t erg_convnet_hash(const void *data, size_t n)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

void erg_convnet_weights(const struct erg_net_layer *l, uint64_t seed, float *weights,
	size_t n_weights, float *bias, size_t n_bias)
{
	uint64_t own = seed ^ erg_convnet_hash(l->name, strlen(l->name));
	size_t fan_in = l->out_channels ? n_weights / l->out_channels : 1;
	float gain = l->act == ERG_NET_ACT_NONE ? 3.0f : 6.0f;

	if (l->op == ERG_NET_SCALE) {
		erg_convnet_random(weights, n_weights, own, 0.5f);
		for (size_t i = 0; i < n_weights; i++)
			weights[i] += 1.0f;
	} else if (n_weights) {
		erg_convnet_random(weights, n_weights, own, sqrtf(gain / (float)fan_in));
	}
	erg_convnet_random(bias, n_bias, ~own, 0.05f);
}
