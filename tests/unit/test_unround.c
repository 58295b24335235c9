/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times that were rounded, against those that they were before. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "analyze/attribution/unround.h"

#define TURNS 1500
#define KINDS 3
#define N (KINDS * TURNS + 1)

static double truth[N], stamp[N], likely[N], length[KINDS], between[KINDS];
static uint32_t kind[N];

/* Uniform, mean 0, variance 1 (Knuth's MMIX generator). */
static double draw(void)
{
	static uint64_t x = 7;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return ((double)(x >> 11) * 0x1p-53 - .5) * sqrt(12);
}

static void unround(void)
{
	assert_int_equal(attr_unround(&(struct attr_chain){.n = N,
				 .stamp = stamp,
				 .kind = kind,
				 .kinds = KINDS,
				 .time = likely,
				 .length = length,
				 .between = between}),
		0);
}

static void make(const double *mean, const double *sd)
{
	truth[0] = .3;
	for (size_t i = 0; i < N; i++) {
		if (i)
			truth[i] =
				truth[i - 1] + mean[(i - 1) % KINDS] + sd[(i - 1) % KINDS] * draw();
		stamp[i] = round(truth[i]);
		kind[i] = (uint32_t)(i % KINDS);
	}
	unround();
}

static double off(const double *t)
{
	double sum = 0;

	for (size_t i = 0; i < N; i++)
		sum += (t[i] - truth[i]) * (t[i] - truth[i]);
	return sqrt(sum / N);
}

static void test_steady_lengths(void **state)
{
	(void)state;
	make((const double[]){6.3, 3.41, 1.15}, (const double[]){.15, .1, .12});
	assert_true(fabs(off(stamp) - sqrt(1. / 12)) < .01);
	assert_true(off(likely) < .6 * off(stamp));
	for (size_t i = 0; i < N; i++) {
		assert_true(fabs(likely[i] - stamp[i]) <= .5);
		assert_true(!i || likely[i] >= likely[i - 1]);
	}
	assert_true(fabs(length[0] - 6.3) < .05 && fabs(length[2] - 1.15) < .05);
	/* f (1 - f) of 1.15, of which f scatters little */
	assert_true(fabs(between[2] - .15 * .85) < .04);
}

/* Lengths that scatter by more than steps tell nothing: the stamps stay about what they are. */
static void test_any_length(void **state)
{
	double moved = 0;

	(void)state;
	make((const double[]){40, 30, 35}, (const double[]){8, 6, 7});
	for (size_t i = 0; i < N; i++)
		moved += fabs(likely[i] - stamp[i]) / N;
	assert_true(moved < .05);
	assert_true(fabs(between[0] - 1. / 6) < .01);
}

/* One length in ten is far longer: it is not of the others' kind, and pulls no mean. */
static void test_odd_ones(void **state)
{
	(void)state;
	make((const double[]){6.3, 3.41, 1.15}, (const double[]){.15, .1, .12});
	for (size_t i = 1, late = 0; i < N; i++) {
		late += i % (10 * KINDS) == 1 ? 1000 : 0;
		truth[i] += (double)late;
		stamp[i] += (double)late;
	}
	unround();
	assert_true(off(likely) < .65 * off(stamp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steady_lengths),
		cmocka_unit_test(test_any_length),
		cmocka_unit_test(test_odd_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
