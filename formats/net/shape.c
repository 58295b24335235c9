/* SPDX-License-Identifier: MIT */

/*
 * Shapes, work and size of one layer from its description and the shapes before it.
 *
 * Output size of a window of K at stride S with padding P on both sides, over N pixels:
 * floor((N + 2P - K) / S) + 1; with "ceil" (pooling in Caffe) it is rounded up, and a last window
 * that would begin beyond the image and its left padding is dropped. MACs are those of the
 * algorithm as published, padding included: out × (in / groups) × kernel area for each output
 * pixel. Biases, activations, pooling and normalisation count none.
 */
#include <errno.h>
#include <inttypes.h>

#include "formats/net/net.h"

static int window(const struct erg_net_layer *l, int axis, uint32_t n, uint32_t *ret,
	struct erg_err *err)
{
	uint32_t k = l->kernel[axis], s = l->stride[axis], p = l->pad[axis];
	uint64_t span = (uint64_t)n + 2u * p, out;

	if (span < k)
		return erg_fail(err, -EINVAL,
			"%s: a kernel of %u does not fit an image of %u with a padding of %u",
			l->name, k, n, p);
	if (l->op != ERG_NET_CONV && p >= k)
		return erg_fail(err, -EINVAL, "%s: padding %u; expected less than the kernel, %u",
			l->name, p, k);
	out = (span - k + (l->ceil ? s - 1 : 0)) / s + 1;
	if (l->ceil && (out - 1) * s >= (uint64_t)n + p)
		out--;
	*ret = (uint32_t)out;
	return 0;
}

static int windows(struct erg_net_layer *l, uint32_t channels, struct erg_err *err)
{
	int r;

	l->out.c = channels;
	r = window(l, 0, l->in.h, &l->out.h, err);
	return r < 0 ? r : window(l, 1, l->in.w, &l->out.w, err);
}

static int conv(struct erg_net_layer *l, struct erg_err *err)
{
	uint64_t weights;
	int r;

	if (l->in.c % l->groups || l->out_channels % l->groups)
		return erg_fail(err, -EINVAL,
			"%s: %u groups; expected a divisor of its %u input and %u output channels",
			l->name, l->groups, l->in.c, l->out_channels);
	r = windows(l, l->out_channels, err);
	if (r < 0)
		return r;
	weights = (uint64_t)l->out_channels * (l->in.c / l->groups) * l->kernel[0];
	if (weights > ERG_NET_ELEMENTS_MAX || weights * l->kernel[1] > ERG_NET_ELEMENTS_MAX)
		return erg_fail(err, -E2BIG, "%s: more than %u weights", l->name,
			ERG_NET_ELEMENTS_MAX);
	weights *= l->kernel[1];
	l->macs = weights * l->out.h * l->out.w;
	l->params = weights + (l->nobias && !l->bn ? 0 : l->out_channels);
	return 0;
}

static int fc(struct erg_net_layer *l, struct erg_err *err)
{
	uint64_t in = erg_net_elements(l->in);

	l->out = (struct erg_net_shape){l->out_channels, 1, 1};
	if (in * l->out_channels > ERG_NET_ELEMENTS_MAX)
		return erg_fail(err, -E2BIG, "%s: %" PRIu64 " weights; expected at most %u",
			l->name, in * l->out_channels, ERG_NET_ELEMENTS_MAX);
	l->macs = in * l->out_channels;
	l->params = l->macs + (l->nobias ? 0 : l->out_channels);
	return 0;
}

static int pool(struct erg_net_layer *l, struct erg_err *err)
{
	if (l->global) {
		l->kernel[0] = l->in.h;
		l->kernel[1] = l->in.w;
		l->stride[0] = l->stride[1] = 1;
		l->pad[0] = l->pad[1] = 0;
	}
	return windows(l, l->in.c, err);
}

static int concat(struct erg_net *net, struct erg_net_layer *l, struct erg_err *err)
{
	uint64_t channels = 0;

	for (uint32_t j = 0; j < l->n_from; j++) {
		const struct erg_net_layer *f = &net->layers[l->from[j]];

		if (f->out.h != l->in.h || f->out.w != l->in.w)
			return erg_fail(err, -EINVAL, "%s: %s is %ux%u; expected %ux%u like %s",
				l->name, f->name, f->out.h, f->out.w, l->in.h, l->in.w,
				net->layers[l->from[0]].name);
		channels += f->out.c;
	}
	if (channels > ERG_NET_DIM_MAX)
		return erg_fail(err, -E2BIG, "%s: %" PRIu64 " channels; expected at most %u",
			l->name, channels, ERG_NET_DIM_MAX);
	l->out = (struct erg_net_shape){(uint32_t)channels, l->in.h, l->in.w};
	return 0;
}

static int eltwise(struct erg_net *net, struct erg_net_layer *l, struct erg_err *err)
{
	if (l->n_from < 2)
		return erg_fail(err, -EINVAL, "%s: one input; expected from=A,B", l->name);
	for (uint32_t j = 1; j < l->n_from; j++) {
		const struct erg_net_layer *f = &net->layers[l->from[j]];

		if (f->out.c != l->in.c || f->out.h != l->in.h || f->out.w != l->in.w)
			return erg_fail(err, -EINVAL,
				"%s: %s is %ux%ux%u; expected %ux%ux%u like %s", l->name, f->name,
				f->out.c, f->out.h, f->out.w, l->in.c, l->in.h, l->in.w,
				net->layers[l->from[0]].name);
	}
	l->out = l->in;
	return 0;
}

static int infer_op(struct erg_net *net, struct erg_net_layer *l, struct erg_err *err)
{
	switch (l->op) {
	case ERG_NET_CONV:
		return conv(l, err);
	case ERG_NET_FC:
		return fc(l, err);
	case ERG_NET_MAXPOOL:
	case ERG_NET_AVGPOOL:
		return pool(l, err);
	case ERG_NET_CONCAT:
		return concat(net, l, err);
	case ERG_NET_ELTWISE:
		return eltwise(net, l, err);
	case ERG_NET_SCALE:
		l->params = 2ull * l->in.c;
		break;
	default:
		break;
	}
	if (l->op != ERG_NET_INPUT)
		l->out = l->in;
	return 0;
}

int erg_net_infer(struct erg_net *net, uint32_t i, struct erg_err *err)
{
	struct erg_net_layer *l = &net->layers[i];
	uint64_t in = 0;
	int r;

	if (l->n_from)
		l->in = net->layers[l->from[0]].out;
	r = infer_op(net, l, err);
	if (r < 0)
		return r;
	if (l->out.h > ERG_NET_DIM_MAX || l->out.w > ERG_NET_DIM_MAX ||
		(uint64_t)l->out.h * l->out.w > ERG_NET_ELEMENTS_MAX ||
		erg_net_elements(l->out) > ERG_NET_ELEMENTS_MAX)
		return erg_fail(err, -E2BIG, "%s: an output of %ux%ux%u is too large", l->name,
			l->out.c, l->out.h, l->out.w);
	for (uint32_t j = 0; j < l->n_from; j++)
		in += erg_net_elements(net->layers[l->from[j]].out);
	l->bytes_in = in * sizeof(float);
	l->bytes_out = erg_net_elements(l->out) * sizeof(float);
	l->bytes_params = l->params * sizeof(float);
	return 0;
}
