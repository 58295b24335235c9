/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_RECORD_KERNELS_H
#define ERG_RECORD_KERNELS_H

/* The inner loops of the roofs, compiled for speed and for the vectors of the processor at hand. */
#include <stddef.h>
#include <stdint.h>

#define ERG_KERNEL_MACS 65536.0 /* of one time: multiply-accumulates */

float erg_kernel_operations(uint64_t times);
/* a = b + s c on N floats each, N a multiple of 64. */
void erg_kernel_bytes(float *restrict a, const float *restrict b, const float *restrict c,
	size_t n);

#endif
