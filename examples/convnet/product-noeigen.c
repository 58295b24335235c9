/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where Eigen was not found when erg-convnet was built. */
#include "examples/convnet/product.h"

const struct erg_product *const erg_product_eigen = NULL;
