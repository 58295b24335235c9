/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Convolution and fully connected layers.
 *
 * A convolution is a matrix product: weights (out × K) times the image unrolled into columns
 * (K × pixels), K = channels × kernel area (K. Chellapilla et al., "High performance convolutional
 * neural networks for document processing", 2006). The unrolled image is K times the work's input,
 * 115 MB for a layer of VGG-16, so it is made for a band of output rows at a time that stays in the
 * cache, and the product writes its band of the output. A 1×1 convolution of stride 1 is a product
 * with the image itself. A depthwise one has K = 9 and would waste the product: it is done directly,
 * a row at a time.
 */
#include <string.h>

#include "examples/convnet/ops.h"
#include "examples/convnet/product.h"

#define BAND_FLOATS (512u * 1024) /* 2 MiB of columns: about a last-level cache's share */

void erg_op_finish(float *x, size_t n, float bias, enum erg_net_act act)
{
	switch (act) {
	case ERG_NET_ACT_NONE:
		for (size_t i = 0; bias != 0 && i < n; i++)
			x[i] += bias;
		break;
	case ERG_NET_ACT_RELU:
		for (size_t i = 0; i < n; i++) {
			float v = x[i] + bias;

			x[i] = v > 0 ? v : 0;
		}
		break;
	case ERG_NET_ACT_RELU6:
		for (size_t i = 0; i < n; i++) {
			float v = x[i] + bias;

			v = v > 0 ? v : 0;
			x[i] = v < 6 ? v : 6;
		}
		break;
	}
}

static bool is_pointwise(const struct erg_net_layer *l)
{
	return l->kernel[0] == 1 && l->kernel[1] == 1 && l->stride[0] == 1 && l->stride[1] == 1 &&
		!l->pad[0] && !l->pad[1];
}

/* Rows of a column matrix: one for each weight of an output channel. */
static size_t column_rows(const struct erg_net_layer *l)
{
	return (size_t)(l->in.c / l->groups) * l->kernel[0] * l->kernel[1];
}

static uint32_t band_rows(const struct erg_net_layer *l)
{
	size_t rows = BAND_FLOATS / (column_rows(l) * l->out.w);

	return rows < 1 ? 1 : rows > l->out.h ? l->out.h : (uint32_t)rows;
}

size_t erg_op_scratch(const struct erg_net_layer *l)
{
	if (l->op != ERG_NET_CONV || is_pointwise(l) || erg_net_depthwise(l))
		return 0;
	return column_rows(l) * l->out.w * band_rows(l);
}

/*
 * The output pixels x for which x * stride + offset - pad lies within N: [*first, *end).
 */
static void inside(uint32_t n, uint32_t out, uint32_t stride, uint32_t offset, uint32_t pad,
	uint32_t *first, uint32_t *end)
{
	*first = offset >= pad ? 0 : (pad - offset + stride - 1) / stride;
	*end = n + pad <= offset ? 0 : (n + pad - offset - 1) / stride + 1;
	if (*end > out)
		*end = out;
	if (*first > *end)
		*first = *end;
}

/* One row of one kernel position: OUT[x] = SRC[x * stride + kx - pad], zeros outside. */
static void unroll_row(const struct erg_net_layer *l, const float *src, uint32_t kx, float *out)
{
	uint32_t first, end, stride = l->stride[1];
	const float *s;

	inside(l->in.w, l->out.w, stride, kx, l->pad[1], &first, &end);
	memset(out, 0, first * sizeof(float));
	s = src + ((ptrdiff_t)first * stride + kx - l->pad[1]);
	if (stride == 1)
		memcpy(out + first, s, (end - first) * sizeof(float));
	else
		for (uint32_t x = first; x < end; x++, s += stride)
			out[x] = *s;
	memset(out + end, 0, (l->out.w - end) * sizeof(float));
}

/* The columns of output rows Y0..Y1-1 of the channels at IN. */
static void unroll(const struct erg_net_layer *l, const float *in, uint32_t y0, uint32_t y1,
	float *col)
{
	uint32_t channels = l->in.c / l->groups;

	for (uint32_t c = 0; c < channels; c++, in += (size_t)l->in.h * l->in.w)
		for (uint32_t ky = 0; ky < l->kernel[0]; ky++)
			for (uint32_t kx = 0; kx < l->kernel[1]; kx++)
				for (uint32_t y = y0; y < y1; y++, col += l->out.w) {
					int64_t sy = (int64_t)y * l->stride[0] + ky - l->pad[0];

					if (sy < 0 || sy >= l->in.h)
						memset(col, 0, l->out.w * sizeof(float));
					else
						unroll_row(l, in + sy * l->in.w, kx, col);
				}
}

/* PIXELS columns of one group: out (rows of LDC) = weights × col (rows of LDB), then the ending. */
static void product(const struct erg_op_args *a, uint32_t group, const float *col, size_t ldb,
	float *out, size_t ldc, size_t pixels)
{
	const struct erg_net_layer *l = a->layer;
	size_t k = column_rows(l), m = l->out_channels / l->groups;

	erg_product->matrix(m, pixels, k, a->weights + group * m * k, col, ldb, out, ldc);
	for (size_t i = 0; i < m; i++)
		erg_op_finish(out + i * ldc, pixels, a->bias ? a->bias[group * m + i] : 0, l->act);
}

/* One channel, one kernel: a sum of shifted rows. */
static void depthwise_channel(const struct erg_net_layer *l, const float *in, const float *w,
	float *out)
{
	for (uint32_t y = 0; y < l->out.h; y++, out += l->out.w) {
		memset(out, 0, l->out.w * sizeof(float));
		for (uint32_t ky = 0; ky < l->kernel[0]; ky++) {
			int64_t sy = (int64_t)y * l->stride[0] + ky - l->pad[0];

			if (sy < 0 || sy >= l->in.h)
				continue;
			for (uint32_t kx = 0; kx < l->kernel[1]; kx++) {
				float f = w[ky * l->kernel[1] + kx];
				uint32_t first, end, stride = l->stride[1];
				const float *s;

				inside(l->in.w, l->out.w, stride, kx, l->pad[1], &first, &end);
				s = in + sy * l->in.w +
					((ptrdiff_t)first * stride + kx - l->pad[1]);
				if (stride == 1)
					for (uint32_t x = first; x < end; x++)
						out[x] += f * s[x - first];
				else
					for (uint32_t x = first; x < end; x++, s += stride)
						out[x] += f * *s;
			}
		}
	}
}

static void depthwise(const struct erg_op_args *a)
{
	const struct erg_net_layer *l = a->layer;
	size_t in_pixels = (size_t)l->in.h * l->in.w, pixels = (size_t)l->out.h * l->out.w;
	size_t area = (size_t)l->kernel[0] * l->kernel[1];

	for (uint32_t c = 0; c < l->in.c; c++) {
		float *out = a->out + c * pixels;

		depthwise_channel(l, a->in[0] + c * in_pixels, a->weights + c * area, out);
		erg_op_finish(out, pixels, a->bias ? a->bias[c] : 0, l->act);
	}
}

void erg_op_conv(const struct erg_op_args *a)
{
	const struct erg_net_layer *l = a->layer;
	size_t in_pixels = (size_t)l->in.h * l->in.w, pixels = (size_t)l->out.h * l->out.w;
	uint32_t band;

	if (erg_net_depthwise(l)) {
		depthwise(a);
		return;
	}
	band = is_pointwise(l) ? l->out.h : band_rows(l);
	for (uint32_t g = 0; g < l->groups; g++) {
		const float *in = a->in[0] + g * (l->in.c / l->groups) * in_pixels;
		float *out = a->out + g * (l->out_channels / l->groups) * pixels;

		for (uint32_t y = 0; y < l->out.h; y += band) {
			uint32_t y1 = l->out.h - y < band ? l->out.h : y + band;
			size_t n = (size_t)(y1 - y) * l->out.w;

			if (is_pointwise(l)) {
				product(a, g, in, pixels, out, pixels, pixels);
				break;
			}
			unroll(l, in, y, y1, a->scratch);
			product(a, g, a->scratch, n, out + (size_t)y * l->out.w, pixels, n);
		}
	}
}

void erg_op_fc(const struct erg_op_args *a)
{
	const struct erg_net_layer *l = a->layer;
	size_t k = erg_net_elements(l->in);

	erg_product->vector(l->out_channels, k, a->weights, a->in[0], a->out);
	for (uint32_t i = 0; i < l->out_channels; i++)
		erg_op_finish(a->out + i, 1, a->bias ? a->bias[i] : 0, l->act);
}
