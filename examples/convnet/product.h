/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_CONVNET_PRODUCT_H
#define ERG_CONVNET_PRODUCT_H

/*
 * Matrix products on 32-bit floats, row by row, by one of several libraries: what convolutions and fully
 * connected layers cost is the library's as much as the network's.
 */
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct erg_product {
	const char *name;
	/* c (m × n, rows of ldc) = a (m × k) times b (k × n, rows of ldb) */
	void (*matrix)(size_t m, size_t n, size_t k, const float *a, const float *b, size_t ldb,
		float *c, size_t ldc);
	/* y (m) = a (m × k) times x (k) */
	void (*vector)(size_t m, size_t k, const float *a, const float *x, float *y);
	void (*threads)(int n);
};

/* NULL where erg-convnet was built without it. */
extern const struct erg_product *const erg_product_openblas, *const erg_product_eigen;

/* The one that is used: OpenBLAS. */
extern const struct erg_product *erg_product;

/* By its name; NULL for none of them, or one that was not built. */
const struct erg_product *erg_product_named(const char *name);

#ifdef __cplusplus
}
#endif

#endif
