/* SPDX-License-Identifier: GPL-3.0-or-later */

/*
 * Every operator, alone and in small networks that make the arena share memory, against the naive
 * reference; images; and that the same seed gives the same bytes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "examples/convnet/run.h"
#include "formats/base/util.h"
#include "tests/unit/convnet_reference.h"

static const char *const cases[] = {
	/* Convolutions: kernels, strides, padding, groups; bands of rows in the two large ones. */
	"input 3x11x9\nconv c out=5 k=3",
	"input 3x11x9\nconv c out=5 k=3 p=1 relu",
	"input 4x12x13\nconv c out=6 k=5x3 s=2x3 p=2x1 relu6",
	"input 4x12x13\nconv c out=6 k=1",
	"input 4x12x13\nconv c out=6 k=1 s=2 bn relu",
	"input 4x5x5\nconv c out=6 k=1 p=1",
	"input 6x9x10\nconv c out=4 k=3 groups=2 p=1",
	"input 6x9x10\nconv c out=4 k=1 groups=2 nobias",
	"input 6x9x10\nconv c out=6 k=3 groups=3 s=2 nobias bn",
	"input 2x3x3\nconv c out=2 k=7 p=3",
	"input 1x1x40\nconv c out=3 k=1x9 s=1x4 p=0x4",
	"input 24x90x70\nconv c out=4 k=5 p=2",
	"input 32x60x200\nconv c out=2 k=5x5 s=2 p=1",
	/* Depthwise */
	"input 7x11x12\nconv c out=7 k=3 p=1 groups=7",
	"input 7x11x12\nconv c out=7 k=3 s=2 p=1 groups=7 bn relu6",
	"input 7x11x12\nconv c out=7 k=5x2 s=3x2 p=2x0 groups=7 nobias relu",
	"input 4x8x8\nconv c out=8 k=3 groups=4", /* a multiplier: grouped, not depthwise */
	/* Fully connected */
	"input 5x4x3\nfc f out=9",
	"input 50x1x1\nfc f out=9 nobias relu",
	/* Pooling: rounding, padding, windows that stick out */
	"input 3x13x12\nmaxpool p k=3 s=2",
	"input 3x13x12\nmaxpool p k=3 s=2 ceil",
	"input 3x13x12\nmaxpool p k=3 s=1 p=1",
	"input 3x13x12\nmaxpool p k=2x3 s=3x2 p=1x2 ceil",
	"input 3x13x12\navgpool p k=3 s=2 ceil",
	"input 3x13x12\navgpool p k=3 s=1 p=1",
	"input 3x13x12\navgpool p global",
	"input 3x13x12\nmaxpool p global",
	"input 3x4x4\nmaxpool p k=1 s=3 ceil",
	/* Normalisation */
	"input 9x5x5\nlrn l",
	"input 9x30x30\nlrn l size=3 alpha=0.5 beta=0.75 bias=2",
	"input 2x5x5\nlrn l size=7 alpha=1e-1 beta=0.6",
	"input 9x5x5\nscale s",
	"input 9x5x5\nscale s relu",
	/* Element by element, over channels */
	"input 9x5x5\nrelu r",
	"input 9x5x5\ndropout d",
	"input 9x5x5\nsoftmax s",
	"input 90x1x1\nsoftmax s",
	"input 3x5x5\nconv a out=4 k=1\nconv b out=2 k=1 from=input\nconcat c from=b,input,a",
	"input 3x5x5\nconv a out=3 k=1\neltwise e from=a,input",
	"input 3x5x5\nconv a out=3 k=1\neltwise e from=a,input,a op=mul relu",
	"input 3x5x5\nconv a out=3 k=1\neltwise e from=input,a op=max relu6",
	/* The arena: working in place, and not where another still reads; lives of any length. */
	"input 3x8x8\nrelu r\nrelu r2\neltwise e from=r,input",
	"input 3x8x8\nconv a out=3 k=1\nrelu r from=a\neltwise e from=r,a",
	"input 3x8x8\nconv a out=3 k=1\nrelu r\nscale s\ndropout d\nsoftmax t\nrelu u",
	"input 3x8x8\nconv a out=3 k=1\nconv b out=3 k=3 p=1\nconv c out=9 k=1\nconv d out=1 k=1\n"
	"conv e out=2 k=1 from=a\nconcat f from=e,d,c,b,a\nrelu g from=a\nconcat h from=f,g",
	"input 3x16x16\nmodule m t\nconv a out=8 k=3 p=1 bn relu\nmodule n t\nconv b out=8 k=3 p=1\n"
	"end\neltwise c from=a,b relu\nend\nmaxpool p k=2 s=2\nlrn l\nconv d out=8 k=3 p=1 groups=8\n"
	"scale e relu6\navgpool g global\nfc f out=10\nsoftmax s",
};

static struct erg_convnet *build(const char *layers, uint64_t seed)
{
	_cleanup_(erg_net_freep) struct erg_net *net = NULL;
	struct erg_convnet *c = NULL;
	struct erg_err err = {0};
	char text[1024];
	int n = snprintf(text, sizeof(text), "network t\n%s\n", layers);

	if (erg_net_parse("t.net", text, (size_t)n, &net, &err) < 0 ||
		erg_convnet_new(&net, seed, &c, &err) < 0)
		fail_msg("%s: %s", layers, err.msg);
	assert_null(net);
	return c;
}

