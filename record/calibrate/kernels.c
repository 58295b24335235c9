/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Eight chains of multiply-accumulates that do not wait for each other, in vectors of eight floats, where
 * the processor has such; and the triad of STREAM (McCalpin 1995).
 */
#include "record/calibrate/kernels.h"

#include "formats/base/clones.h"

#define LANES 8
#define CHAINS 8

typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

ERG_EACH_PROCESSOR float erg_kernel_operations(uint64_t times)
{
	const lanes m = (lanes){0} + 0.999f, add = (lanes){0} + 0.001f;
	const uint64_t rounds = times * (uint64_t)(ERG_KERNEL_MACS / (LANES * CHAINS));
	lanes v[CHAINS], sum = (lanes){0};
	float ret = 0;

	for (int k = 0; k < CHAINS; k++)
		v[k] = (lanes){0} + (float)k;
	for (uint64_t i = 0; i < rounds; i++)
		for (int k = 0; k < CHAINS; k++)
			v[k] = v[k] * m + add;
	for (int k = 0; k < CHAINS; k++)
		sum += v[k];
	for (int l = 0; l < LANES; l++)
		ret += sum[l];
	return ret;
}

ERG_EACH_PROCESSOR void erg_kernel_bytes(float *restrict a, const float *restrict b,
	const float *restrict c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] = b[i] + 3.0f * c[i];
}
