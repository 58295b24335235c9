/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef ERG_CONVNET_OPS_H
#define ERG_CONVNET_OPS_H

/*
 * The operators of a network on 32-bit floats, channels × height × width, one image. Every operator
 * has one signature, so that running a network is a loop over a table.
 */
#include <stddef.h>

#include "formats/net/net.h"

struct erg_op_args {
	const struct erg_net_layer *layer;
	const float *const *in;               /* layer->n_from inputs */
	const struct erg_net_shape *in_shape; /* their shapes */
	float *out;                           /* may be in[0] where erg_op_in_place() says so */
	const float *weights; /* conv: out × in/groups × kh × kw; fc: out × in; scale: factors */
	const float *bias;    /* one an output channel, or NULL */
	float *scratch;       /* erg_op_scratch() floats */
};

typedef void erg_op_fn(const struct erg_op_args *a);

/* By enum erg_net_op; NULL for the input. */
extern erg_op_fn *const erg_ops[ERG_NET_N_OPS];

/* Floats of scratch that the layer needs. */
size_t erg_op_scratch(const struct erg_net_layer *l);

/* The output may lie where the (only) input does. */
bool erg_op_in_place(const struct erg_net_layer *l);

/* x ← act(x + bias), N values. */
void erg_op_finish(float *x, size_t n, float bias, enum erg_net_act act);

erg_op_fn erg_op_conv, erg_op_fc, erg_op_maxpool, erg_op_avgpool, erg_op_lrn, erg_op_scale,
	erg_op_relu, erg_op_concat, erg_op_eltwise, erg_op_softmax, erg_op_dropout;

#endif
