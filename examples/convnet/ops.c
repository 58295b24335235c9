/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * The operators that are not products: pooling, normalisation, element by element. They move
 * memory rather than compute, so the loops run along rows and over few streams at a time. All sums
 * are in a fixed order: a network gives the same bytes every time.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "examples/convnet/ops.h"

#define BLOCK 512u /* pixels that a loop over channels works on at a time */

erg_op_fn *const erg_ops[ERG_NET_N_OPS] = {
	[ERG_NET_CONV] = erg_op_conv,
	[ERG_NET_FC] = erg_op_fc,
	[ERG_NET_MAXPOOL] = erg_op_maxpool,
	[ERG_NET_AVGPOOL] = erg_op_avgpool,
	[ERG_NET_LRN] = erg_op_lrn,
	[ERG_NET_SCALE] = erg_op_scale,
	[ERG_NET_RELU] = erg_op_relu,
	[ERG_NET_CONCAT] = erg_op_concat,
	[ERG_NET_ELTWISE] = erg_op_eltwise,
	[ERG_NET_SOFTMAX] = erg_op_softmax,
	[ERG_NET_DROPOUT] = erg_op_dropout,
};

bool erg_op_in_place(const struct erg_net_layer *l)
{
	return l->op == ERG_NET_RELU || l->op == ERG_NET_DROPOUT || l->op == ERG_NET_SCALE ||
		l->op == ERG_NET_SOFTMAX;
}

/*
 * The part of window I that lies within N pixels: [*first, *end). Never empty: net-shape.c keeps
 * every window on the image.
 */
static void clip(const struct erg_net_layer *l, int axis, uint32_t i, uint32_t n, uint32_t *first,
	uint32_t *end)
{
	int64_t begin = (int64_t)i * l->stride[axis] - l->pad[axis];
	int64_t stop = begin + l->kernel[axis];

	*first = begin < 0 ? 0 : begin > n ? n : (uint32_t)begin;
	*end = stop < 0 ? 0 : stop > n ? n : (uint32_t)stop;
}

static float window_max(const float *in, uint32_t w, uint32_t y0, uint32_t y1, uint32_t x0,
	uint32_t x1)
{
	float best = -FLT_MAX;

	for (uint32_t y = y0; y < y1; y++)
		for (uint32_t x = x0; x < x1; x++)
			best = in[(size_t)y * w + x] > best ? in[(size_t)y * w + x] : best;
	return best;
}

static float window_mean(const float *in, uint32_t w, uint32_t y0, uint32_t y1, uint32_t x0,
	uint32_t x1)
{
	float n = (float)(y1 - y0) * (float)(x1 - x0), sum = 0;

	for (uint32_t y = y0; y < y1; y++)
		for (uint32_t x = x0; x < x1; x++)
			sum += in[(size_t)y * w + x];
	return sum / n;
}

static inline void pool(const struct erg_op_args *a,
	float (*of)(const float *, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t))
{
	const struct erg_net_layer *l = a->layer;
	const float *in = a->in[0];
	float *out = a->out;

	for (uint32_t c = 0; c < l->in.c; c++, in += (size_t)l->in.h * l->in.w)
		for (uint32_t y = 0; y < l->out.h; y++) {
			uint32_t y0, y1;

			clip(l, 0, y, l->in.h, &y0, &y1);
			for (uint32_t x = 0; x < l->out.w; x++) {
				uint32_t x0, x1;

				clip(l, 1, x, l->in.w, &x0, &x1);
				*out++ = of(in, l->in.w, y0, y1, x0, x1);
			}
		}
}

void erg_op_maxpool(const struct erg_op_args *a)
{
	pool(a, window_max);
}

void erg_op_avgpool(const struct erg_op_args *a)
{
	pool(a, window_mean);
}

/* x ← x^-beta; 3/4 is what every published network uses, and needs two square roots. */
static void negative_power(float *x, uint32_t n, float beta)
{
	if (beta == 0.75f)
		for (uint32_t i = 0; i < n; i++) {
			float s = sqrtf(x[i]);

			x[i] = 1.0f / (s * sqrtf(s));
		}
	else
		for (uint32_t i = 0; i < n; i++)
			x[i] = powf(x[i], -beta);
}

