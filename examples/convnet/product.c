/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products by OpenBLAS, and which library is used. */
#include "examples/convnet/product.h"

#include <cblas.h>
#include <string.h>

static void matrix(size_t m, size_t n, size_t k, const float *a, const float *b, size_t ldb,
	float *c, size_t ldc)
{
	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0f, a,
		(int)k, b, (int)ldb, 0.0f, c, (int)ldc);
}

static void vector(size_t m, size_t k, const float *a, const float *x, float *y)
{
	cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)m, (int)k, 1.0f, a, (int)k, x, 1, 0.0f, y, 1);
}

static void threads(int n)
{
	openblas_set_num_threads(n);
}

static const struct erg_product openblas = {"openblas", matrix, vector, threads};
const struct erg_product *const erg_product_openblas = &openblas;
const struct erg_product *erg_product = &openblas;

const struct erg_product *erg_product_named(const char *name)
{
	const struct erg_product *const all[] = {erg_product_openblas, erg_product_eigen};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] && !strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}
