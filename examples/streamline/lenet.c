/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program that was annotated for Arm Streamline, as a framework's executor would be: it puts a
 * marker "name___type" before each operator and "start" and "end" around a network. Not one line of
 * it knows of ergtrace: it includes streamline_annotate.h and is linked with -lerg-streamline.
 *
 * The network is LeNet-5 (LeCun et al., 1998) on a 32x32 image, with seeded random weights; the
 * operators are the plain loops.
 *
 *	lenet [IMAGES]		default 20
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "streamline_annotate.h"

struct tensor {
	int c, h, w;
	float *v;
};

static uint32_t seed = 1;

static float noise(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (float)(seed >> 8) / (float)(1 << 24) - 0.5f;
}

static float *need(float *p)
{
	if (!p) {
		fputs("lenet: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static struct tensor make(int c, int h, int w)
{
	return (struct tensor){c, h, w,
		need(calloc((size_t)c * (size_t)h * (size_t)w, sizeof(float)))};
}

static float *weights(int n, int fan_in)
{
	float *w = need(malloc((size_t)n * sizeof(*w)));

	for (int i = 0; i < n; i++)
		w[i] = noise() * 2.0f / sqrtf((float)fan_in);
	return w;
}

static void conv5(const struct tensor *in, const float *w, struct tensor *out)
{
	for (int o = 0; o < out->c; o++)
		for (int y = 0; y < out->h; y++)
			for (int x = 0; x < out->w; x++) {
				float sum = 0;

				for (int i = 0; i < in->c; i++)
					for (int k = 0; k < 25; k++)
						sum += w[(o * in->c + i) * 25 + k] *
							in->v[(i * in->h + y + k / 5) * in->w + x +
								k % 5];
				out->v[(o * out->h + y) * out->w + x] = tanhf(sum);
			}
}

static void pool2(const struct tensor *in, struct tensor *out)
{
	for (int c = 0; c < out->c; c++)
		for (int y = 0; y < out->h; y++)
			for (int x = 0; x < out->w; x++) {
				const float *p = &in->v[(c * in->h + 2 * y) * in->w + 2 * x];

				out->v[(c * out->h + y) * out->w + x] =
					(p[0] + p[1] + p[in->w] + p[in->w + 1]) / 4;
			}
}

static void fc(const struct tensor *in, const float *w, struct tensor *out)
{
	int n = in->c * in->h * in->w;

	for (int o = 0; o < out->c; o++) {
		float sum = 0;

		for (int i = 0; i < n; i++)
			sum += w[o * n + i] * in->v[i];
		out->v[o] = tanhf(sum);
	}
}

static int softmax(struct tensor *t)
{
	float sum = 0;
	int best = 0;

	for (int i = 0; i < t->c; i++)
		sum += t->v[i] = expf(t->v[i]);
	for (int i = 0; i < t->c; i++) {
		t->v[i] /= sum;
		best = t->v[i] > t->v[best] ? i : best;
	}
	return best;
}

int main(int argc, char **argv)
{
	int images = argc > 1 ? atoi(argv[1]) : 20, counts[10] = {0};
	struct tensor in = make(1, 32, 32), c1 = make(6, 28, 28), s2 = make(6, 14, 14);
	struct tensor c3 = make(16, 10, 10), s4 = make(16, 5, 5), c5 = make(120, 1, 1);
	struct tensor f6 = make(84, 1, 1), out = make(10, 1, 1);
	float *w1 = weights(6 * 25, 25), *w3 = weights(16 * 6 * 25, 6 * 25);
	float *w5 = weights(120 * 400, 400), *w6 = weights(84 * 120, 120), *w7 = weights(840, 84);

	ANNOTATE_SETUP;
	ANNOTATE_NAME_CHANNEL(1, 0, "input");
	ANNOTATE_DELTA_COUNTER(1, "lenet", "images");
	for (int n = 0; n < images; n++) {
		ANNOTATE_CHANNEL(1, "image");
		for (int i = 0; i < 32 * 32; i++)
			in.v[i] = noise();
		ANNOTATE_CHANNEL_END(1);

		ANNOTATE_MARKER_STR("start");
		ANNOTATE_MARKER_COLOR_STR(ANNOTATE_RED, "C1___conv");
		conv5(&in, w1, &c1);
		ANNOTATE_MARKER_COLOR_STR(ANNOTATE_BLUE, "S2___pool");
		pool2(&c1, &s2);
		ANNOTATE_MARKER_COLOR_STR(ANNOTATE_RED, "C3___conv");
		conv5(&s2, w3, &c3);
		ANNOTATE_MARKER_COLOR_STR(ANNOTATE_BLUE, "S4___pool");
		pool2(&c3, &s4);
		ANNOTATE_MARKER_COLOR_STR(ANNOTATE_GREEN, "C5___fc");
		fc(&s4, w5, &c5);
		ANNOTATE_MARKER_COLOR_STR(ANNOTATE_GREEN, "F6___fc");
		fc(&c5, w6, &f6);
		ANNOTATE_MARKER_COLOR_STR(ANNOTATE_GREEN, "OUTPUT___fc");
		fc(&f6, w7, &out);
		ANNOTATE_MARKER_STR("SOFTMAX___softmax");
		counts[softmax(&out)]++;
		ANNOTATE_COUNTER_VALUE(1, 1);
		ANNOTATE_MARKER_STR("end");
	}
	for (int i = 0; i < 10; i++)
		printf("%d%s", counts[i], i < 9 ? " " : "\n");
	return 0;
}