/* Rounding of K-term sums in single precision: some 1e-5 of the largest output. */
static void compare(const char *what, const float *got, const double *want, size_t n)
{
	double worst = 0, largest = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(isfinite(got[i]));
		worst = fmax(worst, fabs(got[i] - want[i]));
		largest = fmax(largest, fabs(want[i]));
	}
	assert_true(largest > 0);
	if (worst > 2e-5 * largest)
		fail_msg("%s: off by %g of %g", what, worst, largest);
}

static void test_operators(void **state)
{
	for (size_t i = 0; i < ERG_ARRAY_SIZE(cases); i++) {
		_cleanup_(erg_convnet_freep) struct erg_convnet *c = build(cases[i], 7 + i);
		const struct erg_net *net = erg_convnet_net(c);
		size_t n_in = erg_net_elements(net->layers[0].out);
		size_t n = erg_net_elements(net->layers[net->n_layers - 1].out);
		_cleanup_(erg_freep) double *want = NULL;

		erg_convnet_random(erg_convnet_input(c), n_in, i, 2.0f);
		want = erg_reference_run(net, 7 + i, erg_convnet_input(c));
		for (uint32_t run = 0; run < 2; run++) { /* the second: nothing was spoilt */
			erg_convnet_run(c, run);
			compare(cases[i], erg_convnet_output(c), want, n);
		}
	}
}

static void test_seeds(void **state)
{
	const char *text = "input 3x9x9\nconv c out=5 k=3 relu\nfc f out=10";
	uint64_t hash[3];

	for (int i = 0; i < 3; i++) {
		_cleanup_(erg_convnet_freep) struct erg_convnet *c = build(text, i == 2 ? 5 : 4);

		erg_convnet_random(erg_convnet_input(c), 3 * 9 * 9, 1, 1.0f);
		erg_convnet_run(c, 0);
		hash[i] = erg_convnet_hash(erg_convnet_output(c), 10 * sizeof(float));
	}
	assert_true(hash[0] == hash[1]);
	assert_true(hash[0] != hash[2]);
	assert_true(erg_convnet_hash("foobar", 6) == 0x85944171f73967e8u); /* FNV's own example */
}

/* Mean and variance of uniform numbers; every one within its limit. */
static void test_random(void **state)
{
	enum { N = 100001 };
	_cleanup_(erg_freep) float *x = malloc(N * sizeof(*x));
	double sum = 0, squares = 0;

	erg_convnet_random(x, N, 3, 0.5f);
	for (size_t i = 0; i < N; i++) {
		assert_true(fabsf(x[i]) <= 0.5f);
		sum += x[i];
		squares += (double)x[i] * x[i];
	}
	assert_true(fabs(sum / N) < 0.004);
	assert_true(fabs(squares / N - 1.0 / 12) < 0.002);
}

static char *write_image(const void *head, size_t n_head, const void *data, size_t n)
{
	char *path = strdup("/tmp/test-convnet-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_true(write(fd, head, n_head) == (ssize_t)n_head);
	assert_true(write(fd, data, n) == (ssize_t)n);
	close(fd);
	return path;
}

static void test_image(void **state)
{
	static const char head[] = "P6\n# made by hand\n2 1\n255\n";
	static const unsigned char pixels[6] = {255, 0, 0, 0, 255, 51};
	_cleanup_(erg_freep) char *path = write_image(head, sizeof(head) - 1, pixels, 6);
	struct erg_err err = {0};
	float v[3 * 4];

	assert_int_equal(erg_convnet_image(path, (struct erg_net_shape){3, 1, 4}, v, &err), 0);
	unlink(path);
	/* Red falls from 1 to 0 between the pixels' centres: 1, 3/4, 1/4, 0. */
	assert_true(fabsf(v[0] - (1.00f - 0.485f) / 0.229f) < 1e-5f);
	assert_true(fabsf(v[1] - (0.75f - 0.485f) / 0.229f) < 1e-5f);
	assert_true(fabsf(v[2] - (0.25f - 0.485f) / 0.229f) < 1e-5f);
	assert_true(fabsf(v[3] - (0.00f - 0.485f) / 0.229f) < 1e-5f);
	assert_true(fabsf(v[7] - (1.00f - 0.456f) / 0.224f) < 1e-5f);
	assert_true(fabsf(v[11] - (0.20f - 0.406f) / 0.225f) < 1e-5f);
}

static void test_bad_image(void **state)
{
	static const struct {
		const char *head, *message;
	} bad[] = {
		{"P5\n2 2\n255\n0123", "expected a binary PPM"},
		{"P6\n2 2\n255\n01234567890", "11 bytes of pixels; expected 12 for 2x2"},
		{"P6\n2 0\n255\n", "expected width, height"},
		{"P6\n99999 2\n255\n", "expected width, height"},
		{"P6\n2 2\n65535\n012345678901", "largest value 65535; expected 255"},
		{"P6\n", "expected width, height"},
		{"", "expected a binary PPM"},
	};
	float v[3 * 4 * 4];

	for (size_t i = 0; i < ERG_ARRAY_SIZE(bad); i++) {
		_cleanup_(erg_freep) char *path =
			write_image(bad[i].head, strlen(bad[i].head), "", 0);
		struct erg_err err = {0};

		assert_true(erg_convnet_image(path, (struct erg_net_shape){3, 4, 4}, v, &err) < 0);
		if (!strstr(err.msg, bad[i].message) || !strstr(err.msg, path))
			fail_msg("\"%s\"; expected \"%s\"", err.msg, bad[i].message);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operators),
		cmocka_unit_test(test_seeds),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_image),
		cmocka_unit_test(test_bad_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
