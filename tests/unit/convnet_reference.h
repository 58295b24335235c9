/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_TESTS_CONVNET_REFERENCE_H
#define ERG_TESTS_CONVNET_REFERENCE_H

#include "formats/net/net.h"

/*
 * The output of NET on INPUT with the weights of SEED, by definition: every layer a loop over output
 * pixels in double precision, every activation in memory of its own. malloc'ed.
 */
double *erg_reference_run(const struct erg_net *net, uint64_t seed, const float *input);

#endif
