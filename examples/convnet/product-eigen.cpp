/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products by Eigen: C++, since it has no other interface. One thread. */
#include <Eigen/Core>

#include "examples/convnet/product.h"

namespace {

using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Stride = Eigen::OuterStride<>;
using Index = Eigen::Index;

void matrix(size_t m, size_t n, size_t k, const float *a, const float *b, size_t ldb, float *c,
	size_t ldc)
{
	Eigen::Map<const Rows> left(a, static_cast<Index>(m), static_cast<Index>(k));
	Eigen::Map<const Rows, 0, Stride> right(b, static_cast<Index>(k), static_cast<Index>(n),
		Stride(static_cast<Index>(ldb)));
	Eigen::Map<Rows, 0, Stride> result(c, static_cast<Index>(m), static_cast<Index>(n),
		Stride(static_cast<Index>(ldc)));

	result.noalias() = left * right;
}

void vector(size_t m, size_t k, const float *a, const float *x, float *y)
{
	Eigen::Map<const Rows> left(a, static_cast<Index>(m), static_cast<Index>(k));
	Eigen::Map<const Eigen::VectorXf> right(x, static_cast<Index>(k));
	Eigen::Map<Eigen::VectorXf> result(y, static_cast<Index>(m));

	result.noalias() = left * right;
}

void threads(int)
{
	/* Eigen has threads by OpenMP alone, which this is built without */
}

const struct erg_product eigen = {"eigen", matrix, vector, threads};

} // namespace

const struct erg_product *const erg_product_eigen = &eigen;
