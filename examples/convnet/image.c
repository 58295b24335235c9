/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * An image as input: binary PPM, because it needs no library and every picture program writes it
 * (netpbm's ppm(5)). The values are normalised like ImageNet's, which is what the networks expect.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/convnet/run.h"
#include "formats/base/util.h"

#define SIDE_MAX 16384u

/* The next number of the header; blanks and comments before it. */
static int header_number(FILE *f, const char *path, unsigned int max, uint32_t *ret,
	struct erg_err *err)
{
	uint64_t v = 0;
	int c = getc(f), digits = 0;

	while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#') {
		if (c == '#')
			while (c != '\n' && c != EOF)
				c = getc(f);
		else
			c = getc(f);
	}
	for (; c >= '0' && c <= '9' && v <= max; c = getc(f), digits++)
		v = v * 10 + (uint64_t)(c - '0');
	if (!digits || v < 1 || v > max)
		return erg_fail(err, -EINVAL,
			"%s: byte %ld: expected width, height and 255, each from 1 to %u", path,
			ftell(f), max);
	*ret = (uint32_t)v;
	return 0; /* the one blank after the number has been read */
}

static int read_ppm(const char *path, uint32_t *ret_w, uint32_t *ret_h, unsigned char **ret,
	struct erg_err *err)
{
	_cleanup_(erg_fclosep) FILE *f = fopen(path, "re");
	_cleanup_(erg_freep) unsigned char *rgb = NULL;
	uint32_t w = 0, h = 0, max = 0;
	size_t size, got;
	int r;

	if (!f)
		return erg_fail_errno(err, -errno, "%s: cannot be opened", path);
	if (getc(f) != 'P' || getc(f) != '6')
		return erg_fail(err, -EINVAL, "%s: expected a binary PPM, which begins with P6",
			path);
	r = header_number(f, path, SIDE_MAX, &w, err);
	if (r >= 0)
		r = header_number(f, path, SIDE_MAX, &h, err);
	if (r >= 0)
		r = header_number(f, path, 65535, &max, err);
	if (r < 0)
		return r;
	if (max != 255)
		return erg_fail(err, -EINVAL, "%s: largest value %u; expected 255", path, max);
	size = (size_t)w * h * 3;
	rgb = malloc(size);
	if (!rgb)
		return erg_fail_errno(err, -ENOMEM, "%s: %zu bytes", path, size);
	got = fread(rgb, 1, size, f);
	if (got < size)
		return erg_fail(err, -EINVAL, "%s: %zu bytes of pixels; expected %zu for %ux%u",
			path, got, size, w, h);
	*ret_w = w;
	*ret_h = h;
	*ret = erg_steal_ptr(&rgb);
	return 0;
}

/* The two source pixels and the weight of the second for output pixel I of N, source SIZE. */
static float between(uint32_t i, uint32_t n, uint32_t size, uint32_t *a, uint32_t *b)
{
	float x = ((float)i + 0.5f) * (float)size / (float)n - 0.5f;

	if (x < 0)
		x = 0;
	*a = (uint32_t)x < size ? (uint32_t)x : size - 1;
	*b = *a + 1 < size ? *a + 1 : *a;
	return x - (float)*a;
}

static void scale_channel(const unsigned char *rgb, uint32_t w, uint32_t h, int channel,
	struct erg_net_shape shape, float *out)
{
	for (uint32_t y = 0; y < shape.h; y++) {
		uint32_t y0, y1, x0, x1;
		float fy = between(y, shape.h, h, &y0, &y1);

		for (uint32_t x = 0; x < shape.w; x++) {
			float fx = between(x, shape.w, w, &x0, &x1);
			float top = (1 - fx) * rgb[((size_t)y0 * w + x0) * 3 + channel] +
				fx * rgb[((size_t)y0 * w + x1) * 3 + channel];
			float low = (1 - fx) * rgb[((size_t)y1 * w + x0) * 3 + channel] +
				fx * rgb[((size_t)y1 * w + x1) * 3 + channel];

			*out++ = ((1 - fy) * top + fy * low) / 255.0f;
		}
	}
}

int erg_convnet_image(const char *path, struct erg_net_shape shape, float *ret, struct erg_err *err)
{
	static const float mean[3] = {0.485f, 0.456f, 0.406f}, dev[3] = {0.229f, 0.224f, 0.225f};
	_cleanup_(erg_freep) unsigned char *rgb = NULL;
	size_t pixels = (size_t)shape.h * shape.w;
	uint32_t w = 0, h = 0;
	int r;

	if (shape.c != 3)
		return erg_fail(err, -EINVAL, "%s: the network's input has %u channels; expected 3",
			path, shape.c);
	r = read_ppm(path, &w, &h, &rgb, err);
	if (r < 0)
		return r;
	for (int c = 0; c < 3; c++) {
		float *plane = ret + (size_t)c * pixels;

		scale_channel(rgb, w, h, c, shape, plane);
		for (size_t i = 0; i < pixels; i++)
			plane[i] = (plane[i] - mean[c]) / dev[c];
	}
	return 0;
}