/* Across channels: Krizhevsky et al. 2012, §3.3, with alpha divided by the size as in Caffe. */
void erg_op_lrn(const struct erg_op_args *a)
{
	const struct erg_net_layer *l = a->layer;
	size_t pixels = (size_t)l->in.h * l->in.w;
	float alpha = (float)(l->lrn_alpha / l->lrn_size), sum[BLOCK];
	uint32_t half = l->lrn_size / 2;

	for (uint32_t c = 0; c < l->in.c; c++)
		for (size_t p = 0; p < pixels; p += BLOCK) {
			uint32_t n = pixels - p < BLOCK ? (uint32_t)(pixels - p) : BLOCK;
			uint32_t lo = c < half ? 0 : c - half;
			uint32_t hi = l->in.c - c <= half ? l->in.c - 1 : c + half;

			memset(sum, 0, sizeof(sum));
			for (uint32_t j = lo; j <= hi; j++) {
				const float *x = a->in[0] + j * pixels + p;

				for (uint32_t i = 0; i < n; i++)
					sum[i] += x[i] * x[i];
			}
			for (uint32_t i = 0; i < n; i++)
				sum[i] = (float)l->lrn_k + alpha * sum[i];
			negative_power(sum, n, (float)l->lrn_beta);
			for (uint32_t i = 0; i < n; i++)
				a->out[c * pixels + p + i] = a->in[0][c * pixels + p + i] * sum[i];
		}
}

void erg_op_scale(const struct erg_op_args *a)
{
	const struct erg_net_layer *l = a->layer;
	size_t pixels = (size_t)l->in.h * l->in.w;

	for (uint32_t c = 0; c < l->in.c; c++) {
		const float *in = a->in[0] + c * pixels;
		float *out = a->out + c * pixels, f = a->weights[c];

		for (size_t i = 0; i < pixels; i++)
			out[i] = in[i] * f;
		erg_op_finish(out, pixels, a->bias ? a->bias[c] : 0, l->act);
	}
}

void erg_op_dropout(const struct erg_op_args *a)
{
	if (a->out != a->in[0])
		memcpy(a->out, a->in[0], erg_net_elements(a->layer->in) * sizeof(float));
}

void erg_op_relu(const struct erg_op_args *a)
{
	erg_op_dropout(a);
	erg_op_finish(a->out, erg_net_elements(a->layer->in), 0, ERG_NET_ACT_RELU);
}

void erg_op_concat(const struct erg_op_args *a)
{
	float *out = a->out;

	for (uint32_t j = 0; j < a->layer->n_from; j++) {
		size_t n = erg_net_elements(a->in_shape[j]);

		memcpy(out, a->in[j], n * sizeof(float));
		out += n;
	}
}

void erg_op_eltwise(const struct erg_op_args *a)
{
	const struct erg_net_layer *l = a->layer;
	size_t n = erg_net_elements(l->in);
	float *restrict out = a->out;

	memcpy(out, a->in[0], n * sizeof(float));
	for (uint32_t j = 1; j < l->n_from; j++) {
		const float *in = a->in[j];

		switch (l->elt) {
		case ERG_NET_ELT_SUM:
			for (size_t i = 0; i < n; i++)
				out[i] += in[i];
			break;
		case ERG_NET_ELT_MUL:
			for (size_t i = 0; i < n; i++)
				out[i] *= in[i];
			break;
		case ERG_NET_ELT_MAX:
			for (size_t i = 0; i < n; i++)
				out[i] = in[i] > out[i] ? in[i] : out[i];
			break;
		}
	}
	erg_op_finish(out, n, 0, l->act);
}

/* Over the channels of each pixel, less the largest, so that nothing overflows. */
void erg_op_softmax(const struct erg_op_args *a)
{
	size_t pixels = (size_t)a->layer->in.h * a->layer->in.w;
	uint32_t channels = a->layer->in.c;

	for (size_t p = 0; p < pixels; p++) {
		const float *in = a->in[0] + p;
		float *out = a->out + p, max = -FLT_MAX, sum = 0;

		for (uint32_t c = 0; c < channels; c++)
			max = in[c * pixels] > max ? in[c * pixels] : max;
		for (uint32_t c = 0; c < channels; c++)
			sum += out[c * pixels] = expf(in[c * pixels] - max);
		for (uint32_t c = 0; c < channels; c++)
			out[c * pixels] /= sum;
	}
}
